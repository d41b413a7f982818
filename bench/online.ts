// npm run bench online: what it costs a node that 10,000 people are there, come and go, and type.
import { setTimeout as pause } from 'node:timers/promises'
import { execute, parse, print } from 'graphql'
import { type App, createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { Reader, Rendered, Sink } from '../src/engine/sink.ts'
import { schema } from '../src/features/schema.ts'
import { Person } from '../src/graphql/actor.ts'
import { type Client, createContext, noClient } from '../src/graphql/context.ts'
import { encodeId } from '../src/graphql/ids.ts'
import { uuid } from '../src/lib/uuid.ts'
import type { Database } from '../src/store/database.ts'
import { SetPresenceDocument, SetTypingDocument, WatchPresenceDocument, WatchTypingDocument } from '../test/support/generated/documents.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { startRedis } from '../test/support/redis.ts'
import type { BenchOptions } from './run.ts'
import { printTable } from './support/rounds.ts'

export const about = 'what it costs a node that 10,000 people are there, come and go, and type'

const people = 10_000
/** Everybody is in a team of so many, and watches all the others of it; and in a room of so many, where they watch who types. */
const [teamOf, roomOf] = [50, 10]
/** A minute, a hundred people: coming, going, or wanting to be shown as something else. */
const changesPerMinute = 3
const typingShare = 0.01
const [typesForMs, sayAgainMs] = [9000, 3000]
const windowMs = 30_000
const awayMs = 15_000

/**
 * Postgres and Redis are processes of their own. In this one is the node, and in the place of its sockets something that only counts: so
 * what is measured is all but reading from sockets and writing to them; what stands in for the clients is measured with it.
 */
export async function run(_options: BenchOptions): Promise<void> {
  const [postgres, redis] = await Promise.all([startPostgres({ fsync: true }), startRedis()])
  const env = { PORT: '0', LOG_LEVEL: 'error', DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url }
  const app = await createApp(readConfig(env))
  const crowd = await fill(app.services.database)
  await app.services.database.sql('vacuum analyze')

  const leave = crowd.map(({ id }) => app.services.presence.arrive(id))
  const sink = new Counting()
  const readers: Reader[] = []
  for (let from = 0; from < people; from += 100)
    readers.push(...(await Promise.all(crowd.slice(from, from + 100).flatMap((one) => follow(app, one, sink)))))
  for (const reader of readers) reader.start()
  await pause(5000)

  const rows = [await measure('nobody does anything', sink, async () => {})]
  rows.push(await measure('they come, go, and change', sink, (isOver) => change(app, crowd, leave, isOver)))
  rows.push(await measure('they type', sink, (isOver) => type(app, crowd, isOver)))
  rows.push(await measure('all of it', sink, (isOver) => Promise.all([change(app, crowd, leave, isOver), type(app, crowd, isOver)])))
  printTable(
    `${people} people online, each of whom watches ${teamOf - 1} others and a room of ${roomOf}`,
    ['', 'of a core, %', 'told a second', 'resident MB'],
    rows,
  )

  for (const reader of readers) reader.close()
  await app.close()
  await Promise.all([postgres.stop(), redis.stop()])
}

interface OnePerson {
  readonly id: string
  readonly actor: Person
  readonly client: Client
  readonly team: readonly string[]
  readonly roomId: string
}

/** In the place of everybody's socket. */
class Counting implements Sink {
  readonly isFull = false
  count = 0
  async drained(): Promise<void> {}
  deliver(rendered: Rendered): void {
    // As for a socket: what is shared by many is serialised once.
    if (rendered.json.length > 0) this.count++
  }
  end(reason: Error): void {
    throw reason
  }
}

/** Teams and rooms as rows. Who is in a team with somebody may see them. */
async function fill({ sql }: Database): Promise<OnePerson[]> {
  const ids = Array.from({ length: people }, () => uuid())
  const teams = Array.from({ length: people / teamOf }, () => uuid())
  const rooms = Array.from({ length: people / roomOf }, () => uuid())
  await sql('insert into stream (id, head, active_at) select id, 0, now() from unnest($1::uuid[]) as id', [[...ids, ...teams, ...rooms]])
  await sql(
    `insert into app_user (id, handle, name, created_at)
     select id, 'p_' || n, 'Person ' || n, now() from unnest($1::uuid[]) with ordinality as one(id, n)`,
    [ids],
  )
  await sql(
    `insert into team (id, name, slug, member_count, created_by_id, created_at)
     select id, 'Team', 't-' || n, $2, $3, now() from unnest($1::uuid[]) with ordinality as one(id, n)`,
    [teams, teamOf, ids[0]],
  )
  await sql(
    `insert into team_member (id, team_id, user_id, role, joined_at)
     select gen_random_uuid(), ($2::uuid[])[1 + (n - 1) / $3::int], id, 'MEMBER', now() from unnest($1::uuid[]) with ordinality as one(id, n)`,
    [ids, teams, teamOf],
  )
  await sql(
    `insert into room (id, kind, name, member_count, created_by_id, created_at, is_private, is_general, is_severed)
     select id, 'GROUP', 'Room', $2, $3, now(), false, false, false from unnest($1::uuid[]) as id`,
    [rooms, roomOf, ids[0]],
  )
  await sql(
    `insert into room_member (id, room_id, user_id, role, joined_at)
     select gen_random_uuid(), ($2::uuid[])[1 + (n - 1) / $3::int], id, 'MEMBER', now() from unnest($1::uuid[]) with ordinality as one(id, n)`,
    [ids, rooms, roomOf],
  )
  return ids.map((id, index) => ({
    id,
    actor: new Person(id, uuid()),
    client: { ...noClient, device: { id: uuid(), onGone: () => () => {} } },
    team: ids.slice(index - (index % teamOf), index - (index % teamOf) + teamOf).filter((other) => other !== id),
    roomId: encodeId('GroupRoom', rooms[Math.floor(index / roomOf)]!),
  }))
}

const [watchPresence, watchTyping, setPresence, setTyping] = [
  WatchPresenceDocument,
  WatchTypingDocument,
  SetPresenceDocument,
  SetTypingDocument,
].map((document) => parse(print(document))) as [
  ReturnType<typeof parse>,
  ReturnType<typeof parse>,
  ReturnType<typeof parse>,
  ReturnType<typeof parse>,
]

function follow({ live, services }: App, { actor, client, team, roomId }: OnePerson, sink: Sink): Promise<Reader>[] {
  const userIds = team.map((id) => encodeId('User', id))
  return [
    live.open(
      { document: watchPresence, operationName: null, variables: { userIds } },
      createContext(services, actor, client),
      sink as Sink<never>,
    ),
    live.open(
      { document: watchTyping, operationName: null, variables: { roomId } },
      createContext(services, actor, client),
      sink as Sink<never>,
    ),
  ]
}

async function ask({ services }: App, { actor, client }: OnePerson, document: typeof setTyping, input: object): Promise<void> {
  const contextValue = createContext(services, actor, client)
  const { errors } = await execute({ schema, document, contextValue, variableValues: { input } })
  if (errors) throw errors[0]
}

/** Of five changes two are somebody who goes, two somebody who comes back, and one is a wish. */
async function change(app: App, crowd: readonly OnePerson[], leave: (() => void)[], isOver: () => boolean): Promise<void> {
  const everyMs = 60_000 / ((people / 100) * changesPerMinute)
  const statuses = ['AWAY', 'ONLINE', 'DO_NOT_DISTURB']
  const coming: Promise<void>[] = []
  for (let number = 0; !isOver(); number++) {
    const index = (number * 7919) % people
    if (number % 5 === 0) await ask(app, crowd[index]!, setPresence, { status: statuses[number % 3] })
    else if (number % 5 < 3) {
      leave[index]!()
      coming.push(
        pause(awayMs).then(() => {
          leave[index] = app.services.presence.arrive(crowd[index]!.id)
        }),
      )
    }
    await pause(everyMs)
  }
  await Promise.all(coming)
}

/** So many type at any time: each for a while, saying so again and again, and then stops. */
async function type(app: App, crowd: readonly OnePerson[], isOver: () => boolean): Promise<void> {
  const typists = people * typingShare
  await Promise.all(
    Array.from({ length: typists }, async (_, typist) => {
      await pause((typesForMs * typist) / typists)
      for (let turn = 0; !isOver(); turn++) {
        const person = crowd[(typist * 6007 + turn * 7919) % people]!
        const roomId = person.roomId
        for (let typedMs = 0; typedMs < typesForMs && !isOver(); typedMs += sayAgainMs) {
          await ask(app, person, setTyping, { roomId, isTyping: true })
          await pause(sayAgainMs)
        }
        await ask(app, person, setTyping, { roomId, isTyping: false })
      }
    }),
  )
}

/** From when what is done has gathered way. */
async function measure(name: string, sink: Counting, work: (isOver: () => boolean) => Promise<unknown>): Promise<(string | number)[]> {
  let isOver = false
  const working = work(() => isOver)
  await pause(awayMs)
  const [cpu, start, count] = [process.cpuUsage(), performance.now(), sink.count]
  await pause(windowMs)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - start) / 1000
  const row = [name, (user + system) / 10_000 / seconds, (sink.count - count) / seconds, process.memoryUsage.rss() / 1e6]
  isOver = true
  await working
  return row
}
