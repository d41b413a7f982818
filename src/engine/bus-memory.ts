import { PubSub } from 'graphql-subscriptions'
import type { Bus } from './bus.ts'
import { subscribeOn } from './bus-subscription.ts'

/** Within one process: never down, and loses nothing. */
export function createMemoryBus(onTrouble: (error: unknown) => void): Bus {
  const pubSub = new PubSub()
  return {
    isUp: true,
    publish: (topic, message) => void pubSub.publish(topic, message).catch(onTrouble),
    subscribe: (topic, listener) => subscribeOn(pubSub, topic, listener, onTrouble),
    onReturn: () => () => {},
    async ping() {},
    async close() {},
  }
}
