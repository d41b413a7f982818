import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis as Client } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { uuid } from '../../src/lib/uuid.ts'
import { createRedisRates } from '../../src/store/rates-redis.ts'
import { ratesContract, refused, table } from '../contract/rates.ts'
import { connectTo, type Redis, sharedRedis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'

const silent = () => undefined

describeWith(['redis'], 'rates in Redis', () => {
  let client: Client
  beforeAll(async () => {
    client = await connectTo(await sharedRedis())
  })
  afterAll(() => client.disconnect())

  ratesContract(async () => createRedisRates(client, table, { prefix: `${uuid()}:`, say: silent }))

  it('hold over all nodes', async () => {
    const prefix = `${uuid()}:`
    const other = await connectTo(await sharedRedis())
    const nodes = [client, other].map((on) => createRedisRates(on, table, { prefix, say: silent }))
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, index) => refused(nodes[index % 2]!.spend('reach', 'ann'))))
    other.disconnect()
    expect(outcomes.filter((refusal) => refusal === undefined)).toHaveLength(10)
  })

  it('leave nothing behind once full again', async () => {
    const prefix = `${uuid()}:`
    await createRedisRates(client, table, { prefix, say: silent }).spend('send', 'ann')
    expect(await client.keys(`${prefix}*`)).toHaveLength(1)
    await expect.poll(() => client.keys(`${prefix}*`)).toEqual([])
  })
})

describeWith(['redis'], 'rates without their Redis', () => {
  let redis: Redis
  let client: Client
  beforeAll(async () => {
    redis = await startRedis()
    client = await connectTo(redis)
  })
  afterAll(async () => {
    client.disconnect()
    await redis.stop()
  })

  it('let everybody through while it is gone, say so once, and are held again when it is back', async () => {
    const said: string[] = []
    const rates = createRedisRates(client, table, { restMs: 10, say: (line) => said.push(line) })
    await rates.spend('signIn', 'ann', 10)
    expect(await refused(rates.spend('signIn', 'ann'))).toBeDefined()

    const gone = once(client, 'close')
    await redis.kill()
    await gone
    const start = performance.now()
    for (let tries = 0; tries < 100; tries++) await rates.spend('signIn', 'ann')
    expect(performance.now() - start).toBeLessThan(1000)
    expect(said).toEqual([expect.stringContaining('not held')])

    await redis.start()
    await expect.poll(() => refused(rates.spend('signIn', 'ann', 10)), { timeout: 5000 }).toBeDefined()
    expect(said).toEqual([expect.stringContaining('not held'), 'Rates are held again.'])
  })

  it('hold nobody up for long when it does not answer', async () => {
    const said: string[] = []
    const rates = createRedisRates(client, table, { waitMs: 50, restMs: 60_000, say: (line) => said.push(line) })
    await rates.spend('signUp', 'ann', 10)
    redis.pause()
    await expect.poll(() => Promise.race([client.ping(), sleep(50, 'no answer')])).toBe('no answer')
    const start = performance.now()
    for (let tries = 0; tries < 100; tries++) await rates.spend('signUp', 'ann')
    const tookMs = performance.now() - start
    redis.resume()
    expect(tookMs).toBeGreaterThan(45)
    expect(tookMs).toBeLessThan(1000)
    expect(said).toEqual([expect.stringContaining('did not answer within 50 ms')])
  })
})
