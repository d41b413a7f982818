import { once } from 'node:events'
import { Redis as Client } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { uuid } from '../../src/lib/uuid.ts'
import { createRedisWhereabouts } from '../../src/store/whereabouts-redis.ts'
import { whereaboutsContract } from '../contract/whereabouts.ts'
import { type Redis, sharedRedis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'

const silent = () => undefined

async function connect(url: string): Promise<Client> {
  const client = new Client(url, { retryStrategy: () => 20 })
  client.on('error', () => undefined)
  await once(client, 'ready')
  return client
}

describeWith(['redis'], 'whereabouts in Redis', () => {
  let client: Client
  beforeAll(async () => {
    client = await connect((await sharedRedis()).url)
  })
  afterAll(() => client.disconnect())

  const aNode = (prefix: string, leaseMs = 60_000) => createRedisWhereabouts(client, { nodeId: uuid(), leaseMs, prefix, say: silent })

  whereaboutsContract(async () => aNode(`${uuid()}:`))

  it('are the same for all nodes: who leaves one may still be there by another', async () => {
    const prefix = `${uuid()}:`
    const [here, there] = [aNode(prefix), aNode(prefix)]
    await here.arrive(['ann', 'ben'])
    await there.arrive(['ann'])
    expect(await here.leave(['ann', 'ben'])).toEqual([true, false])
    expect(await there.read(['ann', 'ben'])).toEqual([true, false])
  })

  it('nobody is there by a node whose lease is over, and nothing is left of it', async () => {
    const prefix = `${uuid()}:`
    const [killed, living] = [aNode(prefix, 100), aNode(prefix)]
    await living.arrive(['ben'])
    await killed.arrive(['ann'])
    expect(await living.read(['ann', 'ben'])).toEqual([true, true])
    await until(async () => !(await living.read(['ann']))![0])
    expect(await living.read(['ann', 'ben'])).toEqual([false, true])
    await living.renew(() => ['ben'])
    await until(async () => (await client.keys(`${prefix}*`)).length === 3)
    expect(await client.zcard(`${prefix}nodes`)).toBe(1)
  })

  it('a lease that is renewed is not over', async () => {
    const prefix = `${uuid()}:`
    const node = aNode(prefix, 150)
    await node.arrive(['ann'])
    const start = performance.now()
    await until(async () => {
      await node.renew(() => ['ann'])
      expect(await node.read(['ann'])).toEqual([true])
      return performance.now() - start > 500
    })
  })

  it('who was forgotten is there again when the lease is renewed', async () => {
    const prefix = `${uuid()}:`
    const [node, other] = [aNode(prefix), aNode(prefix)]
    await node.arrive(['ann'])
    await client.del(...(await client.keys(`${prefix}*`)))
    expect(await other.read(['ann', 'ben'])).toEqual([false, false])
    await node.renew(() => ['ann', 'ben'])
    expect(await other.read(['ann', 'ben'])).toEqual([true, true])
  })

  it('when all was forgotten, it is not known who is there until every node had the time to say so again', async () => {
    const prefix = `${uuid()}:`
    const [watching, first, second] = [aNode(prefix, 600), aNode(prefix), aNode(prefix)]
    await first.arrive(['ann'])
    await second.arrive(['ben'])
    expect(await watching.read(['ann', 'ben'])).toEqual([true, true])
    await client.del(...(await client.keys(`${prefix}*`)))
    expect(await watching.read(['ann', 'ben'])).toBeUndefined()
    await first.renew(() => ['ann'])
    expect(await watching.read(['ann', 'ben'])).toBeUndefined()
    await second.renew(() => ['ben'])
    await until(async () => (await watching.read(['ann', 'ben'])) !== undefined)
    expect(await watching.read(['ann', 'ben'])).toEqual([true, true])
  })

  it('who came or went while nobody could be told has come and gone when the lease is renewed', async () => {
    const prefix = `${uuid()}:`
    const node = aNode(prefix)
    await node.arrive(['ann', 'ben'])
    await node.renew(() => ['ben', 'cid', 'dan'])
    expect(await node.read(['ann', 'ben', 'cid', 'dan'])).toEqual([false, true, true, true])
    await node.renew(() => [])
    expect(await node.read(['ben'])).toEqual([false])
  })

  it('a node that retires leaves its people there for a moment', async () => {
    const prefix = `${uuid()}:`
    const [going, staying] = [aNode(prefix), aNode(prefix)]
    await staying.arrive(['ben'])
    await going.arrive(['ann'])
    await going.retire(200)
    expect(await staying.read(['ann'])).toEqual([true])
    await until(async () => !(await staying.read(['ann']))![0])
    expect(await staying.read(['ben'])).toEqual([true])
  })

  it('every key has an end', async () => {
    const prefix = `${uuid()}:`
    await aNode(prefix).arrive(['ann'])
    const keys = await client.keys(`${prefix}*`)
    expect(keys).toHaveLength(3)
    for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(0)
  })
})

describeWith(['redis'], 'whereabouts without their Redis', () => {
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

  it('are not known while it is gone, hold nobody up, say so once, and are known again when it is back', async () => {
    const said: string[] = []
    const node = createRedisWhereabouts(client, { nodeId: uuid(), leaseMs: 60_000, restMs: 10, say: (line) => said.push(line) })
    await node.arrive(['ann'])
    const gone = once(client, 'close')
    await redis.kill()
    await gone
    const start = performance.now()
    for (let tries = 0; tries < 100; tries++) {
      await node.arrive(['ann'])
      expect(await node.read(['ann'])).toBeUndefined()
      expect(await node.leave(['ben'])).toEqual([false])
      await node.renew(() => ['ann'])
    }
    expect(performance.now() - start).toBeLessThan(1000)
    expect(said).toEqual([expect.stringContaining('not known')])
    await redis.start()
    await until(async () => {
      await node.renew(() => ['ann'])
      return (await node.read(['ann']))?.[0]
    })
    expect(said).toEqual([expect.stringContaining('not known'), expect.stringContaining('known again')])
  })

  it('who came while it did not answer is there once it does, and who went is gone, though they are as many as before', async () => {
    const node = createRedisWhereabouts(client, { nodeId: uuid(), leaseMs: 60_000, waitMs: 50, restMs: 10, prefix: 'paused:', say: silent })
    await node.arrive(['ann', 'ben'])
    redis.pause()
    // Nobody waits for what was asked first; what is asked while nobody asks is not even sent.
    await node.read(['ann'])
    await node.arrive(['cid'])
    await node.leave(['ben'])
    redis.resume()
    await until(async () => {
      await node.renew(() => ['ann', 'cid'])
      return (await node.read(['ann'])) !== undefined
    })
    expect(await node.read(['ann', 'ben', 'cid'])).toEqual([true, false, true])
  })
})
