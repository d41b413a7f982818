// npm run bench page: what it costs to answer the newest 50 messages over HTTP, beside a handler written by hand for the same bytes.
import { print } from 'graphql'
import { ask } from '../test/support/client.ts'
import { EditDocument, NewestPageDocument, ReactDocument, SayDocument } from '../test/support/generated/documents.ts'
import { startPostgres } from '../test/support/postgres.ts'
import type { BenchOptions } from './run.ts'
import { type Asked, keepAsking } from './support/asking.ts'
import { type Child, startServer } from './support/child.ts'
import { openKeepAlive, requestBytes } from './support/keep-alive.ts'
import { makeRoom, type Node, orThrow, type Person, programs, rowIdOf, signUpPeople, startNode } from './support/parley.ts'
import { printProfile } from './support/profile.ts'
import { type Candidate, inRounds, printTable } from './support/rounds.ts'

export const about = 'pages of 50 messages a second over HTTP, and processor time a page'

const rounds = 9
const load = { connections: 16, windowMs: 1500 }
const last = 50
const byHand = 'pg and JSON.stringify'

export async function run({ profiles }: BenchOptions): Promise<void> {
  const postgres = await startPostgres({ fsync: true })
  const env = { DATABASE_URL: await postgres.createDatabase() }
  const node = await startNode(env)
  const people = await signUpPeople(node, 8)
  const roomId = await makeRoom(node, people)
  await talk(node, people, roomId)

  const subjects: Subject[] = [parley('Parley', node, people, roomId)]
  for (const [name, program] of Object.entries(programs).slice(1))
    subjects.push(parley(name, await startNode(env, program), people, roomId))
  const tokens = Object.fromEntries(people.map(({ accessToken, id }) => [accessToken, rowIdOf(id)]))
  const beside = { ...env, BENCH_PEOPLE: JSON.stringify(tokens) }
  subjects.push(peer(byHand, await startServer('bench/page/by-hand.ts', beside), people, roomId))
  if (!profiles) subjects.push(peer('and graphql-js between', await startServer('bench/page/stock-execution.ts', beside), people, roomId))

  const bytes = await requireSameBytes(subjects)
  if (profiles) for (const subject of subjects) await profile(subject)
  else await compare(subjects, bytes)

  for (const { child } of subjects) await child.end()
  await postgres.stop()
}

interface Subject extends Asked {
  readonly name: string
}

function parley(name: string, { child, url }: Node, people: readonly Person[], roomId: string): Subject {
  const body = { query: print(NewestPageDocument), variables: { roomId, last } }
  const requests = people.map(({ accessToken }) => requestBytes(url, { method: 'POST', path: '/graphql', accessToken, body }))
  return { name, child, url, requests }
}

function peer(name: string, { child, url }: { child: Child; url: string }, people: readonly Person[], roomId: string): Subject {
  const path = `/?room=${roomId}&last=${last}`
  return { name, child, url, requests: people.map(({ accessToken }) => requestBytes(url, { method: 'GET', path, accessToken })) }
}

/**
 * 120 messages by everybody in turn. Of each ten, three answer an earlier one, one was edited and one deleted, and six have reactions, by
 * up to all of them.
 */
async function talk({ url }: Node, people: readonly Person[], roomId: string): Promise<void> {
  const as = (turn: number) => ({ authorization: `Bearer ${people[turn % people.length]!.accessToken}` })
  const ids: string[] = []
  for (let turn = 0; turn < 120; turn++) {
    const place = turn % 10
    const replyToId = [2, 5, 8].includes(place) ? ids[turn - 2 - place] : undefined
    const input = {
      roomId,
      content: `Message ${turn}: `.padEnd(40 + ((turn * 37) % 160), 'as people talk, '),
      ...(replyToId && { replyToId }),
    }
    const messageId = orThrow(await ask(url, SayDocument, { input }, as(turn))).sendMessage.message.id
    ids.push(messageId)
    if (place === 3) orThrow(await ask(url, EditDocument, { input: { messageId, content: `${input.content} (edited)` } }, as(turn)))
    if (place < 6)
      for (let other = 0; other <= turn % people.length; other++) {
        const emoji = ['👍', '🎉', '❤️'][(turn + other) % 3]!
        orThrow(await ask(url, ReactDocument, { input: { messageId, emoji } }, as(other)))
      }
  }
}

/** What is compared answers the same, to everybody; answers how many bytes. */
async function requireSameBytes(subjects: readonly Subject[]): Promise<number> {
  const answers: Buffer[][] = []
  for (const { url, requests } of subjects) {
    const connection = await openKeepAlive(url)
    const bodies: Buffer[] = []
    for (const request of requests) bodies.push(await connection.ask(request))
    connection.close()
    answers.push(bodies)
  }
  const [first, ...others] = answers as [Buffer[], ...Buffer[][]]
  others.forEach((bodies, index) => {
    bodies.forEach((body, person) => {
      if (!body.equals(first[person]!)) throw new Error(`${subjects[index + 1]!.name} answers\n${body}\ninstead of\n${first[person]}`)
    })
  })
  return first[0]!.length
}

async function compare(subjects: readonly Subject[], bytes: number): Promise<void> {
  const candidates = subjects.map((subject): Candidate => ({ name: subject.name, measure: () => keepAsking(subject, load) }))
  const results = await inRounds(candidates, { rounds, mostMs: 120_000 }, byHand)
  printTable(
    `The newest ${last} messages, ${bytes.toLocaleString('en')} bytes, over ${load.connections} connections, medians of ${rounds} rounds`,
    ['', 'pages/s', 'against by hand', 'p50 ms', 'p99 ms', 'CPU µs a page', 'against by hand'],
    [...results].map(([name, { figures, ratios }]) => [
      name,
      figures.perSecond!,
      ratios.perSecond!,
      figures.p50Ms!,
      figures.p99Ms!,
      figures.cpuUs!,
      ratios.cpuUs!,
    ]),
  )
}

async function profile(subject: Subject): Promise<void> {
  await keepAsking(subject, load)
  printProfile(subject.name, await subject.child.profiled(() => keepAsking(subject, load)))
}
