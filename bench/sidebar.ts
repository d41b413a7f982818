// npm run bench sidebar: how soon a list of rooms is there, with last messages and what is unread in each.
import { print } from 'graphql'
import type { Database } from '../src/store/database.ts'
import { createDomain } from '../test/support/domain.ts'
import { SidebarDocument, type SidebarQuery } from '../test/support/generated/documents.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { BenchOptions } from './run.ts'
import { type KeepAlive, openKeepAlive, requestBytes } from './support/keep-alive.ts'
import { type Node, type Person, rowIdOf, signUpPeople, startNode } from './support/parley.ts'
import { printProfile } from './support/profile.ts'
import { percentile, printTable } from './support/rounds.ts'

export const about = 'a list of 200 rooms with last messages and 100 unread in each, beside shorter ones'

const asks = 100
/** Not counted: connections and memory warm up. */
const asksBefore = 20
const query = print(SidebarDocument)
const lists = [
  { rooms: 1, unread: 100 },
  { rooms: 20, unread: 100 },
  { rooms: 200, unread: 0 },
  { rooms: 200, unread: 1 },
  { rooms: 200, unread: 100 },
]

export async function run({ profiles }: BenchOptions): Promise<void> {
  const postgres = await startPostgres({ fsync: true })
  const env = { DATABASE_URL: await postgres.createDatabase() }
  const node = await startNode(env)
  const { database } = await createDomain(env.DATABASE_URL)
  const others = (await signUpPeople(node, 5)).map(({ id }) => rowIdOf(id))
  const viewers = await signUpPeople(node, lists.length)
  for (const [index, { rooms, unread }] of lists.entries())
    await fill(database, { viewerId: rowIdOf(viewers[index]!.id), others, rooms, unread })
  await database.sql('vacuum analyze')

  const rows: (string | number)[][] = []
  for (const [index, { rooms, unread }] of lists.entries()) {
    const connection = await openKeepAlive(node.url)
    const ask = () => readList(connection, node, viewers[index]!, { rooms, unread })
    const name = `${rooms === 1 ? 'one room' : `${rooms} rooms`}, ${unread} unread in each`
    if (profiles) printProfile(name, await node.child.profiled(() => times(asks, ask)))
    else rows.push([name, ...(await latenciesOf(ask))])
    connection.close()
  }
  if (!profiles) printTable(`The whole list, page after page, ${asks} times`, ['', 'p50 ms', 'p95 ms'], rows)
  await node.child.end()
  await database.close()
  await postgres.stop()
}

interface Filling {
  readonly viewerId: string
  readonly others: readonly string[]
  readonly rooms: number
  readonly unread: number
}

/** Groups of the viewer and the others, who have said 200 messages in each, in all of them at the same time. */
function fill({ transaction }: Database, { viewerId, others, rooms, unread }: Filling): Promise<void> {
  return transaction(async (run) => {
    await run('set local session_replication_role = replica')
    await run(
      `with made as (insert into stream (id, head, active_at) select gen_random_uuid(), 200, now() from generate_series(1, $1::int) returning id),
         room as (insert into room (id, kind, name, member_count, created_by_id, created_at)
           select id, 'GROUP', 'A room', 1 + cardinality($3::uuid[]), $2::uuid, now() from made),
         member as (insert into room_member (id, room_id, user_id, role, joined_at)
           select gen_random_uuid(), made.id, person, 'MEMBER', now() from made, unnest($3::uuid[] || $2::uuid) person
           returning id, room_id, user_id),
         mark as (insert into read_mark (id, room_id, user_id, seq, at)
           select id, room_id, user_id, 200 - $4::int, now() from member)
       insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at)
       select gen_random_uuid(), made.id, number, ($3::uuid[])[1 + number % cardinality($3::uuid[])], repeat('As people talk. ', 1 + number % 16),
         number::text, '', now()
       from generate_series(1, 200) as said(number), made order by said.number`,
      [rooms, viewerId, others, unread],
    )
  })
}

/** All pages of the list, one after the other; in each room must be unread what was filled in. */
async function readList(
  connection: KeepAlive,
  { url }: Node,
  { accessToken }: Person,
  { rooms, unread }: { readonly rooms: number; readonly unread: number },
): Promise<void> {
  let found = 0
  for (let after: string | null = null; ; ) {
    const body = { query, variables: { after, isFirst: after === null } }
    const answer = await connection.ask(requestBytes(url, { method: 'POST', path: '/graphql', accessToken, body }))
    const { nodes, pageInfo } = (JSON.parse(answer.toString()) as { data: SidebarQuery }).data.viewer!.rooms
    found += nodes.filter(({ unreadCount }) => unreadCount === unread).length
    if (!pageInfo.hasNextPage) break
    after = pageInfo.endCursor ?? null
  }
  if (found !== rooms) throw new Error(`${found} of ${rooms} rooms were as they should be.`)
}

async function latenciesOf(ask: () => Promise<void>): Promise<[p50: number, p95: number]> {
  await times(asksBefore, ask)
  const latencies: number[] = []
  await times(asks, async () => {
    const begin = performance.now()
    await ask()
    latencies.push(performance.now() - begin)
  })
  return [percentile(latencies, 0.5), percentile(latencies, 0.95)]
}

async function times(count: number, work: () => Promise<void>): Promise<void> {
  for (let time = 0; time < count; time++) await work()
}
