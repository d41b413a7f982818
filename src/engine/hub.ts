import { within } from '../lib/within.ts'
import type { StoredEvent } from '../store/transact.ts'
import type { Bus, BusSubscription } from './bus.ts'
import { type Arrival, LiveStream, type LiveStreamOptions } from './live-stream.ts'

export interface HubOptions extends LiveStreamOptions {
  readonly bus: Bus
  readonly lingerMs: number
  readonly acknowledgeWaitMs: number
  readonly headCheckMs: number
  readonly headCheckAllMs: number
  /** Whether other processes write too: then what the bus may have lost is looked for in the log. */
  readonly checksHeads: boolean
}

/** A stream that is held open. */
export interface Held {
  readonly stream: LiveStream
  /** The log's head, read when the stream was already heard. Undefined: there is no such stream. */
  readonly head: number | undefined
  release(): void
}

/** One node's live streams: rings for the bus, rung by it, and healed from the log. */
export interface Hub {
  /** Tells all nodes of what was committed. Not awaited; what is lost on the way is found by the head check. */
  ring(events: readonly Arrival[]): void
  /** Follows a stream: hears it on the bus, then reads its head. An urgent one is checked each second while the bus is down. */
  hold(streamId: string, options?: { isUrgent?: boolean }): Promise<Held>
  /** How many streams are followed: for tests and metrics. */
  readonly size: number
  close(): void
}

export function createHub(options: HubOptions): Hub {
  const { bus, log } = options
  const streams = new Map<string, Followed>()

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
      // What is no event was rung by no version of ours. If it stands for one, the log has that.
      if (isRung(message)) stream.hear(revive(streamId, message))
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

  async function check(followed: readonly Followed[]): Promise<void> {
    for (let from = 0; from < followed.length; from += mostHeads) {
      const heads = await log.heads(followed.slice(from, from + mostHeads).map(({ stream }) => stream.id))
      for (const [id, head] of heads) streams.get(id)?.stream.notice(head)
    }
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

  let isChecking = false
  /** All were to be checked while others were: it is done right after. */
  let isAllOwed = false
  let lastFullCheck = performance.now()
  /** What the bus lost last, no gap shows: so heads are compared with the log, those that may have moved more often than the rest. */
  function checkHeads(all: boolean): void {
    if (isChecking) {
      isAllOwed ||= all
      return
    }
    // By a clock that nobody sets back.
    const isFull = all || performance.now() - lastFullCheck >= options.headCheckAllMs
    const recently = Date.now() - recentMs
    const due = [...streams.values()].filter(({ stream, urgent }) => isFull || stream.lastEventAt > recently || (urgent > 0 && !bus.isUp))
    if (isFull) lastFullCheck = performance.now()
    if (due.length === 0) return
    isChecking = true
    check(due)
      .catch(options.onTrouble)
      .finally(() => {
        isChecking = false
        if (!isAllOwed) return
        isAllOwed = false
        checkHeads(true)
      })
  }

  const ticking = options.checksHeads ? setInterval(() => checkHeads(false), options.headCheckMs) : undefined
  bus.onReturn(() => checkHeads(true))

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
    get size() {
      return streams.size
    },
    close() {
      clearInterval(ticking)
      for (const followed of streams.values()) {
        clearTimeout(followed.lingering)
        drop(followed)
      }
    },
  }
}

const mostHeads = 2000
const recentMs = 60_000

function topicOf(streamId: string): string {
  return `parley:stream:${streamId}`
}

/** An event on its way: the topic names its stream, and JSON knows no dates. */
interface Rung {
  seq: number
  type: string
  data: StoredEvent['data']
  at: string
  snapshot?: unknown
}

function isRung(message: object | null): message is Rung {
  const { seq, type, data, at } = (message ?? {}) as Partial<Record<keyof Rung, unknown>>
  const isWhole = Number.isSafeInteger(seq) && typeof type === 'string' && typeof data === 'object' && data !== null
  return isWhole && typeof at === 'string' && !Number.isNaN(Date.parse(at))
}

function strip({ seq, type, data, at, snapshot }: Arrival): Rung {
  return { seq, type, data, at: at.toISOString(), ...(snapshot === undefined ? {} : { snapshot }) }
}

function revive(streamId: string, { at, ...rest }: Rung): Arrival {
  return { streamId, ...rest, at: new Date(at) }
}
