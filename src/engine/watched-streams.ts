import type { Bus, BusSubscription } from './bus.ts'
import { revive, topicOf } from './doorbell.ts'
import type { Checked } from './head-check.ts'
import type { Arrival } from './live-stream.ts'
import type { Log } from './log.ts'

/** Hears that a stream has moved: by which event, or, where that is not known, by some. It does not throw. */
export type OnMoved = (event: Arrival | undefined) => void

export interface WatchedStreamsOptions {
  readonly bus: Bus
  readonly log: Log
  readonly onTrouble: (error: unknown) => void
}

/**
 * Streams of which this node wants to know only that they move: no ring is kept for them and no row is read, so thousands cost little. All who
 * watch the same one share a subscription to the bus.
 */
export class WatchedStreams implements Iterable<Checked> {
  readonly #options: WatchedStreamsOptions
  readonly #streams = new Map<string, WatchedStream>()

  constructor(options: WatchedStreamsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#streams.size
  }

  [Symbol.iterator](): Iterator<Checked> {
    return this.#streams.values()
  }

  /**
   * Calls back for what comes after `position`, which the watcher knows of: for each event that the bus brings, and once for all those that it
   * lost or brought out of order. Until what it answers is called, which may be more than once.
   */
  watch(streamId: string, position: number, onMoved: OnMoved): () => void {
    const stream = this.#streams.get(streamId) ?? this.#open(streamId, position)
    // A name of their own: the same function may watch twice.
    const watcher: Watcher = { onMoved }
    stream.add(watcher, position)
    return () => {
      if (!stream.remove(watcher) || this.#streams.get(streamId) !== stream) return
      this.#streams.delete(streamId)
      stream.close()
    }
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close()
    this.#streams.clear()
  }

  #open(streamId: string, position: number): WatchedStream {
    const stream = new WatchedStream(streamId, position, this.#options)
    this.#streams.set(streamId, stream)
    return stream
  }
}

interface Watcher {
  readonly onMoved: OnMoved
}

class WatchedStream implements Checked {
  readonly id: string
  readonly isUrgent = false
  readonly #watchers = new Set<Watcher>()
  readonly #subscription: BusSubscription
  /** The highest seq that anybody here knows of. */
  #seen: number
  #movedAt = 0
  #isClosed = false

  constructor(id: string, position: number, { bus, log, onTrouble }: WatchedStreamsOptions) {
    this.id = id
    this.#seen = position
    this.#subscription = bus.subscribe(topicOf(id), (message) => {
      const event = revive(id, message)
      if (event) this.#hear(event)
    })
    // What was rung before it was heard is found in the log.
    const lookOnceHeard = async () => {
      await this.#subscription.ready
      if (this.#isClosed) return
      const head = await log.head(id)
      if (head !== undefined) this.notice(head)
    }
    lookOnceHeard().catch((error) => {
      // The head check goes on looking.
      this.#movedAt = Date.now()
      onTrouble(error)
    })
  }

  add(watcher: Watcher, position: number): void {
    this.notice(position)
    this.#watchers.add(watcher)
    // Not in the middle of their coming.
    if (position < this.#seen) queueMicrotask(() => this.#watchers.has(watcher) && watcher.onMoved(undefined))
  }

  /** Answers whether it was the last. */
  remove(watcher: Watcher): boolean {
    return this.#watchers.delete(watcher) && this.#watchers.size === 0
  }

  isBusy(recently: number): boolean {
    return this.#movedAt > recently
  }

  notice(head: number): void {
    if (head > this.#seen) this.#move(head, undefined)
  }

  close(): void {
    this.#isClosed = true
    this.#subscription.close()
    this.#watchers.clear()
  }

  #hear(event: Arrival): void {
    // The one that a later one has overtaken was told of with it.
    if (event.seq <= this.#seen) return
    if (event.seq > this.#seen + 1) this.notice(event.seq - 1)
    this.#move(event.seq, event)
  }

  #move(seq: number, event: Arrival | undefined): void {
    this.#seen = seq
    this.#movedAt = Date.now()
    for (const { onMoved } of this.#watchers) onMoved(event)
  }
}
