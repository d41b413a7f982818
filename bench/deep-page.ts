// npm run bench deep-page: what a page costs far up in a room of a million messages, beside the newest.
import { print } from 'graphql'
import { bySeq, type MessageRow } from '../src/features/messages/queries.ts'
import { Person } from '../src/graphql/actor.ts'
import { pageCursor } from '../src/graphql/paging.ts'
import { createDomain, type Domain } from '../test/support/domain.ts'
import { RoomPageDocument } from '../test/support/generated/documents.ts'
import { fillRoom } from '../test/support/many-messages.ts'
import { explain, type Plan, recorded } from '../test/support/plans.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { BenchOptions } from './run.ts'
import { type Asked, keepAsking } from './support/asking.ts'
import { requestBytes } from './support/keep-alive.ts'
import { makeRoom, rowIdOf, signUpPeople, startNode } from './support/parley.ts'
import { printProfile } from './support/profile.ts'
import { type Candidate, inRounds, median, printTable } from './support/rounds.ts'

export const about = 'a page far up in a room of a million messages, beside the newest'

const messages = 1_000_000
const last = 50
const rounds = 9
const load = { connections: 8, windowMs: 1000 }
const query = print(RoomPageDocument)

/** Each is a whole page. In the middle of the room there are only replies in a thread: the page before it lies before those. */
const places = {
  'the newest': undefined,
  'before number 750,000': 750_000,
  'before the middle': messages / 2,
  'before number 1,000': 1000,
  'the oldest': 54,
}

export async function run({ profiles }: BenchOptions): Promise<void> {
  const postgres = await startPostgres({ fsync: true })
  const env = { DATABASE_URL: await postgres.createDatabase() }
  const node = await startNode(env)
  const people = await signUpPeople(node, 20)
  const roomId = await makeRoom(node, people)
  const domain = await createDomain(env.DATABASE_URL)
  const senderIds = people.map(({ id }) => rowIdOf(id))
  await fillRoom(domain.database, { roomId: rowIdOf(roomId), messages, senderIds, roomsAround: 100_000 })
  await domain.database.sql('vacuum analyze')

  for (const withReplies of [false, true]) {
    const pages = Object.entries(places).map(([name, seq]): Page => {
      const variables = { roomId, last, before: seq === undefined ? null : pageCursor({ seq } as MessageRow, bySeq), withReplies }
      const body = { query, variables }
      const request = requestBytes(node.url, { method: 'POST', path: '/graphql', accessToken: people[0]!.accessToken, body })
      return { name, child: node.child, url: node.url, requests: [request], plans: () => plansOf(domain, senderIds[0]!, variables) }
    })
    if (profiles) for (const page of pages) printProfile(page.name, await node.child.profiled(() => keepAsking(page, load)))
    else await compare(pages, withReplies)
  }

  await node.child.end()
  await domain.database.close()
  await postgres.stop()
}

interface Page extends Asked {
  readonly name: string
  /** What Postgres does for the statement that reads it, several times. */
  plans(): Promise<Plan[]>
}

async function compare(pages: readonly Page[], withReplies: boolean): Promise<void> {
  const candidates = pages.map((page): Candidate => ({ name: page.name, measure: () => keepAsking(page, load) }))
  const results = await inRounds(candidates, { rounds, mostMs: 120_000 }, 'the newest')
  const rows: (string | number)[][] = []
  for (const page of pages) {
    const plans = await page.plans()
    const [{ buffers, nodes }] = plans as [Plan]
    const { figures, ratios } = results.get(page.name)!
    rows.push([page.name, nodes.at(-1)!, String(buffers), median(plans.map(({ ms }) => ms)), figures.perSecond!, ratios.perSecond!])
  }
  printTable(
    `${last} of a million messages ${withReplies ? 'with' : 'without'} the replies in threads, medians of ${rounds} rounds`,
    ['', 'found by', 'pages of the disk', 'ms in Postgres', 'answers/s', 'against the newest'],
    rows,
  )
}

async function plansOf(domain: Domain, personId: string, variables: Record<string, unknown>): Promise<Plan[]> {
  const database = recorded(domain.database)
  const { errors } = await domain.as(new Person(personId, 'without a session'), { database })(query, variables)
  if (errors) throw errors[0]
  const statement = database.asked.find(({ text }) => text.includes('from message '))!
  const plans: Plan[] = []
  while (plans.length < rounds) plans.push(await explain(domain.database, statement))
  return plans
}
