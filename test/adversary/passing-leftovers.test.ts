import { Redis as RedisClient } from 'ioredis'
import { expect, it } from 'vitest'
import { openSocket } from '../support/client.ts'
import { startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'

const sockets = 20
const each = 50

describeWith(['postgres', 'redis'], 'what passes, subscribed to and dropped a thousand times', () => {
  it('leaves nothing in memory, nor on the bus; and who typed meanwhile types no more', async () => {
    const redis = await startRedis()
    const client = new RedisClient(redis.url)
    const DATABASE_URL = await (await sharedPostgres()).createDatabase()
    const parley = await startParley({ DATABASE_URL, REDIS_URL: redis.url, LINGER_MS: '0', SOCKETS_PER_PERSON: '1000' })
    const { hub, services } = parley.app
    const [ann, ben] = [await parley.aUser('Ann'), await parley.aUser('Ben')]
    const roomId = await parley.aRoom(ann, [ben])
    const typing = 'subscription ($roomId: ID!) { typing(roomId: $roomId) { user { name } isTyping } }'
    const presence = 'subscription ($userIds: [ID!]!) { presence(userIds: $userIds) { user { presence { status } } } }'
    const say = 'mutation ($roomId: ID!) { setTyping(input: { roomId: $roomId, isTyping: true }) { __typename } }'
    await Promise.all(
      Array.from({ length: sockets }, async (_, number) => {
        const socket = await openSocket(parley.socketUrl)
        socket.ws.on('error', () => {})
        await socket.enter(ben.credentials)
        socket.subscribe('say', say, { roomId })
        for (let id = 0; id < each; id++) {
          if (id % 2 === 0) socket.subscribe(`${id}`, typing, { roomId })
          else socket.subscribe(`${id}`, presence, { userIds: [ann.id, ben.id] })
          // While it is being opened, and once it has been told something.
          if (id % 4 === 0) socket.send({ type: 'complete', id: `${id}` })
        }
        if (number % 2 === 0) await socket.messages.take(each / 4)
        socket.ws.terminate()
      }),
    )
    await until(() => services.typing.size.watched === 0 && services.presence.size.watched === 0, { what: 'letting go of what is watched' })
    await until(() => services.typing.size.people === 0, { what: 'ending what was typed' })
    await until(() => hub.size === 0, { what: 'letting go of every stream' })
    await until(async () => ((await client.pubsub('CHANNELS', 'parley:*')) as string[]).length === 0, { what: 'ending every subscription' })
    for (const key of await client.keys('parley:typing:*')) expect(await client.zcard(key)).toBe(0)
    for (const key of await client.keys('parley:*')) expect(await client.pttl(key)).toBeGreaterThan(0)
    expect(parley.logged.filter((line) => line.includes('omething'))).toEqual([])
    await parley.close()
    client.disconnect()
    await redis.stop()
  }, 60_000)
})
