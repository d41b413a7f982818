import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSends, type Sends, type Sent } from '../../../src/features/messages/sends.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { prepareDatabase } from '../../../src/store/migrate.ts'
import { aDomain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { describeWith } from '../../support/services.ts'
import { until } from '../../support/until.ts'
import { aBell, aSend, counted, createStage, logOf, type Stage, shownOf } from './support.ts'

describe('sends, on the embedded database', () => {
  sendsKeepTheirPromises(async () => (await aDomain()).database)
})

describeWith(['postgres'], 'sends, on Postgres', () => {
  let database: Database

  it('looks at who is in the room, and counts on, only once it holds the room that another was changing', async () => {
    const stage = createStage(database)
    const [ana, ben] = [await stage.aPerson(), await stage.aPerson()]
    const room = await stage.aGroup(ana, ben)
    const watched = counted(database)
    const sends = createSends(watched, () => {}, { waitingMost: 10 })
    const isWaiting = () =>
      database.sql(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%send_messages%'`, [])
    let sending: Promise<Sent[]> | undefined
    const left = await stage.transact([room], async ({ rows, at, append }) => {
      sending = Promise.all([sends.add(aSend(room, ben, 'Let me finish')), sends.add(aSend(room, ana, 'Bye'))])
      await until(async () => (await isWaiting()).length > 0, { what: 'a send that waits for the room' })
      await rows.roomMember.update({ where: { roomId_userId: { roomId: room, userId: ben } }, data: { leftAt: at } })
      return append(room, { type: 'MemberLeft', data: { userId: ben } })
    })
    const [late, other] = await sending!
    // Right at once, and not because a collision was tried again.
    expect(watched.statements).toHaveLength(1)
    expect(late).toEqual({ outcome: 'unsure' })
    expect(shownOf(other!).message.seq).toBe(left + 1)
    expect(shownOf(other!).message.createdAt.getTime()).toBeGreaterThanOrEqual((await logOf(database, room))[0]!.at.getTime())
  })

  sendsKeepTheirPromises(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    database = await openDatabase({ url, poolSize: 10, transactionWaitMs: 10_000, transactionMaxMs: 10_000 })
    await prepareDatabase(database, 'prisma/migrations', {})
    return database
  })
  afterAll(() => database?.close())
})

function sendsKeepTheirPromises(open: () => Promise<Database>) {
  let stage: Stage
  let database: Database
  let bell: ReturnType<typeof aBell>
  let sends: Sends
  let ana: string
  let ben: string
  let room: string

  beforeAll(async () => {
    database = await open()
    stage = createStage(database)
    bell = aBell()
    sends = aNode()
    ana = await stage.aPerson()
    ben = await stage.aPerson()
  })

  const aNode = (ring = bell.ring) => createSends(database, ring, { waitingMost: 1000 })
  const heardIn = (roomId: string) => bell.rung.filter(({ streamId }) => streamId === roomId)
  const contents = async (roomId: string) => (await logOf(database, roomId)).map(({ content }) => content)

  it('numbers what many say at once densely, and in the order in which each said it', async () => {
    room = await stage.aGroup(ana, ben)
    const other = await stage.aGroup(ana, ben)
    const nodes = [aNode(), aNode(), aNode()]
    await Promise.all(
      Array.from({ length: 300 }, (_, number) =>
        nodes[number % 3]!.add(aSend(number % 2 ? room : other, number % 3 ? ana : ben, `${number % 3} ${number}`)),
      ),
    )
    for (const roomId of [room, other]) {
      const log = await logOf(database, roomId)
      expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 150 }, (_, index) => index + 1))
      expect(log.every(({ type, content }) => type === 'MessageAdded' && content !== null)).toBe(true)
      for (const node of ['0', '1', '2']) {
        const said = log.filter(({ content }) => content!.startsWith(node)).map(({ content }) => Number(content!.slice(2)))
        expect(said).toEqual([...said].sort((left, right) => left - right))
      }
      const [stream] = await database.sql<{ head: number }>('select head from stream where id = $1', [roomId])
      expect(stream!.head).toBe(150)
    }
  })

  it('shows what was sent without another read: the rows are those of the database', async () => {
    room = await stage.aGroup(ana, ben)
    const { message, sender, room: shown, membership } = shownOf(await sends.add(aSend(room, ana, 'Hello 👋')))
    const { nonceHash: _, ...row } = await database.prisma.message.findUniqueOrThrow({ where: { id: message.id } })
    expect(message).toEqual(row)
    expect(sender).toEqual(await database.prisma.user.findUniqueOrThrow({ where: { id: ana } }))
    const stream = await database.prisma.stream.findUniqueOrThrow({ where: { id: room } })
    const { head, activeAt } = stream
    expect(shown).toEqual({ ...(await database.prisma.room.findUniqueOrThrow({ where: { id: room } })), head, activeAt })
    expect(head).toBe(1)
    expect(activeAt).toEqual(message.createdAt)
    const key = { roomId_userId: { roomId: room, userId: ana } }
    expect(membership).toEqual(await database.prisma.roomMember.findUniqueOrThrow({ where: key }))
  })

  it('rings once for what was sent, in order, with its rows and nothing private', async () => {
    room = await stage.aGroup(ana, ben)
    await Promise.all([
      sends.add(aSend(room, ana, 'one')),
      sends.add(aSend(room, ben, 'two', 'n')),
      sends.add(aSend(room, ben, 'two', 'n')),
    ])
    const heard = heardIn(room)
    const stored = await database.sql('select stream_id as "streamId", seq, type, data, at from event where stream_id = $1 order by seq', [
      room,
    ])
    expect(heard.map(({ snapshot: _, ...event }) => event)).toEqual(stored)
    expect(heard).toHaveLength(2)
    expect(heard[1]!.snapshot).toEqual({
      message: expect.objectContaining({ content: 'two', seq: 2, senderId: ben }),
      thread: null,
      sender: { id: ben, handle: expect.any(String), name: 'Somebody', createdAt: expect.any(String), deletedAt: null },
      room: expect.objectContaining({ id: room, head: 2, memberCount: 2 }),
    })
    expect(JSON.parse(JSON.stringify(heard[1]!.snapshot))).toEqual(heard[1]!.snapshot)
    expect(heard[1]!.snapshot).not.toHaveProperty('message.nonceHash')
  })

  it('gives the first message again for a nonce that is repeated, as it is now, and rings no more', async () => {
    room = await stage.aGroup(ana, ben)
    const first = shownOf(await sends.add(aSend(room, ana, 'Once', 'nonce')))
    await database.prisma.message.update({ where: { id: first.message.id }, data: { content: 'Once, edited' } })
    const again = shownOf(await aNode().add(aSend(room, ana, 'Once', 'nonce')))
    expect(again.outcome).toBe('duplicate')
    expect(again.message).toEqual({ ...first.message, content: 'Once, edited' })
    expect(heardIn(room)).toHaveLength(1)
    expect(await contents(room)).toEqual(['Once, edited'])
  })

  it('refuses a nonce that is repeated with other content', async () => {
    room = await stage.aGroup(ana, ben)
    await sends.add(aSend(room, ana, 'This', 'nonce'))
    expect(await sends.add(aSend(room, ana, 'That', 'nonce'))).toEqual({ outcome: 'conflict' })
    expect(await contents(room)).toEqual(['This'])
  })

  it('tells twins apart that ride in one batch', async () => {
    room = await stage.aGroup(ana, ben)
    const watched = counted(database)
    const node = createSends(watched, bell.ring, { waitingMost: 10 })
    const outcomes = await Promise.all([
      node.add(aSend(room, ana, 'This', 'twin')),
      node.add(aSend(room, ana, 'This', 'twin')),
      node.add(aSend(room, ana, 'That', 'twin')),
      node.add(aSend(room, ben, 'That', 'twin')),
    ])
    expect(watched.statements).toHaveLength(1)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['sent', 'duplicate', 'conflict', 'sent'])
    expect(shownOf(outcomes[1]!).message).toEqual(shownOf(outcomes[0]!).message)
    expect(await contents(room)).toEqual(['This', 'That'])
  })

  it('lets a nonce belong to its person and its room', async () => {
    room = await stage.aGroup(ana, ben)
    const other = await stage.aGroup(ana, ben)
    const outcomes = await Promise.all([
      sends.add(aSend(room, ana, 'One', 'same')),
      sends.add(aSend(other, ana, 'Two', 'same')),
      sends.add(aSend(room, ben, 'Three', 'same')),
    ])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['sent', 'sent', 'sent'])
  })

  it('has one message when many nodes race with one nonce', async () => {
    room = await stage.aGroup(ana, ben)
    const bells = Array.from({ length: 8 }, aBell)
    const raced = await Promise.all(bells.map(({ ring }) => aNode(ring).add(aSend(room, ana, 'Me first', 'race'))))
    expect(new Set(raced.map((sent) => shownOf(sent).message.id)).size).toBe(1)
    expect(raced.filter(({ outcome }) => outcome === 'sent')).toHaveLength(1)
    expect(bells.flatMap(({ rung }) => rung)).toHaveLength(1)
    expect(await contents(room)).toEqual(['Me first'])
  })

  it('says "sent" of a batch that is repeated because its answer was lost, and loses and doubles nothing', async () => {
    room = await stage.aGroup(ana, ben)
    const { ring, rung } = aBell()
    const node = createSends(losingTheFirstAnswer(database), ring, { waitingMost: 1000 })
    const batch = [aSend(room, ana, 'one'), aSend(room, ben, 'two', 'n'), aSend(room, ben, 'two', 'n')]
    const answers = await Promise.all(batch.map((send) => node.add(send)))
    expect(answers.map(({ outcome }) => outcome)).toEqual(['sent', 'sent', 'duplicate'])
    expect(rung.map(({ seq }) => seq)).toEqual([1, 2])
    expect(await contents(room)).toEqual(['one', 'two'])
  })

  it('says "sent" of what was sent, also to one who was removed before the answer came', async () => {
    room = await stage.aGroup(ana, ben)
    const { ring, rung } = aBell()
    const node = createSends(
      losingTheFirstAnswer(database, () => stage.remove(room, ben)),
      ring,
      { waitingMost: 1000 },
    )
    expect(shownOf(await node.add(aSend(room, ben, 'My last word'))).outcome).toBe('sent')
    expect(rung).toHaveLength(1)
    expect(rung[0]).toMatchObject({ seq: 1, snapshot: { room: { head: 1 } } })
  })

  it('is unsure, and sends nothing, where being a member does not decide: of strangers, who left, and rooms that are not there', async () => {
    room = await stage.aGroup(ana, ben)
    const stranger = await stage.aPerson()
    await sends.add(aSend(room, ben, 'Still here', 'mine'))
    await stage.remove(room, ben)
    const refused = await Promise.all([
      sends.add(aSend(room, stranger, 'Hello?')),
      sends.add(aSend(room, ben, 'I am gone')),
      sends.add(aSend(room, ben, 'Still here', 'mine')),
      sends.add(aSend(uuid(), ana, 'Nowhere')),
      sends.add(aSend(room, uuid(), 'Nobody')),
    ])
    expect(refused).toEqual(Array.from({ length: 5 }, () => ({ outcome: 'unsure' })))
    expect((await logOf(database, room)).map(({ type }) => type)).toEqual(['MessageAdded', 'MemberLeft'])
  })

  it('is unsure of the muted until it is over, and not of an admin; what was sent before stays sent', async () => {
    room = await stage.aGroup(ana, ben)
    const mute = (userId: string, until: string) =>
      database.sql(`update room_member set muted_until = now() + $3::interval where room_id = $1 and user_id = $2`, [room, userId, until])
    const first = shownOf(await sends.add(aSend(room, ben, 'Before', 'mine')))
    await database.sql(`update room_member set role = 'ADMIN' where room_id = $1 and user_id = $2`, [room, ana])
    await mute(ana, '1 hour')
    await mute(ben, '1 hour')
    const send = () => Promise.all([sends.add(aSend(room, ana, 'Me')), sends.add(aSend(room, ben, 'Me'))])
    expect((await send()).map(({ outcome }) => outcome)).toEqual(['sent', 'unsure'])
    const again = await Promise.all([sends.add(aSend(room, ben, 'Before', 'mine')), sends.add(aSend(room, ben, 'Another', 'mine'))])
    expect(again.map(({ outcome }) => outcome)).toEqual(['duplicate', 'conflict'])
    expect(shownOf(again[0]).message).toEqual(first.message)
    await mute(ben, '-1 second')
    expect((await send()).map(({ outcome }) => outcome)).toEqual(['sent', 'sent'])
    expect(await contents(room)).toEqual(['Before', 'Me', 'Me', 'Me'])
  })

  it.each(['archived_at = now()', 'is_severed = true'])(
    'is unsure of everybody where %s; what was sent before stays sent',
    async (change) => {
      room = await stage.aGroup(ana, ben)
      const first = shownOf(await sends.add(aSend(room, ana, 'Before', 'mine')))
      await database.sql(`update room set ${change} where id = $1`, [room])
      expect(await sends.add(aSend(room, ana, 'After'))).toEqual({ outcome: 'unsure' })
      expect(shownOf(await sends.add(aSend(room, ana, 'Before', 'mine')))).toMatchObject({ outcome: 'duplicate', message: first.message })
      expect(await contents(room)).toEqual(['Before'])
    },
  )

  it('lets nothing in after the removal, however they race', async () => {
    for (let round = 0; round < 10; round++) {
      room = await stage.aGroup(ana, ben)
      const nodes = [aNode(), aNode(), aNode()]
      const racing = Array.from({ length: 30 }, (_, number) => nodes[number % 3]!.add(aSend(room, number % 2 ? ana : ben, 'Quick')))
      const left = await stage.remove(room, ben)
      await Promise.all(racing)
      const log = await logOf(database, room)
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1))
      expect(log.filter(({ seq, senderId }) => seq > left && senderId === ben)).toEqual([])
    }
  })

  it('sends the good ones of a batch with a poisoned one among them', async () => {
    room = await stage.aGroup(ana, ben)
    const batch = [aSend(room, ana, 'one'), aSend(room, ana, 'two\0'), aSend(room, ben, 'three'), aSend('no uuid', ben, 'four')]
    const answers = await Promise.allSettled(batch.map((send) => sends.add(send)))
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
    expect(await contents(room)).toEqual(['one', 'three'])
    expect(heardIn(room).map(({ seq }) => seq)).toEqual([1, 2])
  })

  it('locks rooms in one order, so that batches over the same rooms do not block each other', async () => {
    const rooms = await Promise.all(Array.from({ length: 8 }, () => stage.aGroup(ana, ben)))
    const forwards = aNode()
    const backwards = aNode()
    await Promise.all(
      Array.from({ length: 20 }, () => [
        ...rooms.map((roomId) => forwards.add(aSend(roomId, ana, 'To'))),
        ...rooms.toReversed().map((roomId) => backwards.add(aSend(roomId, ben, 'Fro'))),
        stage.transact(rooms.toReversed(), async ({ append }) => append(rooms[0]!, { type: 'RoomUpdated', data: {} })),
      ]).flat(),
    )
    const heads = await Promise.all(rooms.map(async (roomId) => (await logOf(database, roomId)).length))
    expect(heads).toEqual([60, 40, 40, 40, 40, 40, 40, 40])
  })
}

/** A database that commits the first statement, and whose answer to it never arrives. */
function losingTheFirstAnswer(database: Database, meanwhile?: () => Promise<unknown>): Database {
  let isLost = false
  return {
    ...database,
    async sql(text, values) {
      const rows = await database.sql(text, values)
      if (isLost) return rows as never
      isLost = true
      await meanwhile?.()
      throw Object.assign(new Error('The connection broke.'), { code: 'ECONNRESET' })
    },
  }
}
