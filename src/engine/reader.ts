import { isLostConnection } from '../store/failures.ts'
import type { StoredEvent } from '../store/transact.ts'
import type { Following, State } from './following.ts'
import type { Group } from './group.ts'
import type { Entry } from './live-stream.ts'
import { Newest } from './newest.ts'
import type { Loss, Reader, Rendered, Sink } from './sink.ts'

export interface StreamReaderOptions {
  readonly group: Group
  readonly following: Following
  readonly sink: Sink
  /** The seq of the last event that it is not to get. */
  readonly position: number
  /** The events right after it, where they were read from the log already. */
  readonly next?: readonly Entry[] | undefined
  /** What an event is for this person alone. Rejects only when the database cannot be reached. */
  readonly renderForPerson: (entry: Entry) => Promise<Rendered>
  /** What a state is for them, told in the place of the event with that seq. Rejects likewise. */
  readonly renderState: (state: State, seq: number) => Promise<Rendered>
  /** Called once, when it is over for whatever reason. */
  readonly onClose: () => void
}

/** One subscription following one stream: a position and a way to send. Behind, it reads by itself; live, its group feeds it. */
export class StreamReader implements Reader {
  readonly personId: string
  readonly #options: StreamReaderOptions
  readonly #sink: Sink
  #next: readonly Entry[] | undefined
  #position: number
  #isClosed = false
  /** Who waits for it to get there. */
  #waiting: { readonly seq: number; readonly arrived: () => void }[] = []
  /** How often its right came into doubt, and which doubt was the last to be answered. */
  #doubt = 0
  #answered = 0
  /** Until then it is known well enough that it may follow, by a clock that nobody sets back. */
  #mayUntil = 0
  #again: NodeJS.Timeout | undefined
  readonly #newest = new Newest<State>()
  #isWatching = false
  #unwatch: (() => void) | undefined

  constructor(options: StreamReaderOptions) {
    this.#options = options
    // Live, it has nothing to do by itself: it falls behind, tells, and is back in the same turn when there was nothing to wait for.
    this.#newest.onNews = () => {
      if (this.#options.group.leave(this)) this.catchUp()
    }
    this.#sink = options.sink
    this.personId = options.following.options.personId
    this.#position = options.position
    this.#next = options.next
  }

  /** Everything up to here was delivered, or was not wanted. */
  get position(): number {
    return this.#position
  }

  set position(seq: number) {
    this.#position = seq
    if (this.#waiting.length > 0) this.#arrive(seq)
  }

  start(): void {
    this.catchUp()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#again)
    this.#unwatch?.()
    this.#options.group.leave(this)
    this.#arrive(Number.POSITIVE_INFINITY)
    this.#options.onClose()
  }

  /** It may not go on, or cannot: tells the client why, after everything delivered so far. */
  fail(reason: Error): void {
    if (this.#isClosed) return
    this.close()
    this.#options.sink.end(reason)
  }

  /** From its group: takes what is next, or says that it has no room. */
  accept(rendered: Rendered): boolean {
    if (this.#sink.isFull) return false
    this.#sink.deliver(rendered)
    return true
  }

  /** Unless this stream tells of it by itself, from now on nothing is delivered until its right was asked for again. */
  recheck(loss: Loss): void {
    if (this.#isClosed || loss === 'told') return
    this.#doubt++
    if (this.#options.group.leave(this)) this.catchUp()
  }

  reaches(streamId: string, seq: number): Promise<void> {
    if (this.#isClosed || this.#position >= seq || this.#options.group.stream.id !== streamId) return Promise.resolve()
    return new Promise((arrived) => this.#waiting.push({ seq, arrived }))
  }

  /** Reads on from its position until it has caught up with its group, then is live. While the database is away it stays where it is. */
  catchUp(): void {
    this.#mayUntil = performance.now() + believedMs
    this.#readOn()
  }

  #readOn(): void {
    this.#catchUp().catch((error) => {
      if (!isLostConnection(error)) return this.fail(error)
      if (!this.#isClosed) this.#again = setTimeout(() => this.#readOn(), retryMs)
    })
  }

  async #catchUp(): Promise<void> {
    const { group, sink } = this.#options
    while (!this.#isClosed) {
      if (this.#isInDoubt) {
        await this.#settle()
        continue
      }
      if (sink.isFull) {
        await sink.drained()
        continue
      }
      const entries = this.#next ?? group.stream.inRing(this.position, batch) ?? (await this.#page())
      this.#next = undefined
      if (this.#isClosed) return
      if (entries.length === 0) {
        if (!this.#isWatching) await this.#watch()
        else if (this.#newest.isEmpty) return group.join(this)
        else await this.#newest.hand((state) => this.#tell(state))
        continue
      }
      for (const entry of entries) {
        if (sink.isFull) break
        await this.#take(entry)
        if (this.#isClosed) return
      }
    }
  }

  /** Where what comes next is no longer kept, because its right to hear it has ended, it is told that. */
  async #page(): Promise<readonly Entry[]> {
    try {
      return await this.#options.group.stream.page(this.position)
    } catch (error) {
      if (!isLostConnection(error)) await this.#ask()
      throw error
    }
  }

  async #watch(): Promise<void> {
    const unwatch = await this.#options.following.options.watch?.(this.#newest)
    this.#isWatching = true
    if (this.#isClosed) unwatch?.()
    else this.#unwatch = unwatch
  }

  async #tell(state: State): Promise<void> {
    const rendered = await this.#options.renderState(state, this.position)
    while (!this.#isClosed && this.#mustAsk) await this.#settle()
    if (!this.#isClosed) this.#sink.deliver(rendered)
  }

  async #take(entry: Entry): Promise<void> {
    const rendered = await this.#render(entry)
    const endsAccess = this.#options.group.endsAccessOf(entry.event) === this.personId
    // Asked as late as can be: what came into doubt while it was rendered is not delivered either.
    while (!this.#isClosed && !endsAccess && this.#mustAsk) await this.#settle()
    this.#hand(entry, rendered)
    if (!endsAccess || this.#isClosed) return
    this.#doubt++
    await this.#ask()
  }

  /** Undefined for what is not wanted. */
  async #render(entry: Entry): Promise<Rendered | undefined> {
    const { group, renderForPerson } = this.#options
    if (!group.wants(entry.event)) return undefined
    const shared = await group.render(entry)
    return shared === 'personal' ? renderForPerson(entry) : shared
  }

  #hand({ event }: Entry, rendered: Rendered | undefined): void {
    if (this.#isClosed) return
    if (rendered) this.#options.sink.deliver(rendered)
    this.position = event.seq
  }

  /** Asks, and when the answer is no, lets it hear the end of its right before it is told, where the stream itself holds that. */
  async #settle(): Promise<void> {
    try {
      await this.#ask()
    } catch (error) {
      if (!isLostConnection(error)) await this.#hearOut()
      throw error
    }
  }

  /**
   * Up to the event that ended its right, which another stream told of sooner: what happened before that it may hear. Not when it is behind
   * for long: old events show their rows as they are now.
   */
  async #hearOut(): Promise<void> {
    const { group, sink } = this.#options
    const isEnd = (event: StoredEvent) => group.endsAccessOf(event) === this.personId
    const entries = await group.stream.upTo(this.position, isEnd)
    for (const entry of entries) {
      if (this.#isClosed || sink.isFull || performance.now() > this.#mayUntil) return
      this.#hand(entry, await this.#render(entry))
    }
  }

  #arrive(position: number): void {
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ seq }) => seq > position)
    for (const { seq, arrived } of waiting) if (seq <= position) arrived()
  }

  get #isInDoubt(): boolean {
    return this.#doubt !== this.#answered
  }

  /** Old events show their rows as they are now: whoever is behind for long shall not see by them what came after their right had ended. */
  get #mustAsk(): boolean {
    return this.#isInDoubt || performance.now() > this.#mayUntil
  }

  async #ask(): Promise<void> {
    const doubt = this.#doubt
    await this.#options.following.options.mayFollow()
    // A doubt that came while it was asked is not answered by what was read before.
    this.#answered = doubt
    this.#mayUntil = performance.now() + believedMs
  }
}

const batch = 100
const retryMs = 200
/** As long as losing access may take. */
const believedMs = 1000
