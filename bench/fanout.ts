// npm run bench fanout: what it costs a node that only delivers to hand one event to many, beside its peers in the same run.
import { print } from 'graphql'
import { DeliveriesDocument } from '../test/support/generated/documents.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { startRedis } from '../test/support/redis.ts'
import { openSockets, type Sockets } from './fanout/sockets.ts'
import type { BenchOptions } from './run.ts'
import { type Child, startServer } from './support/child.ts'
import { makeRoom, type Node, type Person, programs, rowIdOf, signUpPeople, startNode } from './support/parley.ts'
import { printProfile } from './support/profile.ts'
import { type Candidate, inRounds, printTable } from './support/rounds.ts'
import { openSender, type Sender } from './support/sender.ts'

export const about = 'deliveries a second, and processor time a delivery, of a node that only delivers'

const sockets = 500
const rounds = 9
const frameBytes = 415
const document = print(DeliveriesDocument)
/** How much of a frame is the same for all. */
const content = 'Good morning! '.padEnd(79, 'And how are you? ')

/** A wave begins when everybody has everything of the one before. */
const paces = [
  { name: '20 events at a time', events: 20, waves: 15 },
  { name: 'one event at a time', events: 1, waves: 150 },
]

export async function run({ profiles }: BenchOptions): Promise<void> {
  const postgres = await startPostgres({ fsync: true })
  const redis = await startRedis()
  const env = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url }
  const taking = await startNode(env)
  const people = await signUpPeople(taking, 100)
  const sender = await openSender(taking.socketUrl, people[0]!.accessToken)
  const stand = { taking, people, sender, env }

  const subjects: Subject[] = []
  for (const kind of profiles ? [...parleys, rawWs] : [...parleys, rawWs, socketIo, stockGraphqlWs])
    subjects.push(await prepare(stand, kind))
  if (profiles) for (const subject of subjects) await profile(sender, subject)
  else await compare(sender, subjects)

  sender.close()
  await Promise.all([taking.child, ...subjects.flatMap(({ server, clients }) => [server, clients])].map((one) => one.end()))
  await redis.stop()
  await postgres.stop()
}

interface Stand {
  readonly taking: Node
  readonly people: readonly Person[]
  readonly sender: Sender
  readonly env: Record<string, string>
}

/** What a candidate is, and what starts it, in a room of its own. */
interface Kind {
  readonly name: string
  readonly kind: 'plain' | 'graphql' | 'socket.io'
  start(env: Record<string, string>): Promise<{ child: Child; url: string }>
}

interface Subject {
  readonly name: string
  readonly server: Child
  readonly clients: Sockets
  readonly roomId: string
}

const parleys = Object.entries(programs).map(
  ([name, program]): Kind => ({
    name,
    kind: 'graphql',
    async start(env) {
      const { child, socketUrl } = await startNode(env, program)
      return { child, url: socketUrl }
    },
  }),
)
const rawWs: Kind = { name: 'raw ws', kind: 'plain', start: (env) => startServer('bench/fanout/raw-ws.ts', env) }
const socketIo: Kind = { name: 'Socket.IO', kind: 'socket.io', start: (env) => startServer('bench/fanout/socket-io.ts', env) }
const stockGraphqlWs: Kind = {
  name: 'stock graphql-ws',
  kind: 'graphql',
  start: (env) => startServer('bench/fanout/stock-graphql-ws.ts', env),
}

async function prepare({ taking, people, sender, env }: Stand, { name, kind, start }: Kind): Promise<Subject> {
  const roomId = await makeRoom(taking, people)
  const topic = `parley:stream:${rowIdOf(roomId)}`
  const { child, url } = await start({ ...env, BENCH_TOPIC: topic, BENCH_FRAME_BYTES: String(frameBytes) })
  const tokens = people.map(({ accessToken }) => accessToken)
  const clients = await openSockets({ url, kind, sockets, query: document, roomId, tokens }, () => sender.say(roomId, content))
  return { name, server: child, clients, roomId }
}

async function compare(sender: Sender, subjects: readonly Subject[]): Promise<void> {
  for (const pace of paces) {
    const candidates = subjects.map((subject): Candidate => ({ name: subject.name, measure: () => measure(sender, subject, pace) }))
    const results = await inRounds(candidates, { rounds, mostMs: 120_000 }, rawWs.name)
    printTable(
      `Deliveries to ${sockets} sockets, ${pace.name}, medians of ${rounds} rounds`,
      ['', 'CPU µs a delivery', 'against raw ws', 'of it in the kernel', 'deliveries/s', 'bytes a frame'],
      [...results].map(
        ([
          name,
          {
            figures: { cpuUs, kernelUs, perSecond, bytes },
            ratios,
          },
        ]) => [name, cpuUs!, ratios.cpuUs!, kernelUs!, perSecond!, bytes!],
      ),
    )
  }
}

async function profile(sender: Sender, subject: Subject): Promise<void> {
  for (const pace of paces) {
    await measure(sender, subject, pace)
    printProfile(`${subject.name}, ${pace.name}`, await subject.server.profiled(() => measure(sender, subject, pace)))
  }
}

async function measure(sender: Sender, { name, server, clients, roomId }: Subject, { events, waves }: (typeof paces)[number]) {
  const deliveries = waves * events * sockets
  const start = performance.now()
  const before = server.cpu()
  for (let wave = 0; wave < waves; wave++) {
    const { all } = await clients.arrival(events * sockets)
    await Promise.all([all, ...Array.from({ length: events }, () => sender.say(roomId, content))])
  }
  const cpu = server.cpu()
  const perSecond = (deliveries / (performance.now() - start)) * 1000
  const cpuUs = ((cpu.ms - before.ms) * 1000) / deliveries
  const kernelUs = ((cpu.kernelMs - before.kernelMs) * 1000) / deliveries
  const { least, most } = await clients.sizes()
  if (Math.abs(least - frameBytes) > 5 || Math.abs(most - frameBytes) > 5)
    throw new Error(`Frames of ${name} have ${least} to ${most} bytes.`)
  return { cpuUs, kernelUs, perSecond, bytes: most }
}
