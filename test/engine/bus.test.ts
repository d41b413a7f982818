import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Bus } from '../../src/engine/bus.ts'
import { createMemoryBus } from '../../src/engine/bus-memory.ts'
import { createRedisBus } from '../../src/engine/bus-redis.ts'
import { busContract } from '../contract/bus.ts'
import { type Redis, sharedRedis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'

busContract('within one process', async () => createMemoryBus(() => {}))

describeWith(['redis'], 'over Redis', () => {
  busContract('over Redis', async () => createRedisBus((await sharedRedis()).url, () => {}))
})

describeWith(['redis'], 'the bus when Redis goes away', () => {
  let redis: Redis
  let bus: Bus
  beforeAll(async () => {
    redis = await startRedis()
    bus = createRedisBus(redis.url, () => {})
    await until(() => bus.isUp)
  })
  afterAll(async () => {
    await bus.close()
    await redis.stop()
  })

  it('drops what is published meanwhile, stands again by itself, and tells that it was away', async () => {
    const heard: object[] = []
    let returns = 0
    let returnsUnheard = 0
    bus.onReturn(() => returnsUnheard++)()
    bus.onReturn(() => returns++)
    await bus.subscribe('before', (message) => heard.push(message)).ready

    await redis.kill()
    await until(() => !bus.isUp)
    await expect(bus.ping()).rejects.toThrow()
    bus.publish('before', { lost: true })
    const during = bus.subscribe('during', (message) => heard.push(message))
    let isReady = false
    void during.ready.then(() => {
      isReady = true
    })

    await redis.start()
    await until(() => returns === 1)
    await until(() => isReady)
    bus.publish('before', { n: 1 })
    bus.publish('during', { n: 2 })
    await until(() => heard.length >= 2)
    expect(heard).toEqual([{ n: 1 }, { n: 2 }])
    expect(returnsUnheard).toBe(0)
  })

  it('finds a connection that broke without a word', { timeout: 30_000 }, async () => {
    redis.pause()
    await until(() => !bus.isUp, { within: 15_000 })
    redis.resume()
    await until(() => bus.isUp)
  })
})
