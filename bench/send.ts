// npm run bench send: how many sends a second are acknowledged over the socket, and how soon, beside one statement a send through pg.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../test/support/postgres.ts'
import { startRedis } from '../test/support/redis.ts'
import type { BenchOptions } from './run.ts'
import type { Child } from './support/child.ts'
import { type OneCte, openOneCte } from './support/one-cte.ts'
import { makeRoom, type Node, type Person, programs, rowIdOf, signUpPeople, startNode } from './support/parley.ts'
import { printProfile } from './support/profile.ts'
import { type Candidate, type Figures, inRounds, percentile, printTable } from './support/rounds.ts'
import { openSender, type Sender } from './support/sender.ts'

export const about = 'acknowledged sends a second over the socket, and how long each takes'

const sockets = 16
const rounds = 5
const windowMs = 1000
/** Acknowledged, but not counted: what was under way when the round began. */
const settlingMs = 200
const loads = [
  { rooms: 1, inFlight: 32 },
  { rooms: 1, inFlight: 128 },
  { rooms: 64, inFlight: 32 },
  { rooms: 64, inFlight: 128 },
]

/** Says something in one of its rooms, as one of its people; resolves when it is acknowledged. */
interface Subject {
  readonly name: string
  readonly child: Child | undefined
  say(person: number, room: number): Promise<void>
  end(): Promise<void>
}

export async function run({ profiles }: BenchOptions): Promise<void> {
  const postgres = await startPostgres({ fsync: true })
  const redis = await startRedis()
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const subjects: Subject[] = []
  for (const [name, program] of Object.entries(programs)) {
    const env = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url }
    subjects.push(await prepareParley(`${name} on Postgres`, await startNode(env, program)))
  }
  if (!profiles) {
    subjects.push(await prepareOneCte(await postgres.createDatabase(), redis.url))
    for (const [name, program] of Object.entries(programs)) {
      const embedded = await startNode({ DATABASE_URL: `pglite:${join(folder, name.replaceAll('/', '-'))}` }, program)
      subjects.push(await prepareParley(`${name} on PGlite`, embedded))
    }
  }

  for (const load of loads) {
    if (profiles) await profile(subjects[0]!, load)
    else await compare(subjects, load)
  }

  for (const subject of subjects) await subject.end()
  await redis.stop()
  await postgres.stop()
}

type Load = (typeof loads)[number]

const mostRooms = Math.max(...loads.map(({ rooms }) => rooms))

async function prepareParley(name: string, node: Node): Promise<Subject> {
  const people = await signUpPeople(node, sockets)
  const rooms = await makeRooms(node, people)
  const senders: Sender[] = []
  for (const { accessToken } of people) senders.push(await openSender(node.socketUrl, accessToken))
  return {
    name,
    child: node.child,
    say: (person, room) => senders[person]!.say(rooms[room]!, content()),
    async end() {
      for (const sender of senders) sender.close()
      await node.child.end()
    },
  }
}

/** Its people and rooms are made by a Parley, which then goes. */
async function prepareOneCte(databaseUrl: string, redisUrl: string): Promise<Subject> {
  const node = await startNode({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl })
  const people = await signUpPeople(node, sockets)
  const rooms = (await makeRooms(node, people)).map(rowIdOf)
  const senderIds = people.map(({ id }) => rowIdOf(id))
  await node.child.end()
  const oneCte: OneCte = openOneCte(databaseUrl, Math.max(...loads.map(({ inFlight }) => inFlight)))
  return {
    name: 'one CTE a send through pg',
    child: undefined,
    say: (person, room) => oneCte.say(rooms[room]!, senderIds[person]!, content()),
    end: () => oneCte.close(),
  }
}

async function makeRooms(node: Node, people: readonly Person[]): Promise<string[]> {
  const rooms: string[] = []
  while (rooms.length < mostRooms) rooms.push(await makeRoom(node, people))
  return rooms
}

/** Sixteen words, of which there are as many as in a large dictionary. */
function content(): string {
  return randomBytes(32).toString('hex').match(/.{4}/g)!.join(' ')
}

async function compare(subjects: readonly Subject[], load: Load): Promise<void> {
  const candidates = subjects.map((subject): Candidate => ({ name: subject.name, measure: () => measure(subject, load) }))
  const results = await inRounds(candidates, { rounds, mostMs: 60_000 }, 'one CTE a send through pg')
  printTable(
    `${title(load)}, medians of ${rounds} rounds`,
    ['', 'sends/s', 'against one CTE', 'p50 ms', 'p99 ms', 'CPU µs of the node a send'],
    [...results].map(([name, { figures, ratios }]) => [
      name,
      figures.perSecond!,
      ratios.perSecond!,
      figures.p50Ms!,
      figures.p99Ms!,
      figures.cpuUs!,
    ]),
  )
}

async function profile(subject: Subject, load: Load): Promise<void> {
  await measure(subject, load)
  printProfile(`${subject.name}, ${title(load)}`, await subject.child!.profiled(() => measure(subject, load)))
}

function title({ rooms, inFlight }: Load): string {
  return `${rooms === 1 ? 'One room' : `${rooms} rooms`}, ${inFlight} sends at once over ${sockets} sockets`
}

/** Every acknowledged send is followed by the next, so that as many are always under way. */
async function measure({ child, say }: Subject, { rooms, inFlight }: Load): Promise<Figures> {
  const begin = performance.now() + settlingMs
  const end = begin + windowMs
  const latencies: number[] = []
  let cpuMs = Number.NaN
  let all = 0
  const keepSending = async (lane: number): Promise<void> => {
    for (let round = 0; performance.now() < end; round++) {
      const start = performance.now()
      await say(lane % sockets, (lane + round * inFlight) % rooms)
      all++
      const now = performance.now()
      if (now >= begin && now < end) latencies.push(now - start)
    }
  }
  const before = child?.cpu()
  await Promise.all(Array.from({ length: inFlight }, (_, lane) => keepSending(lane)))
  if (child && before) cpuMs = child.cpu().ms - before.ms
  return {
    perSecond: latencies.length / (windowMs / 1000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuUs: (cpuMs * 1000) / all,
  }
}
