// npm run bench search: how soon a page of what was searched for is answered, among a million messages.
import { readFound } from '../src/features/search/queries.ts'
import { conditionOf, termsOf } from '../src/features/search/tokens.ts'
import type { Database } from '../src/store/database.ts'
import { searchDocument } from '../test/features/search/support.ts'
import { createDomain } from '../test/support/domain.ts'
import { fillTalks, isChinese } from '../test/support/many-talks.ts'
import { explain, type Plan, recorded } from '../test/support/plans.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { BenchOptions } from './run.ts'
import { keepAsking } from './support/asking.ts'
import { openKeepAlive, requestBytes } from './support/keep-alive.ts'
import { type Node, type Person, rowIdOf, signUpPeople, startNode } from './support/parley.ts'
import { printProfile } from './support/profile.ts'
import { median, percentile, printTable } from './support/rounds.ts'

export const about = 'searching a million messages: what is said once, always, by its beginning, in Chinese'

const messages = 1_000_000
const first = 50
const asks = 60
/** Not counted: connections and memory warm up. */
const asksBefore = 10

const rooms = Array.from({ length: 5000 }, (_, number) => number)
/** Who sees which rooms: the busiest is 0, and most have little. */
const sights = {
  'in 200 rooms': rooms.filter((number) => number % 25 === 0),
  'who sees one message in 200': [7, 1800, 2500, 3200],
  'in all 5,000 rooms': rooms,
  'where nobody says "the"': rooms.filter(isChinese),
}
const queries = {
  'said 20 times': 'zebrafish',
  'said 500 times': 'narwhal',
  'in nearly every message': 'the',
  'one letter': 't',
  'in nearly every message, and said 20 times': 'the zebrafish',
  'two Chinese characters, 40 times': '鯨鯢',
  'the commonest Chinese character': '丁',
  'never said': 'nobodysaysthis',
}

export async function run({ profiles }: BenchOptions): Promise<void> {
  const postgres = await startPostgres({ fsync: true })
  // However long it takes on a busy machine.
  const env = { DATABASE_URL: await postgres.createDatabase(), ACCESS_TOKEN_MS: '86400000' }
  const node = await startNode(env)
  const people = await signUpPeople(node, 20)
  const { database } = await createDomain(env.DATABASE_URL)
  const viewers = Object.fromEntries(Object.values(sights).map((numbers, index) => [rowIdOf(people[index]!.id), numbers]))
  await fillTalks(database, { messages, rooms: rooms.length, senderIds: people.map(({ id }) => rowIdOf(id)), viewers })
  await database.sql('vacuum analyze')

  for (const [index, [sight, numbers]] of Object.entries(sights).entries()) {
    const person = people[index]!
    const [seen] = await database.sql<{ count: number }>(
      'select count(*)::int as count from message join room_member m on m.room_id = message.room_id where m.user_id = $1',
      [rowIdOf(person.id)],
    )
    const title = `${sight}: ${numbers.length} rooms with ${seen!.count.toLocaleString('en')} messages, ${asks} searches each`
    if (profiles) await profile(node, person, title)
    else await compare({ node, database, person, title })
  }
  await node.child.end()
  await database.close()
  await postgres.stop()
}

interface Comparison {
  readonly node: Node
  readonly database: Database
  readonly person: Person
  readonly title: string
}

async function compare({ node, database, person, title }: Comparison): Promise<void> {
  const rows: (string | number)[][] = []
  for (const [name, query] of Object.entries(queries)) {
    const { found, latencies } = await ask(node, requestOf(node, person, query))
    const plans = await plansOf(database, rowIdOf(person.id), query)
    const [{ buffers }] = plans as [Plan]
    const inPostgres = median(plans.map(({ ms }) => ms))
    rows.push([name, String(found), String(buffers), inPostgres, percentile(latencies, 0.5), percentile(latencies, 0.95)])
  }
  printTable(title, ['', 'found on the page', 'pages of the disk', 'ms in Postgres', 'p50 ms', 'p95 ms'], rows)
}

/** What Postgres does for the statement, several times. */
async function plansOf(database: Database, viewerId: string, query: string): Promise<Plan[]> {
  const asked = recorded(database)
  const wanted = { viewerId, condition: conditionOf(termsOf(query)), roomId: undefined, from: undefined, to: undefined }
  await readFound(asked.sql, wanted, undefined, first + 1)
  const plans: Plan[] = []
  while (plans.length < 9) plans.push(await explain(database, asked.asked[0]!))
  return plans
}

async function profile(node: Node, person: Person, title: string): Promise<void> {
  const asked = { child: node.child, url: node.url, requests: Object.values(queries).map((query) => requestOf(node, person, query)) }
  printProfile(title, await node.child.profiled(() => keepAsking(asked, { connections: 4, windowMs: 2000 })))
}

function requestOf(node: Node, { accessToken }: Person, query: string): Buffer {
  const body = { query: searchDocument, variables: { query, first } }
  return requestBytes(node.url, { method: 'POST', path: '/graphql', accessToken, body })
}

/** One after the other: what each takes, with everything from the request to the answer. */
async function ask(node: Node, request: Buffer): Promise<{ found: number; latencies: number[] }> {
  const connection = await openKeepAlive(node.url)
  const latencies: number[] = []
  let found = 0
  for (let asked = 0; asked < asksBefore + asks; asked++) {
    const start = performance.now()
    const answer = await connection.ask(request)
    if (asked >= asksBefore) latencies.push(performance.now() - start)
    // Reading it is the client's, and does not count.
    if (asked === 0) found = foundIn(answer)
  }
  connection.close()
  return { found, latencies }
}

function foundIn(answer: Buffer): number {
  const { data, errors } = JSON.parse(answer.toString()) as { data: { searchMessages: { nodes: object[] } }; errors?: object[] }
  if (errors) throw new Error(JSON.stringify(errors))
  return data.searchMessages.nodes.length
}
