import { PubSub } from 'graphql-subscriptions'
import type { Bus } from './bus.ts'

/** Within one process: never down, and loses nothing. */
export function createMemoryBus(onTrouble: (error: unknown) => void): Bus {
  const pubSub = new PubSub()
  return {
    isUp: true,
    publish: (topic, message) => void pubSub.publish(topic, message).catch(onTrouble),
    subscribe(topic, listener) {
      let isClosed = false
      const subscribed = pubSub.subscribe(topic, (message: object) => {
        if (isClosed) return
        try {
          listener(message)
        } catch (error) {
          onTrouble(error)
        }
      })
      return {
        ready: subscribed.then(() => {}, onTrouble),
        close() {
          if (isClosed) return
          isClosed = true
          void subscribed.then((id) => pubSub.unsubscribe(id), onTrouble)
        },
      }
    },
    onReturn() {},
    async ping() {},
    async close() {},
  }
}
