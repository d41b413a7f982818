import { within } from '../lib/within.ts'
import type { BusSubscription } from './bus.ts'
import { revive, strip, topicOf } from './doorbell.ts'
import { type Checked, type HeadCheckOptions, startHeadCheck } from './head-check.ts'
import { type Arrival, LiveStream, type LiveStreamOptions } from './live-stream.ts'
import { type OnMoved, WatchedStreams } from './watched-streams.ts'

export interface HubOptions extends LiveStreamOptions, HeadCheckOptions {
  readonly lingerMs: number
  readonly acknowledgeWaitMs: number
}

/** A stream that is held open. */
export interface Held {
  readonly stream: LiveStream
  /** The log's head, read when the stream was already heard. Undefined: there is no such stream. */
  readonly head: number | undefined
  release(): void
}

export interface HoldOptions {
  /** It is checked each second while the bus is down. */
  readonly isUrgent?: boolean
}

/** One node's live streams: rings for the bus, rung by it, and healed from the log. */
export interface Hub {
  /** Tells all nodes of what was committed. Not awaited; what is lost on the way is found by the head check. */
  ring(events: readonly Arrival[]): void
  /** Follows a stream: hears it on the bus, then reads its head. */
  hold(streamId: string, options?: HoldOptions): Promise<Held>
  /** Only hears that a stream moves, after that position of it: see `WatchedStreams`. */
  watch(streamId: string, position: number, onMoved: OnMoved): () => void
  /** How many streams are followed: for tests and metrics. */
  readonly size: number
  /** How many are only watched. */
  readonly watched: number
  close(): void
}

export function createHub(options: HubOptions): Hub {
  const { bus, log } = options
  const streams = new Map<string, Followed>()
  const watched = new WatchedStreams(options)

  interface Followed {
    readonly stream: LiveStream
    readonly subscription: BusSubscription
    holders: number
    urgent: number
    /** The log has it. */
    isThere: boolean
    lingering?: NodeJS.Timeout | undefined
  }

  function follow(streamId: string): Followed {
    const stream = new LiveStream(streamId, options)
    const subscription = bus.subscribe(topicOf(streamId), (message) => {
      const event = revive(streamId, message)
      if (event) stream.hear(event)
    })
    const followed = { stream, subscription, holders: 0, urgent: 0, isThere: false }
    streams.set(streamId, followed)
    return followed
  }

  function release(followed: Followed, isUrgent: boolean): void {
    followed.holders--
    if (isUrgent) followed.urgent--
    if (followed.holders > 0) return
    // Whoever asks for streams that are not there shall not fill the memory with them.
    if (!followed.isThere) return void drop(followed)
    // Kept for a moment, so that coming back costs the database nothing.
    followed.lingering = setTimeout(() => drop(followed), options.lingerMs).unref()
  }

  function drop(followed: Followed): void {
    streams.delete(followed.stream.id)
    followed.subscription.close()
    followed.stream.close()
  }

  /** Until the acknowledgement comes the head check carries the stream; once it is there, what was rung before is looked for. */
  function watchForLate({ stream, subscription }: Followed): void {
    const look = async () => {
      await subscription.ready
      const head = await log.head(stream.id)
      if (head !== undefined) stream.notice(head)
    }
    look().catch(options.onTrouble)
  }

  function* checked(): Iterable<Checked> {
    for (const { stream, urgent } of streams.values())
      yield {
        id: stream.id,
        isBusy: (recently) => stream.lastEventAt > recently,
        isUrgent: urgent > 0,
        notice: (head) => streams.get(stream.id)?.stream.notice(head),
      }
    yield* watched
  }
  const headCheck = startHeadCheck(options, checked)

  return {
    ring(events) {
      for (const event of events) bus.publish(topicOf(event.streamId), strip(event))
    },
    async hold(streamId, { isUrgent = false } = {}) {
      const followed = streams.get(streamId) ?? follow(streamId)
      clearTimeout(followed.lingering)
      followed.holders++
      if (isUrgent) followed.urgent++
      let isReleased = false
      const releaseOnce = () => {
        if (isReleased) return
        isReleased = true
        release(followed, isUrgent)
      }
      try {
        const isHeard = await within(
          followed.subscription.ready.then(() => true),
          options.acknowledgeWaitMs,
        )
        if (!isHeard) watchForLate(followed)
        const head = await log.head(streamId)
        if (head !== undefined) {
          followed.isThere = true
          followed.stream.notice(head)
        }
        return { stream: followed.stream, head, release: releaseOnce }
      } catch (error) {
        releaseOnce()
        throw error
      }
    },
    watch: (streamId, position, onMoved) => watched.watch(streamId, position, onMoved),
    get size() {
      return streams.size
    },
    get watched() {
      return watched.size
    },
    close() {
      headCheck.close()
      watched.close()
      for (const followed of streams.values()) {
        clearTimeout(followed.lingering)
        drop(followed)
      }
    },
  }
}
