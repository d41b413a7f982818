/**
 * Carries messages between nodes: the doorbell, never the truth. What it promises, and `test/contract/bus.ts` holds every bus to:
 *
 * - A message reaches each listener **at most once**. It may be lost, and it is not told whether it was.
 * - Messages of one publisher on one topic arrive in their order, unless the bus went down in between.
 * - While the bus is down, what is published is dropped: at once, without an error, and never kept for later.
 * - A listener hears what is published after its subscription is `ready`, from every node, its own included.
 * - Subscriptions outlive an outage. When the bus is heard again, `onReturn` tells: whatever was rung meanwhile is lost.
 * - A message is what `JSON.stringify` leaves of it. All listeners of a node share one object: nobody writes to it.
 * - A listener that throws harms nobody else.
 */
export interface Bus {
  publish(topic: string, message: object): void
  subscribe(topic: string, listener: (message: object) => void): BusSubscription
  /** Whether what is published now would be carried, as far as this node knows. */
  readonly isUp: boolean
  /** Calls back each time the bus is heard again after an outage, once all subscriptions stand; until what it answers is called. */
  onReturn(listener: () => void): () => void
  /** Resolves when the bus answers; rejects when it does not in a moment. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface BusSubscription {
  /** Resolves when the bus has acknowledged it; while the bus is down it waits. Never rejects. */
  readonly ready: Promise<void>
  /** After this nothing is heard. May be called before it was ready, and more than once. */
  close(): void
}
