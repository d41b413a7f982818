import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createMarks, type OwnedMarks } from '../../../src/features/receipts/marks.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { until } from '../../support/until.ts'
import { leave, mark, markOf, say, trying } from './support.ts'

const everyMs = 100

describeWith(['postgres'], 'reading on two nodes at once', () => {
  let nodes: [Domain, Domain]
  let ann: APerson
  let ben: APerson
  let room: ARoom
  const opened: OwnedMarks[] = []
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))
  beforeEach(async () => {
    ;[ann, ben] = [await nodes[0].aPerson('Ann'), await nodes[1].aPerson('Ben')]
    room = await aGroup(ann, ben)
  })
  afterEach(async () => {
    for (const marks of opened.splice(0)) await marks.close()
  })

  /** The telling of one node. Whatever fails there fails the test that waits for it. */
  function tellingOn(node: Domain, settings: { everyMs?: number; tickMs?: number } = {}): OwnedMarks {
    const { database, services } = node
    const { limits, transact } = services
    const marks = createMarks(database, transact, {
      limits,
      marksEveryMs: settings.everyMs ?? everyMs,
      marksTickMs: settings.tickMs ?? 1_000_000,
      onTrouble: (error) => {
        throw error
      },
    })
    opened.push(marks)
    return marks
  }
  const on = (node: Domain, person: APerson, marks: OwnedMarks): APerson => ({ ...person, run: node.as(person.actor, { marks }) })
  const sayMany = async (count: number) => {
    const ids: string[] = []
    for (let number = 0; number < count; number++) ids.push(await say(ann, room, `Message ${number}`))
    return ids
  }
  const untold = () => nodes[0].database.prisma.readMark.count({ where: { roomId: room.id, isTold: false } })
  const told = async () =>
    (await nodes[0].services.log.after(room.id, 0, 1000)).flatMap(({ type, at, data }) =>
      type === 'ReadMarksMoved' ? [{ at: at.getTime(), userIds: data.userIds as string[] }] : [],
    )

  it('two devices mark different messages: the mark is at the later one, never back, and each move was told to the person', async () => {
    const devices = nodes.map((node) => on(node, ben, tellingOn(node)))
    const messageIds = await sayMany(20)
    const answers = await Promise.all(messageIds.map((messageId, turn) => mark(devices[turn % 2]!, room, messageId)))
    expect(Math.max(...answers)).toBe(await markOf(nodes[0], ben, room))
    const moves = (await nodes[0].services.log.after(ben.id, 0, 100)).flatMap(({ type, data }) =>
      type === 'ReadMarkMoved' ? [data.seq as number] : [],
    )
    expect(moves).toEqual([...moves].sort((one, other) => one - other))
    expect(moves.at(-1)).toBe(Math.max(...answers))
    const kept = await nodes[0].database.prisma.readMove.findMany({ where: { roomId: room.id }, orderBy: { seq: 'asc' } })
    expect(kept.map(({ seq }) => seq)).toEqual(moves)
  })

  it('who is removed meanwhile has marked before, or is refused', async () => {
    for (let round = 0; round < 10; round++) {
      const guest = await nodes[1].aPerson('Guest')
      room = await aGroup(ann, ben, guest)
      const [messageId] = await sayMany(1)
      const device = on(nodes[1], guest, tellingOn(nodes[1]))
      const [answer] = await Promise.all([
        trying(device, 'markRead', { roomId: room.globalId, messageId }, 'readMark { seq }'),
        leave(guest, room, ann),
      ])
      const hasMoved = (await markOf(nodes[0], guest, room)) === 1
      expect(codeOf(answer)).toBe(hasMoved ? undefined : 'NOT_FOUND')
      const moves = (await nodes[0].services.log.after(guest.id, 0, 10)).map(({ type }) => type)
      expect(moves).toEqual(hasMoved ? ['RoomAdded', 'ReadMarkMoved', 'RoomRemoved'] : ['RoomAdded', 'RoomRemoved'])
    }
  })

  it('two nodes tell: every mark, and never two within the time', async () => {
    const people = await Promise.all(Array.from({ length: 8 }, () => nodes[0].aPerson()))
    room = await aGroup(ann, ...people)
    const tellings = nodes.map((node) => tellingOn(node, { tickMs: 150 }))
    for (const messageId of await sayMany(10))
      await Promise.all(people.map((person, turn) => mark(on(nodes[turn % 2]!, person, tellings[turn % 2]!), room, messageId)))
    await until(async () => (await untold()) === 0)
    const events = await told()
    for (const [index, { at }] of events.slice(1).entries()) expect(at - events[index]!.at).toBeGreaterThanOrEqual(everyMs)
    expect(new Set(events.flatMap(({ userIds }) => userIds))).toEqual(new Set(people.map(({ id }) => id)))
  })

  it('what a node that is gone left untold the others tell, once', async () => {
    const gone = tellingOn(nodes[0], { everyMs: 1_000_000 })
    const [one, two] = await sayMany(2)
    await mark(on(nodes[0], ben, gone), room, one!)
    await mark(on(nodes[0], ben, gone), room, two!)
    await gone.close()
    expect(await untold()).toBe(1)
    for (const node of [...nodes, ...nodes]) tellingOn(node, { everyMs: 1, tickMs: 20 })
    await until(async () => (await untold()) === 0)
    expect((await told()).map(({ userIds }) => userIds)).toEqual([[ben.id], [ben.id]])
  })

  it('sends wait for no mark: one that moves while the room is busy takes another lock', async () => {
    const marks = tellingOn(nodes[1], { everyMs: 1_000_000 })
    const [one, two] = await sayMany(2)
    await mark(on(nodes[1], ben, marks), room, one!)
    await nodes[0].services.transact([room.id], async () => {
      // The room's stream is held here until the mark has moved.
      expect(await mark(on(nodes[1], ben, marks), room, two!)).toBe(2)
    })
  })
})
