import type { StoredEvent } from '../store/transact.ts'
import { cursorExpired } from './cursor.ts'
import type { Log } from './log.ts'
import type { Rendered } from './sink.ts'

/** An event with the rows that showing it needs, and what was made of it already for one group of readers or another. */
export interface Entry<Rows = unknown> {
  readonly event: StoredEvent
  /** Undefined once they are outdated: then whoever shows it reads them. */
  rows: Rows | undefined
  /** Replaced as a whole when it is outdated: a showing that began before does not find its way back. */
  rendered: Map<string, Rendering | Promise<Rendering>>
  /** About how much memory it holds. */
  bytes: number
  /** The part of it that was rendered. */
  renderedBytes: number
}

/** What came of showing an event to a group: one answer for all of it, or that each person has their own. */
export type Rendering = Rendered | 'personal'

/** An event as the bus brings it: perhaps with its rows. */
export type Arrival = StoredEvent & { readonly snapshot?: unknown }

export interface LiveStreamOptions {
  readonly ringEvents: number
  readonly ringBytes: number
  readonly gapWaitMs: number
  readonly log: Log
  /** Reads the rows that events need, in as few statements as it can: for each event, in order. */
  readonly hydrate: (events: readonly Arrival[]) => Promise<readonly unknown[]>
  /** The id of the row that from this event on must not be shown as it was before; undefined for all events that leave what was said alone. */
  readonly outdates: (event: StoredEvent) => string | undefined
  readonly onTrouble: (error: unknown) => void
}

/**
 * One stream as this node follows it: its recent events in a ring, in order and without a gap. What the bus brings too early waits for what is
 * missing; what it never brings is fetched from the log.
 */
export class LiveStream {
  readonly id: string
  readonly #options: LiveStreamOptions
  readonly #followers = new Set<() => void>()
  readonly #arrivals = new Map<number, Arrival>()
  readonly #pages = new Map<number, Promise<readonly Entry[]>>()
  #ring: Entry[] = []
  #bytes = 0
  /** The seq of the newest event in the ring; what the ring begins after, while it is empty. */
  #head: number | undefined
  /** The highest seq that this node has heard of. */
  #noticed = 0
  #isAdvancing = false
  #mayFetch = false
  #gapTimer: NodeJS.Timeout | undefined
  #isClosed = false
  /** When the newest event came, by this node's clock; a stream just opened counts as busy. */
  lastEventAt = Date.now()

  constructor(id: string, options: LiveStreamOptions) {
    this.id = id
    this.#options = options
  }

  get head(): number {
    return this.#head ?? 0
  }

  get hasFollowers(): boolean {
    return this.#followers.size > 0
  }

  /** Calls `wake` after each time the ring has grown. */
  follow(wake: () => void): () => void {
    this.#followers.add(wake)
    return () => this.#followers.delete(wake)
  }

  /** The log's head, as just read: where the ring begins if it has not begun, and else what should be there by now. */
  notice(head: number): void {
    if (this.#head === undefined) this.#head = head
    if (head > this.#noticed) this.#noticed = head
    if (this.#noticed > this.#head) this.#advance()
  }

  /** From the bus: in any order, at most once. */
  hear(event: Arrival): void {
    if (this.#head !== undefined && event.seq <= this.#head) return
    // What comes far too early is dropped; it is noticed, and the log has it.
    if (this.#arrivals.size < this.#options.ringEvents) this.#arrivals.set(event.seq, event)
    if (event.seq > this.#noticed) this.#noticed = event.seq
    if (this.#head !== undefined) this.#advance()
  }

  /** Up to `most` events after `seq` that are in the ring; undefined when the ring begins later. */
  inRing(seq: number, most: number): readonly Entry[] | undefined {
    if (seq >= this.head) return []
    const first = this.#ring[0]?.event.seq
    if (first === undefined || seq < first - 1) return undefined
    return this.#ring.slice(seq + 1 - first, seq + 1 - first + most)
  }

  /**
   * Events after `seq` from the log: the rest of an aligned page, which is read once for everybody who wants it at the time. Rejects with
   * CURSOR_EXPIRED when the one right after `seq` is no longer kept.
   */
  async page(seq: number): Promise<readonly Entry[]> {
    const number = Math.floor(seq / pageSize)
    let reading = this.#pages.get(number)
    if (!reading) {
      reading = this.#read(number * pageSize, pageSize)
      this.#pages.set(number, reading)
      const forget = () => this.#pages.delete(number)
      reading.then(forget, forget)
    }
    const found = (await reading).filter(({ event }) => event.seq > seq)
    // One who joined a reading that began before the event was there reads anew, alone.
    const entries = found.length > 0 ? found : await this.#read(seq, pageSize)
    if (entries[0]?.event.seq !== seq + 1) throw cursorExpired()
    return entries
  }

  /** From which position on the log keeps all events; undefined when it keeps none. */
  async beforeFirstKept(): Promise<number | undefined> {
    const [first] = await this.#options.log.after(this.id, 0, 1)
    return first && first.seq - 1
  }

  /** The events after `seq` up to the first that is the last wanted, as far as one read finds it; else none. What has not come here yet, the log has. */
  async upTo(seq: number, isLast: (event: StoredEvent) => boolean): Promise<readonly Entry[]> {
    const known = this.inRing(seq, pageSize) ?? []
    const place = known.findIndex(({ event }) => isLast(event))
    if (place !== -1) return known.slice(0, place + 1)
    const events = await this.#options.log.after(this.id, seq, pageSize)
    return events[0]?.seq === seq + 1 ? this.#entries(events.slice(0, events.findIndex(isLast) + 1)) : []
  }

  /** Tells that an entry's renderings take this much memory more, or less. */
  grew(entry: Entry, bytes: number): void {
    const first = this.#ring[0]?.event.seq
    if (first === undefined || this.#ring[entry.event.seq - first] !== entry) return
    entry.bytes += bytes
    entry.renderedBytes += bytes
    this.#bytes += bytes
    this.#trim()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#gapTimer)
  }

  async #read(after: number, most: number): Promise<readonly Entry[]> {
    return this.#entries(await this.#options.log.after(this.id, after, most))
  }

  async #entries(events: readonly Arrival[]): Promise<readonly Entry[]> {
    const rows = await this.#options.hydrate(events)
    return events.map((arrival, index) => {
      // The rows were made of it, and are what can be outdated.
      const { snapshot: _snapshot, ...event } = arrival
      return { event, rows: rows[index], rendered: new Map(), bytes: sizeOf(arrival), renderedBytes: 0 }
    })
  }

  #advance(): void {
    if (this.#isAdvancing || this.#isClosed) return
    this.#advanceAll().catch((error) => {
      this.#options.onTrouble(error)
      this.#waitForGap(retryMs)
    })
  }

  /** One at a time: takes what is due in order, and lets the log fill a gap that has stood for long enough. */
  async #advanceAll(): Promise<void> {
    this.#isAdvancing = true
    try {
      while (!this.#isClosed) {
        const due = this.#takeDue()
        if (due.length > 0) {
          // What comes next may wait for its own missing ones: this gap, if there was one, is closed.
          this.#endWait()
          this.#push(await this.#entries(due))
        } else if (this.#noticed <= this.head) return
        else if (this.#mayFetch) await this.#fetchGap()
        else return this.#waitForGap(this.#options.gapWaitMs)
      }
    } finally {
      // In the same tick as the last look: what is heard from now on starts anew.
      this.#isAdvancing = false
    }
  }

  async #fetchGap(): Promise<void> {
    this.#mayFetch = false
    const heardBefore = [...this.#arrivals.keys()]
    const noticedBefore = this.#noticed
    const missing = await this.#read(this.head, gapFetch)
    // Heard of, but not to be found: rung by a node whose database was since restored, say. The ring does not wait for it.
    if (missing.length === 0) {
      for (const seq of heardBefore) this.#arrivals.delete(seq)
      if (this.#noticed === noticedBefore) this.#noticed = this.head
    }
    this.#push(missing)
    this.#mayFetch = missing.length === gapFetch
  }

  #takeDue(): Arrival[] {
    const due: Arrival[] = []
    for (let seq = this.head + 1; due.length < gapFetch; seq++) {
      const arrival = this.#arrivals.get(seq)
      if (!arrival) break
      this.#arrivals.delete(seq)
      due.push(arrival)
    }
    return due
  }

  #push(entries: readonly Entry[]): void {
    if (entries.length === 0 || this.#isClosed) return
    // The log no longer keeps what came before: whoever is behind finds it expired.
    if (entries[0]!.event.seq !== this.head + 1) this.#clear()
    for (const entry of entries) {
      this.#outdate(entry.event)
      this.#ring.push(entry)
      this.#bytes += entry.bytes
      this.#arrivals.delete(entry.event.seq)
    }
    this.#head = entries.at(-1)!.event.seq
    for (const seq of this.#arrivals.keys()) if (seq <= this.#head) this.#arrivals.delete(seq)
    this.lastEventAt = Date.now()
    this.#trim()
    for (const wake of this.#followers) wake()
  }

  /**
   * What was rendered of an event may show more rows than the event names (a room's last message, say), so all of it goes; of the rows those
   * of the events that name the outdated one. Every node hears the event, so none has kept anything of it.
   */
  #outdate(event: StoredEvent): void {
    const id = this.#options.outdates(event)
    if (id === undefined) return
    for (const entry of this.#ring) {
      if (Object.values(entry.event.data).includes(id)) entry.rows = undefined
      entry.rendered = new Map()
      entry.bytes -= entry.renderedBytes
      this.#bytes -= entry.renderedBytes
      entry.renderedBytes = 0
    }
  }

  #trim(): void {
    let gone = 0
    while (this.#ring.length - gone > this.#options.ringEvents || (this.#bytes > this.#options.ringBytes && this.#ring.length - gone > 1)) {
      this.#bytes -= this.#ring[gone]!.bytes
      gone++
    }
    if (gone > 0) this.#ring.splice(0, gone)
  }

  #clear(): void {
    this.#ring = []
    this.#bytes = 0
  }

  #endWait(): void {
    if (this.#gapTimer) clearTimeout(this.#gapTimer)
    this.#gapTimer = undefined
    this.#mayFetch = false
  }

  #waitForGap(ms: number): void {
    this.#gapTimer ??= setTimeout(() => {
      this.#gapTimer = undefined
      this.#mayFetch = true
      this.#advance()
    }, ms)
  }
}

const pageSize = 100
const gapFetch = 100
const retryMs = 1000

/** A guess: an event's references, and the rows of its snapshot. Renderings are added as they are made. */
function sizeOf({ data, snapshot }: Arrival): number {
  return 500 + JSON.stringify(data).length + (snapshot === undefined ? 0 : 2 * JSON.stringify(snapshot).length)
}
