import { afterAll, beforeAll, expect, it } from 'vitest'
import { uuid } from '../../src/lib/uuid.ts'
import type { Parley } from '../support/parley.ts'
import { type Postgres, startPostgres } from '../support/postgres.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { startDyingNode } from './dying.ts'
import { inTurns, isDense, type Listening, type Person } from './person.ts'
import { startNodes, type World } from './world.ts'

/** Repeats with the same nonce until it is answered, as a good client does. */
async function insist(person: Person, roomId: string, content: string): Promise<string> {
  const nonce = uuid()
  return until(() => person.say(roomId, content, nonce).catch(() => undefined), { within: 40_000, what: `an answer to ${content}` })
}

/** Every acknowledged message came once, all came in their order, and nothing is missing. */
async function expectWhole(listening: Listening, acknowledged: readonly string[], told: readonly string[]): Promise<void> {
  await listening.hearsUpTo(told.length)
  expect(isDense(listening.heard)).toBe(true)
  expect(listening.heard[0]!.seq).toBe(1)
  expect(listening.contents).toEqual(told)
  expect([...listening.contents].sort()).toEqual([...acknowledged].sort())
}

const isReady = async (node: Parley) => (await fetch(`${node.url}/readyz`)).status === 200

describeWith(['postgres', 'redis'], 'when a neighbour fails', () => {
  let postgres: Postgres
  let redis: Redis
  let world: World
  let here: Parley
  let there: Parley
  let ada: Person
  let ben: Person
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    world = await startNodes({ count: 2, env: { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url } })
    ;[here, there] = world.nodes as [Parley, Parley]
    ada = await world.aPerson('Ada', here)
    ben = await world.aPerson('Ben', there)
  })
  afterAll(async () => {
    await world?.close()
    await Promise.all([redis?.stop(), postgres?.stop()])
  })

  it('Redis is killed while 500 messages are sent over two nodes, and comes back: nobody misses anything', async () => {
    const roomId = await ada.make(ben)
    const listenings = [await ada.follow(roomId), await ben.follow(roomId)]
    let answered = 0
    const acknowledged: string[] = []
    const sending = inTurns(
      500,
      async (number) => {
        const content = `Message ${number}`
        await (number % 2 === 0 ? ada : ben).say(roomId, content)
        acknowledged.push(content)
        answered++
      },
      4,
    )
    await until(() => answered > 100)
    await redis.kill()
    await until(() => answered > 300)
    await redis.start()
    await sending
    expect(acknowledged).toHaveLength(500)
    const told = await ada.readAll(roomId)
    for (const listening of listenings) {
      await expectWhole(listening, acknowledged, told)
      // Nothing that a reader could have noticed.
      expect(listening.connections).toBe(1)
      await listening.stop()
    }
    for (const node of world.nodes) await until(() => isReady(node), { what: 'hearing Redis again' })
  }, 60_000)

  it('Redis is down: whoever subscribes then hears what is said meanwhile, and goes on when it is back', async () => {
    const roomId = await ada.make(ben)
    await redis.kill()
    const listenings = [await ben.follow(roomId), await ada.follow(roomId)]
    await ada.say(roomId, 'Is anybody there?')
    for (const listening of listenings) await listening.hears('Is anybody there?')
    await redis.start()
    for (const node of world.nodes) await until(() => isReady(node), { what: 'hearing Redis again' })
    await ada.say(roomId, 'There you are')
    for (const listening of listenings) {
      await expectWhole(listening, ['Is anybody there?', 'There you are'], ['Is anybody there?', 'There you are'])
      await listening.stop()
    }
  }, 60_000)

  it('Redis hangs without closing a connection: nobody misses anything', async () => {
    const roomId = await ada.make(ben)
    const listening = await ben.follow(roomId)
    redis.pause()
    const acknowledged = await inTurns(40, async (number) => {
      await ada.say(roomId, `${number}`)
      return `${number}`
    })
    await listening.hearsUpTo(40)
    redis.resume()
    await ada.say(roomId, 'The end')
    await expectWhole(listening, [...acknowledged, 'The end'], await ada.readAll(roomId))
    await listening.stop()
    for (const node of world.nodes) await until(() => isReady(node), { what: 'hearing Redis again' })
  }, 60_000)

  it('a node is killed between commit and publish: what it committed is heard elsewhere, and its answer can be asked for again', async () => {
    const roomId = await ada.make(ben)
    const dying = await startDyingNode(world.env)
    const listenings = [await ben.follow(roomId), await ada.on(dying).follow(roomId, { thenAt: here })]
    await ada.on(dying).say(roomId, 'All is well')
    for (const listening of listenings) await listening.hears('All is well')
    await expect(ada.on(dying).say(roomId, 'Last words', 'nonce')).rejects.toThrow()
    expect(await dying.ended).toBe('SIGKILL')
    for (const listening of listenings) await listening.hears('Last words')
    const id = await ada.say(roomId, 'Last words', 'nonce')
    await ada.say(roomId, 'After')
    const told = ['All is well', 'Last words', 'After']
    for (const listening of listenings) {
      await expectWhole(listening, told, told)
      expect(listening.heard[1]!.message!.id).toBe(id)
      await listening.stop()
    }
  }, 60_000)

  it('Postgres is killed under load and comes back: what was acknowledged stays, and everybody hears everything once', async () => {
    const roomId = await ada.make(ben)
    const listenings = [await ada.follow(roomId), await ben.follow(roomId)]
    const acknowledged: string[] = []
    const sending = inTurns(
      300,
      async (number) => {
        const content = `Message ${number}`
        await insist(number % 2 === 0 ? ada : ben, roomId, content)
        acknowledged.push(content)
      },
      8,
    )
    await until(() => acknowledged.length > 100)
    await postgres.kill()
    listenings[1]!.cut()
    const kept = [...acknowledged]
    await postgres.start()
    await sending
    const told = await ada.readAll(roomId)
    expect(told).toEqual(expect.arrayContaining(kept))
    for (const listening of listenings) {
      await expectWhole(listening, acknowledged, told)
      await listening.stop()
    }
  }, 60_000)

  it('Postgres is away when an event is to be shown that needs it: the event comes whole when it is back', async () => {
    const roomId = await ada.make(ben)
    const { heard, ended, stop } = await readingMore(ben, roomId)
    await ada.say(roomId, 'First')
    await until(() => heard.length === 1)
    const acknowledged = inTurns(60, (number) => insist(ada, roomId, `Message ${number}`), 8)
    await until(() => heard.length > 10)
    await postgres.kill()
    await postgres.start()
    await acknowledged
    await Promise.race([until(() => heard.length === 61), ended.then((reason) => Promise.reject(reason))])
    expect(heard.filter(({ errors }) => errors)).toEqual([])
    expect(heard.map(({ data }) => data!.messageAdded.message.seq)).toEqual(Array.from({ length: 61 }, (_, index) => index + 1))
    for (const { data } of heard) expect(data!.messageAdded.room.members.nodes).toHaveLength(2)
    await stop()
  }, 60_000)
})

interface Detailed {
  readonly messageAdded: { message: { seq: number }; room: { members: { nodes: unknown[] } } }
}

/** Follows with a question to which no event brings the answer along. */
async function readingMore(person: Person, roomId: string) {
  const client = person.connect()
  const heard: { data?: Detailed | null; errors?: unknown }[] = []
  const query = `subscription ($roomId: ID!, $after: Cursor) {
    messageAdded(roomId: $roomId, after: $after) { message { seq } room { members(first: 10) { nodes { user { name } } } } } }`
  const variables = { roomId, after: await person.cursorOf(roomId) }
  const ended = new Promise((resolve) => {
    client.subscribe<Detailed>(
      { query, variables },
      { next: (result) => heard.push(result as { data: Detailed }), error: resolve, complete: () => resolve('complete') },
    )
  })
  return { heard, ended, stop: async () => client.dispose() }
}
