import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bySeq, type MessageRow } from '../../../src/features/messages/queries.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { pageCursor } from '../../../src/graphql/paging.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { fillRoom } from '../../support/many-messages.ts'
import { explain, type Plan, recorded } from '../../support/plans.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'

const size = 50
const document = (list: string) =>
  `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { node(id: $id) { ${list} } }`
const args = 'first: $first, after: $after, last: $last, before: $before'
const lists = {
  messages: document(`... on GroupRoom { page: messages(${args}) { nodes { seq } } }`),
  'messages and replies': document(`... on GroupRoom { page: messages(${args}, includeThreadReplies: true) { nodes { seq } } }`),
  'replies of its long thread': document(`... on Thread { page: replies(${args}) { nodes { seq } } }`),
}
const around = `query ($id: ID!, $around: ID, $all: Boolean) { node(id: $id) { ... on GroupRoom {
  page: messages(around: $around, includeThreadReplies: $all) { nodes { seq } } } } }`

/** The newest page, one here and there, and the oldest whole one; the same from the other end. In the room's middle are only thread replies. */
const inRoom = [newest(), ...[75_000, 50_000, 25_000, 54].map(before), oldest(), ...[25_000, 44_999, 75_000, 99_940].map(after)]
/** Its replies are those from 45,000 to 49,999. */
const inThread = [newest(), before(47_500), before(45_052), oldest(), after(47_500), after(49_947)]

describeWith(['postgres'], 'a room with 100,000 messages, among many small ones', () => {
  let domain: Domain
  let ann: APerson
  let room: ARoom
  let threadId: string
  beforeAll(async () => {
    domain = await createDomain(await (await sharedPostgres()).createDatabase())
    ann = await domain.aPerson('Ann')
    room = await aGroup(ann)
    // It counts its rows when it is told to, and then takes most threads to be short, as they are where there are many.
    await domain.database.sql('alter table message set (autovacuum_enabled = off), alter column thread_id set (n_distinct = 250)')
    threadId = await fillRoom(domain.database, { roomId: room.id, messages: 100_000, senderIds: [ann.id], roomsAround: 10_000 })
  })
  afterAll(() => domain?.database.close())

  /** What the statement costs that reads the page when somebody asks for it. */
  async function costOf(query: string, variables: Record<string, unknown>): Promise<Plan> {
    const database = recorded(domain.database)
    const { data, errors } = await domain.as(ann.actor, { database })<{ node: { page: { nodes: object[] } } }>(query, variables)
    expect(errors).toBeUndefined()
    expect(data!.node.page.nodes).toHaveLength(size)
    const [statement, ...others] = database.asked.filter(({ text }) => text.includes('from message '))
    expect(others).toEqual([])
    return explain(domain.database, statement!)
  }

  /** Each message lies on another page of the disk; beside them there is the way down an index, or a few. */
  async function expectSameCost(query: string, places: readonly Record<string, unknown>[]): Promise<void> {
    const costs: Plan[] = []
    for (const place of places) costs.push(await costOf(query, place))
    const [{ nodes, buffers }] = costs as [Plan]
    expect(buffers).toBeLessThan(size + 20)
    for (const cost of costs) {
      expect(cost.nodes).toEqual(nodes)
      expect(Math.abs(cost.buffers - buffers)).toBeLessThanOrEqual(buffers / 10)
    }
  }

  // The embedded database never counts its rows, and Postgres only when it comes to it.
  describe.each(['before', 'after'])('%s the database has counted its rows', (moment) => {
    beforeAll(async () => {
      if (moment === 'after') await domain.database.sql('analyze')
    })

    it.each(Object.entries(lists))('costs the same wherever a page of its %s is', async (list, query) => {
      const isThread = list === 'replies of its long thread'
      const id = isThread ? encodeId('Thread', threadId) : room.globalId
      await expectSameCost(
        query,
        (isThread ? inThread : inRoom).map((place) => ({ id, ...place })),
      )
    })

    it.each([false, true])('costs the same around any of its messages, with replies in threads: %s', async (all) => {
      const found = await domain.database.sql<{ id: string }>('select id from message where room_id = $1 and seq = any($2) order by seq', [
        room.id,
        [31, 25_001, 50_001, 75_001, 99_969],
      ])
      await expectSameCost(
        around,
        found.map(({ id }) => ({ id: room.globalId, around: encodeId('Message', id), all })),
      )
    })
  })
})

function newest() {
  return { last: size }
}

function oldest() {
  return { first: size }
}

function before(seq: number) {
  return { last: size, before: cursorAt(seq) }
}

function after(seq: number) {
  return { first: size, after: cursorAt(seq) }
}

function cursorAt(seq: number): string {
  return pageCursor({ seq } as MessageRow, bySeq)
}
