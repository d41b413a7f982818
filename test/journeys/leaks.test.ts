import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Redis as RedisClient } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { openSocket } from '../support/client.ts'
import { type Parley, startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { aPerson, followRoom, inTurns, type Person } from './person.ts'

const socketsARound = 125
const followed = 8
/** Of garbage that is none, per subscription dropped: less than anything that could be forgotten of one. */
const mostBytes = 1000
const env = { SOCKETS_PER_PERSON: '1000000', LINGER_MS: '20' }

describe('1,000 subscriptions dropped without a goodbye, embedded', () => {
  it('leave nothing behind', async () => {
    const parley = await startParley(env)
    await leaveNothing(parley)
    await parley.close()
  }, 90_000)
})

describeWith(['postgres', 'redis'], '1,000 subscriptions dropped without a goodbye, on Postgres and Redis', () => {
  it('leave nothing behind, nor in Redis', async () => {
    const redis = await startRedis()
    const parley = await startParley({ ...env, DATABASE_URL: await (await sharedPostgres()).createDatabase(), REDIS_URL: redis.url })
    const client = new RedisClient(redis.url)
    const topics = async () => (await client.pubsub('CHANNELS', 'parley:stream:*')) as string[]
    await leaveNothing(parley, async () => {
      // All that is followed, and nothing of it afterwards.
      expect(await topics()).toHaveLength(parley.app.hub.size)
    })
    await until(async () => (await topics()).length === 0, { what: 'ending every subscription in Redis' })
    client.disconnect()
    await parley.close()
    await redis.stop()
  }, 90_000)
})

async function leaveNothing(parley: Parley, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  const people = await inTurns(10, (number) => aPerson(parley, `Person ${number}`))
  const rooms = await inTurns(20, () => people[0]!.make(...people.slice(1)))
  const round = async () => {
    await comeAndGo(parley, people, rooms, meanwhile)
    return heapUsed()
  }
  // What is made once and kept, for the first: caches, compiled code.
  await round()
  const first = await round()
  const second = await round()
  const third = await round()
  // Twice, so that it is not what one round left by chance.
  expect(Math.min(second - first, third - second)).toBeLessThan(socketsARound * followed * mostBytes)
}

async function comeAndGo(parley: Parley, people: readonly Person[], rooms: readonly string[], meanwhile: () => Promise<void>) {
  const { app } = parley
  // From before the messages: whoever is still on the way when one is said gets it too.
  const cursors = await inTurns(rooms.length, (number) => people[0]!.cursorOf(rooms[number]!))
  const sockets = await inTurns(socketsARound, async (number) => {
    const socket = await openSocket(parley.socketUrl)
    socket.ws.on('error', () => {})
    const person = people[number % people.length]!
    await socket.enter(person.credentials)
    for (let n = 0; n < followed; n++) {
      const index = (number * followed + n) % rooms.length
      socket.subscribe(`${n}`, followRoom, { roomId: rooms[index]!, after: cursors[index]! })
    }
    return socket
  })
  await until(() => app.live.groups === rooms.length, { what: 'following every room' })
  // A message in each room, and everybody gets it: all 1,000 are there.
  await inTurns(rooms.length, (number) => people[0]!.say(rooms[number]!, 'Hello'))
  for (const socket of sockets) await socket.messages.take(followed)
  expect(app.hub.size).toBe(rooms.length + people.length)
  await meanwhile()
  for (const { ws } of sockets) ws.terminate()

  await until(() => app.server.sockets === 0, { what: 'noticing that everybody is gone' })
  await until(() => app.live.groups === 0, { what: 'letting go of every group' })
  await until(() => app.hub.size === 0, { what: 'letting go of every stream' })
  for (const { id } of people) expect(app.attendance.guestsOf(Buffer.from(id, 'base64url').toString().split(':')[1]!)).toBe(0)
}

/** What is still held after collecting all that is not. */
async function heapUsed(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // Sockets end in steps: what one collection frees lets the next free more.
  for (let time = 0; time < 4; time++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}
