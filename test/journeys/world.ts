import { afterAll, beforeAll, describe } from 'vitest'
import type { Overrides } from '../../src/app.ts'
import { aParley, type Parley, startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { type Person, aPerson as someone } from './person.ts'

/** One Parley of one or more nodes, and the people in it. Stories that name a second node get the first where there is but one. */
export interface World {
  readonly nodes: readonly Parley[]
  /** What it was started with: for further nodes, in processes of their own. */
  readonly env: Readonly<Record<string, string>>
  /** Signs somebody up; they live on that node until a story says otherwise. */
  aPerson(name: string, node?: Parley): Promise<Person>
  close(): Promise<void>
}

/** Tells a story on the embedded parts and, where they are installed, on two nodes with Postgres and Redis. The worlds are the worker's. */
export function inEachWorld(name: string, story: (world: () => World) => void): void {
  describe(`${name}, embedded`, () => tellIn(embedded, story))
  describeWith(['postgres', 'redis'], `${name}, on two nodes with Postgres and Redis`, () => tellIn(twoNodes, story))
}

/** The same where other settings hold, such as shorter times: in worlds of the story's own. */
export function inEachWorldWith(env: Record<string, string>, name: string, story: (world: () => World) => void): void {
  describe(`${name}, embedded`, () => tellIn(() => startNodes({ count: 1, env }), story, { isOwn: true }))
  describeWith(['postgres', 'redis'], `${name}, on two nodes with Postgres and Redis`, () =>
    tellIn(() => openTwo(env), story, { isOwn: true }),
  )
}

/** Only on the real parts. */
export function onTwoNodes(name: string, story: (world: () => World) => void): void {
  describeWith(['postgres', 'redis'], name, () => tellIn(twoNodes, story))
}

function tellIn(open: () => Promise<World>, story: (world: () => World) => void, { isOwn = false } = {}): void {
  let world: World
  if (isOwn) afterAll(() => world?.close())
  beforeAll(async () => {
    world = await open()
  })
  story(() => world)
}

export interface NodesOptions {
  readonly count: number
  readonly env: Record<string, string>
  readonly overrides?: Overrides
}

/** Nodes of one's own on the services that `env` names. The first prepares the database. */
export async function startNodes({ count, env, overrides }: NodesOptions): Promise<World> {
  const nodes: Parley[] = []
  while (nodes.length < count) nodes.push(await startParley(env, overrides))
  return worldOf(nodes, env)
}

let sharedEmbedded: Promise<World> | undefined
let sharedTwo: Promise<World> | undefined

function embedded(): Promise<World> {
  sharedEmbedded ??= aParley().then((node) => worldOf([node], {}))
  return sharedEmbedded
}

function twoNodes(): Promise<World> {
  sharedTwo ??= openTwo()
  return sharedTwo
}

async function openTwo(env: Record<string, string> = {}): Promise<World> {
  const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
  return startNodes({ count: 2, env: { ...env, DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url } })
}

function worldOf(nodes: readonly Parley[], env: Record<string, string>): World {
  return {
    nodes,
    env,
    aPerson: (name, node = nodes[0]!) => someone(node, name),
    async close() {
      for (const node of nodes) await node.close()
    },
  }
}
