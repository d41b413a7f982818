import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMarks, type OwnedMarks } from '../../../src/features/receipts/marks.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { until } from '../../support/until.ts'
import { act, join, leave, mark, say } from './support.ts'

const never = 1_000_000

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
let opened: OwnedMarks[]
let troubles: unknown[]
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})
beforeEach(async () => {
  room = await aGroup(ann, ben, cid)
  opened = []
  troubles = []
})
afterEach(async () => {
  for (const marks of opened) await marks.close()
  expect(troubles).toEqual([])
})

/** A node that tells so often. */
function aNode({ everyMs = 50, tickMs = never }: { everyMs?: number; tickMs?: number } = {}) {
  const { limits } = domain.services
  const onTrouble = (error: unknown) => troubles.push(error)
  const marks = createMarks(domain.database, domain.services.transact, { limits, marksEveryMs: everyMs, marksTickMs: tickMs, onTrouble })
  opened.push(marks)
  const on = (person: APerson): APerson => ({ ...person, run: domain.as(person.actor, { marks }) })
  return { marks, on }
}

interface Told {
  readonly at: Date
  readonly userIds: string[]
}

/** A node that finds what no other told. */
const sweeping = { everyMs: 1, tickMs: 20 }

async function sayMany(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let number = 0; number < count; number++) ids.push(await say(ann, room, `Message ${number}`))
  return ids
}

/** Who was named by what the room was told, in order. */
async function told(at = room): Promise<Told[]> {
  const events = await domain.services.log.after(at.id, 0, 1000)
  return events.flatMap(({ type, at, data }) => (type === 'ReadMarksMoved' ? [{ at, userIds: data.userIds as string[] }] : []))
}
const namesIn = async () =>
  (await told()).map(({ userIds }) => userIds.map((id) => [ann, ben, cid].findIndex((person) => person.id === id)).sort())
const untold = () => domain.database.prisma.readMark.count({ where: { roomId: room.id, isTold: false } })

describe('a room is told of marks', () => {
  it('at once when it was not told lately, and then of all that moved meanwhile in one', async () => {
    const { on } = aNode({ everyMs: never })
    const messageIds = await sayMany(6)
    for (const messageId of messageIds) for (const person of [ben, cid]) await mark(on(person), room, messageId)
    expect(await namesIn()).toEqual([[1]])
    aNode(sweeping)
    await until(async () => (await untold()) === 0)
    expect(await namesIn()).toEqual([[1], [1, 2]])
  })

  it('no sooner than it is due, by whoever moves and by who tells the rest', async () => {
    const { on } = aNode({ everyMs: 100 })
    for (const messageId of await sayMany(10)) for (const person of [ben, cid]) await mark(on(person), room, messageId)
    await until(async () => (await untold()) === 0)
    const moments = (await told()).map(({ at }) => at.getTime())
    expect(moments.length).toBeGreaterThan(1)
    for (const [index, at] of moments.slice(1).entries()) expect(at - moments[index]!).toBeGreaterThanOrEqual(100)
  })

  it('of nothing twice', async () => {
    const { on, marks } = aNode()
    const [one, two] = [await say(ann, room, 'One'), await say(ann, room, 'Two')]
    await mark(on(ben), room, one)
    await mark(on(ben), room, two)
    await until(async () => (await untold()) === 0)
    marks.defer(room.id)
    await mark(on(cid), room, two)
    await until(async () => (await untold()) === 0)
    expect((await namesIn()).flat()).toEqual([1, 1, 2])
  })

  it('once more by who remembers it, when somebody else was sooner', async () => {
    const remembers = aNode({ everyMs: 3000 })
    const [one, two] = await sayMany(2)
    for (const messageId of [one!, two!]) await mark(remembers.on(ben), room, messageId)
    // Due at once, by the other's clock: it tells both, and this one comes too early with the rest.
    await mark(aNode({ everyMs: 1 }).on(cid), room, one!)
    await mark(aNode({ everyMs: never }).on(cid), room, two!)
    expect(await namesIn()).toEqual([[1], [1, 2]])
    await until(async () => (await untold()) === 0, { within: 15_000 })
    expect(await namesIn()).toEqual([[1], [1, 2], [2]])
  })

  it('not of who has left meanwhile', async () => {
    const { on } = aNode({ everyMs: never })
    const [one, two] = await sayMany(2)
    await mark(on(cid), room, one!)
    await mark(on(ben), room, two!)
    await leave(ben, room)
    aNode(sweeping)
    await until(async () => (await untold()) === 0)
    expect(await namesIn()).toEqual([[2]])
  })

  it('not of who has left and come back: they have read what stands there', async () => {
    const { on } = aNode({ everyMs: never })
    const [one, two] = [await say(ann, room, 'One'), await say(ann, room, 'Two')]
    await mark(on(cid), room, one)
    await mark(on(ben), room, two)
    expect(await untold()).toBe(1)
    await leave(ben, room)
    await join(ann, room, ben)
    expect(await untold()).toBe(0)
  })

  it('not when it has grown too large meanwhile, and then nothing is left to tell', async () => {
    const { on } = aNode({ everyMs: never })
    const [one, two] = await sayMany(2)
    await mark(on(cid), room, one!)
    await mark(on(ben), room, two!)
    await domain.database.sql('update room set member_count = 101 where id = $1', [room.id])
    aNode(sweeping)
    await until(async () => (await untold()) === 0)
    expect(await namesIn()).toEqual([[2]])
  })

  it('by any node, once, when the one that should have is gone', async () => {
    const gone = aNode({ everyMs: never })
    const [one, two] = await sayMany(2)
    await mark(gone.on(ben), room, one!)
    await mark(gone.on(cid), room, two!)
    await gone.marks.close()
    expect(await untold()).toBe(1)
    for (let node = 0; node < 3; node++) aNode(sweeping)
    await until(async () => (await untold()) === 0)
    expect(await namesIn()).toEqual([[1], [2]])
  })

  it('in an archived room too', async () => {
    const { on } = aNode()
    const [one, two] = [await say(ann, room, 'One'), await say(ann, room, 'Two')]
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    await mark(on(ben), room, one)
    await mark(on(ben), room, two)
    await until(async () => (await untold()) === 0)
    expect((await namesIn()).length).toBeGreaterThanOrEqual(1)
  })
})

describe('what it is told', () => {
  it('shows the marks as they are, and to everybody alike', async () => {
    const { on } = aNode()
    const [one, two] = [await say(ann, room, 'One'), await say(ann, room, 'Two')]
    const before = domain.rung.length
    await mark(on(ben), room, one)
    const event = domain.rung.slice(before).find(({ type }) => type === 'ReadMarksMoved')!
    await mark(on(ben), room, two)
    const document = `subscription { roomEvents(roomId: "${room.globalId}") { actor { id } ... on ReadMarksMoved { readMarks { seq user { name } } } } }`
    const { data, errors } = await showEvent(domain, new Audience(room.id), document, event)
    expect(errors).toBeUndefined()
    expect(data).toEqual({ roomEvents: { actor: null, readMarks: [{ seq: 2, user: { name: 'Ben' } }] } })
    await leave(ben, room)
    expect((await showEvent(domain, ann.actor, document, event)).data).toEqual({ roomEvents: { actor: null, readMarks: [] } })
  })

  it('is, in one’s own inbox, where it moved to, and the room as it is; no room for who has left', async () => {
    const messageId = await say(ann, room, 'One')
    await say(ann, room, 'Two')
    const before = domain.rung.length
    await mark(aNode().on(ben), room, messageId)
    const event = domain.rung.slice(before).find(({ type }) => type === 'ReadMarkMoved')!
    const document = 'subscription { inbox { ... on ReadMarkMoved { roomId seq room { unreadCount } } } }'
    const show = async () => (await showEvent(domain, ben.actor.hearing(ben.id), document, event)).data
    expect(await show()).toEqual({ inbox: { roomId: room.globalId, seq: 1, room: { unreadCount: 1 } } })
    await leave(ben, room)
    expect(await show()).toEqual({ inbox: { roomId: room.globalId, seq: 1, room: null } })
  })
})

describe('a node that closes', () => {
  it('waits for nothing but what is under way', async () => {
    const { on, marks } = aNode({ everyMs: never, tickMs: 1 })
    const [one, two] = [await say(ann, room, 'One'), await say(ann, room, 'Two')]
    await mark(on(ben), room, one)
    await mark(on(ben), room, two)
    await marks.close()
    expect(await untold()).toBe(1)
  })
})
