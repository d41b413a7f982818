import type { PubSubEngine } from 'graphql-subscriptions'
import type { BusSubscription } from './bus.ts'

/** A subscription as every bus promises it, on whatever carries the messages. */
export function subscribeOn(
  pubSub: PubSubEngine,
  topic: string,
  listener: (message: object) => void,
  onTrouble: (error: unknown) => void,
): BusSubscription {
  let isClosed = false
  const hear = (message: object) => {
    if (isClosed) return
    try {
      listener(message)
    } catch (error) {
      onTrouble(error)
    }
  }
  const subscribed = pubSub.subscribe(topic, hear, {})
  return {
    ready: subscribed.then(() => {}, onTrouble),
    close() {
      if (isClosed) return
      isClosed = true
      subscribed.then((id) => pubSub.unsubscribe(id)).catch(onTrouble)
    },
  }
}
