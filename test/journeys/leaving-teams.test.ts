import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSocket } from '../support/client.ts'
import type { Parley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { followRoom, type Heard, inTurns, isDense, type Person } from './person.ts'
import { aPlace, followAll, isServed, remove } from './place.ts'
import { startNodes, type World } from './world.ts'

/** Who does not read answers no pings either. */
const env = { SLOW_BYTES: String(64 * 1024), STUCK_MS: '600000', PING_MS: '600000' }
/** As long as a message may be: 24,000 bytes. */
const paragraph = '漢'.repeat(7980)

describe('a reader who stops reading, and is removed from the team', () => tellOfSlowReaders(() => startNodes({ count: 1, env })))

describeWith(['postgres', 'redis'], 'a reader who stops reading, and is removed from the team on another node', () =>
  tellOfSlowReaders(async () => {
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    return startNodes({ count: 2, env: { ...env, DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url } })
  }),
)

function tellOfSlowReaders(open: () => Promise<World>): void {
  let world: World
  beforeAll(async () => {
    world = await open()
  }, 60_000)
  afterAll(() => world?.close())

  it('is sent nothing more when they read on, and told why', async () => {
    const [here, there = here] = world.nodes as [Parley, Parley?]
    const ada = await world.aPerson('Ada', here)
    const ben = await world.aPerson('Ben', there)
    const place = await aPlace(ada, ben)
    const query = { query: followRoom, variables: { roomId: place.newsId, after: await ben.cursorOf(place.newsId) } }
    const socket = await openSocket(there.socketUrl)
    await socket.enter(ben.credentials)
    socket.subscribe('news', query.query, query.variables)
    const reading = await openStream(there, ben, query)
    await ada.say(place.newsId, 'Read this')
    expect((await socket.messages.next()).payload.data.roomEvents.message.content).toBe('Read this')
    socket.ws.pause()
    // More than all the buffers between them can hold.
    await inTurns(600, (number) => ada.say(place.newsId, `${number} ${paragraph}`))
    await remove(ada, place.teamId, ben)
    await ada.say(place.newsId, 'After')

    socket.ws.resume()
    const told: Heard[] = []
    for (;;) {
      const { type, payload } = await socket.messages.next()
      if (type === 'error') {
        expect(payload.map((error: { extensions: { code: string } }) => error.extensions.code)).toEqual(['NOT_FOUND'])
        break
      }
      told.push(payload.data.roomEvents)
    }
    const text = await reading()
    expect(text).toContain('"code":"NOT_FOUND"')
    const read = [...text.matchAll(/"content":"(\d+|After)/g)].map(([, content]) => content)
    for (const contents of [told.map(({ message }) => message?.content.split(' ')[0]), read]) {
      expect(contents).not.toContain('After')
      expect(contents.length).toBeLessThan(600)
    }
    expect(isDense(told)).toBe(true)
    await socket.close()
  }, 90_000)
}

describeWith(['postgres', 'redis'], 'a team while Redis is down', () => {
  it('whoever is removed loses all of it within two seconds, on the other node too', async () => {
    const redis = await startRedis()
    const world = await startNodes({
      count: 2,
      env: { DATABASE_URL: await (await sharedPostgres()).createDatabase(), REDIS_URL: redis.url },
    })
    const [here, there] = world.nodes as [Parley, Parley]
    const ada = await world.aPerson('Ada', here)
    const ben = await world.aPerson('Ben', there)
    const place = await aPlace(ada, ben)
    const client = ben.connect()
    const followed = followAll(client, place)
    await isServed(client)
    await redis.kill()
    await until(async () => (await fetch(`${there.url}/readyz`)).status === 503, { what: 'noticing that Redis is gone' })
    await remove(ada, place.teamId, ben)
    const start = performance.now()
    for (const { stream, ended } of followed) {
      const { codes, at } = await ended
      expect(codes, stream).toEqual(['NOT_FOUND'])
      expect(at - start, stream).toBeLessThan(2000)
    }
    await client.dispose()
    await world.close()
    await redis.stop()
  }, 60_000)
})

/** An event stream that nobody reads until it is asked for its text. */
async function openStream({ url }: Parley, person: Person, operation: object): Promise<() => Promise<string>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...person.credentials },
    body: JSON.stringify(operation),
  })
  expect(response.status).toBe(200)
  return () => response.text()
}
