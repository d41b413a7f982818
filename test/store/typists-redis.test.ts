import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis as Client } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { uuid } from '../../src/lib/uuid.ts'
import { createRedisTypists } from '../../src/store/typists-redis.ts'
import { typistsContract } from '../contract/typists.ts'
import { type Redis, sharedRedis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'

const ann = { roomId: 'room', personId: 'ann', deviceId: 'phone' }
const silent = () => undefined

async function connect(url: string): Promise<Client> {
  const client = new Client(url, { retryStrategy: () => 20 })
  client.on('error', () => undefined)
  await once(client, 'ready')
  return client
}

describeWith(['redis'], 'typists in Redis', () => {
  let client: Client
  beforeAll(async () => {
    client = await connect((await sharedRedis()).url)
  })
  afterAll(() => client.disconnect())

  typistsContract(async () => createRedisTypists(client, { prefix: `${uuid()}:`, say: silent }))

  it('are the same for all nodes', async () => {
    const prefix = `${uuid()}:`
    const other = await connect((await sharedRedis()).url)
    const [here, there] = [client, other].map((on) => createRedisTypists(on, { prefix, say: silent }))
    await here!.add(ann, 60_000)
    expect(await there!.read(['room'])).toEqual([[{ personId: 'ann', leftMs: expect.any(Number) }]])
    expect(await there!.remove(ann)).toEqual({ wasThere: true, leftMs: 0 })
    expect(await here!.read(['room'])).toEqual([[]])
    other.disconnect()
  })

  it('leave nothing behind', async () => {
    const prefix = `${uuid()}:`
    const typists = createRedisTypists(client, { prefix, say: silent })
    await typists.add(ann, 40)
    expect(await client.keys(`${prefix}*`)).toHaveLength(1)
    await until(async () => (await client.keys(`${prefix}*`)).length === 0)
    await typists.add(ann, 60_000)
    await typists.remove(ann)
    expect(await client.keys(`${prefix}*`)).toEqual([])
  })
})

describeWith(['redis'], 'typists without their Redis', () => {
  let redis: Redis
  let client: Client
  beforeAll(async () => {
    redis = await startRedis()
    client = await connect(redis.url)
  })
  afterAll(async () => {
    client.disconnect()
    await redis.stop()
  })

  it('are nobody while it is gone, hold nobody up, say so once, and are there again when it is back', async () => {
    const said: string[] = []
    const typists = createRedisTypists(client, { restMs: 10, say: (line) => said.push(line) })
    await typists.add(ann, 60_000)
    const gone = once(client, 'close')
    await redis.kill()
    await gone
    const start = performance.now()
    for (let tries = 0; tries < 100; tries++) {
      await typists.add(ann, 60_000)
      expect(await typists.read(['room', 'other'])).toEqual([[], []])
      expect(await typists.remove(ann)).toEqual({ wasThere: false, leftMs: 0 })
    }
    expect(performance.now() - start).toBeLessThan(1000)
    expect(said).toEqual([expect.stringContaining('Nobody is told')])
    await redis.start()
    await until(async () => {
      await typists.add(ann, 60_000)
      return (await typists.read(['room']))[0]!.length === 1
    })
    expect(said).toEqual([expect.stringContaining('Nobody is told'), 'Who is typing is told again.'])
  })

  it('hold nobody up for long when it does not answer', async () => {
    const typists = createRedisTypists(client, { waitMs: 50, restMs: 60_000, say: silent })
    redis.pause()
    await until(async () => (await Promise.race([client.ping(), pause(50, 'no answer')])) === 'no answer')
    const start = performance.now()
    for (let tries = 0; tries < 100; tries++) await typists.add(ann, 60_000)
    const tookMs = performance.now() - start
    redis.resume()
    expect(tookMs).toBeGreaterThan(45)
    expect(tookMs).toBeLessThan(1000)
  })
})
