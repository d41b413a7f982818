import { RedisPubSub } from 'graphql-redis-subscriptions'
import { Redis, type RedisOptions } from 'ioredis'
import { within } from '../lib/within.ts'
import type { Bus } from './bus.ts'
import { subscribeOn } from './bus-subscription.ts'

/**
 * Over Redis Pub/Sub. Diverges from the memory bus where every network does: messages are lost while the connection is. A connection that
 * breaks silently is found by a ping, every few seconds.
 */
export function createRedisBus(url: string, onTrouble: (error: unknown) => void): Bus {
  const publisher = connect(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })
  // The subscriber's commands wait for the connection: a subscription made while Redis is down stands when it is back.
  // It is subscribed as soon as it is connected, and what asks whether Redis is ready may not be asked after that.
  const subscriber = connect(url, { maxRetriesPerRequest: null, enableReadyCheck: false })
  const pubSub = new RedisPubSub({ publisher, subscriber })
  const returned = new Set<() => void>()
  let wasDown = false

  for (const connection of [publisher, subscriber]) {
    let isToldOf = false
    connection.on('error', (error) => {
      if (!isToldOf) onTrouble(error)
      isToldOf = true
    })
    connection.on('close', () => {
      wasDown = true
    })
    connection.on('ready', () => {
      isToldOf = false
      if (wasDown) void announceReturn()
    })
  }

  /** ioredis subscribes anew when it is ready; what is sent after that is answered after that. */
  async function announceReturn(): Promise<void> {
    try {
      await subscriber.subscribe(markTopic)
      if (!isUp() || !wasDown) return
      wasDown = false
      for (const listener of returned) listener()
    } catch (error) {
      onTrouble(error)
    }
  }

  const isUp = () => publisher.status === 'ready' && subscriber.status === 'ready'
  const watch = setInterval(() => {
    for (const connection of [publisher, subscriber])
      if (connection.status === 'ready') answered(connection).catch(() => connection.disconnect(true))
  }, pingEveryMs)
  watch.unref()

  return {
    get isUp() {
      return isUp()
    },
    publish(topic, message) {
      if (publisher.status !== 'ready') return
      pubSub.publish(topic, message).catch(() => {})
    },
    subscribe: (topic, listener) => subscribeOn(pubSub, topic, listener, onTrouble),
    onReturn(listener) {
      returned.add(listener)
      return () => returned.delete(listener)
    },
    async ping() {
      if (!isUp()) throw new Error('Redis cannot be reached.')
      await answered(publisher)
    },
    async close() {
      clearInterval(watch)
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}

const markTopic = 'parley:heard-again'
const pingEveryMs = 5000
const pingWaitMs = 2000

function connect(url: string, options: RedisOptions): Redis {
  return new Redis(url, {
    ...options,
    connectTimeout: 2000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
    autoResubscribe: true,
  })
}

async function answered(connection: Redis): Promise<void> {
  if ((await within(connection.ping(), pingWaitMs)) === undefined) throw new Error(`Redis did not answer within ${pingWaitMs} ms.`)
}
