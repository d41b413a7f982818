import { afterAll, beforeAll, expect, it } from 'vitest'
import { countUnread } from '../../../src/features/receipts/unread.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { fillRoom } from '../../support/many-messages.ts'
import { explain, type Plan, recorded } from '../../support/plans.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'

describeWith(['postgres'], 'what is unread in a room with 100,000 messages, among many small ones', () => {
  let domain: Domain
  let ann: APerson
  let ben: APerson
  let room: ARoom
  beforeAll(async () => {
    domain = await createDomain(await (await sharedPostgres()).createDatabase())
    ;[ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
    room = await aGroup(ann, ben)
    // It counts its rows when it is told to.
    await domain.database.sql('alter table message set (autovacuum_enabled = off)')
    await fillRoom(domain.database, { roomId: room.id, messages: 100_000, senderIds: [ann.id], roomsAround: 10_000 })
  })
  afterAll(() => domain?.database.close())

  async function costOf(person: APerson, seq: number, count: number): Promise<Plan> {
    await domain.database.sql('update read_mark set seq = $2 where room_id = $1', [room.id, seq])
    const database = recorded(domain.database)
    const [unread] = await countUnread(database.sql, [{ roomId: room.id, userId: person.id }])
    expect(unread).toEqual({ unreadCount: count, unreadMentionCount: 0 })
    return explain(domain.database, database.asked[0]!)
  }

  it('is looked for among no more than 20,000, while the rows were never counted', async () => {
    expect((await costOf(ben, 0, 100)).rows).toBeLessThanOrEqual(20_000)
    expect((await costOf(ann, 0, 0)).rows).toBeLessThanOrEqual(20_000)
  })

  it('costs by what is looked at, wherever the mark stands; of one’s own by no more than a thousand', async () => {
    await domain.database.sql('analyze')
    const index = 'Index Scan using message_outside_threads_idx'
    for (const [seq, count] of [
      [0, 100],
      [50_000, 100],
      [99_900, 95],
    ] as const) {
      const { nodes, buffers } = await costOf(ben, seq, count)
      expect(nodes).toContain(index)
      expect(buffers).toBeLessThan(count + 60)
    }
    const { nodes, buffers } = await costOf(ann, 0, 0)
    expect(nodes).toContain(index)
    expect(buffers).toBeLessThan(1100)
  })
})
