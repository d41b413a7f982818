import { isLostConnection } from '../store/failures.ts'
import { Newest } from './newest.ts'
import type { Passing } from './passing.ts'
import type { Reader, Rendered, Sink } from './sink.ts'

export interface PassingReaderOptions<State extends object> {
  readonly passing: Passing<State>
  readonly sink: Sink
  /** Rejects only when the database cannot be reached. */
  readonly render: (state: State) => Promise<Rendered>
}

/** One subscription to what passes. One state at a time, the newest of each: a client that does not read costs what there is to know. */
export class PassingReader<State extends object> implements Reader {
  readonly #options: PassingReaderOptions<State>
  readonly #newest = new Newest<State>()
  #unwatch: (() => void) | undefined
  #isTelling = false
  #isClosed = false
  #doubt = 0
  #answered = 0
  #again: NodeJS.Timeout | undefined

  constructor(options: PassingReaderOptions<State>) {
    this.#options = options
    this.#newest.onNews = () => this.#tell()
  }

  /** Its right was asked for; begins to gather, and delivers nothing before it is started. Rejects when it cannot. */
  async open(): Promise<void> {
    this.#isTelling = true
    const unwatch = await this.#options.passing.options.watch(this.#newest)
    if (this.#isClosed) unwatch()
    else this.#unwatch = unwatch
  }

  start(): void {
    this.#isTelling = false
    this.#tell()
  }

  recheck(): void {
    this.#doubt++
    this.#tell()
  }

  async reaches(): Promise<void> {}

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#again)
    this.#unwatch?.()
  }

  #tell(): void {
    if (this.#isTelling || this.#isClosed) return
    this.#isTelling = true
    this.#tellAll().catch((error) => {
      if (!isLostConnection(error)) return this.#fail(error)
      if (this.#isClosed) return
      // What was told meanwhile has tried too: it is tried again once for all.
      clearTimeout(this.#again)
      this.#again = setTimeout(() => this.#tell(), retryMs)
    })
  }

  async #tellAll(): Promise<void> {
    const { sink } = this.#options
    try {
      while (!this.#isClosed) {
        if (this.#isInDoubt) await this.#ask()
        else if (sink.isFull) await sink.drained()
        else if (this.#newest.isEmpty) return
        else await this.#newest.hand((state) => this.#deliver(state))
      }
    } finally {
      // In the same turn as the last look: what is told from now on starts anew.
      this.#isTelling = false
    }
  }

  async #deliver(state: State): Promise<void> {
    const rendered = await this.#options.render(state)
    // Asked as late as can be: what came into doubt while it was rendered is not delivered.
    while (!this.#isClosed && this.#isInDoubt) await this.#ask()
    if (!this.#isClosed) this.#options.sink.deliver(rendered)
  }

  get #isInDoubt(): boolean {
    return this.#doubt !== this.#answered
  }

  async #ask(): Promise<void> {
    const doubt = this.#doubt
    await this.#options.passing.options.mayFollow()
    this.#answered = doubt
  }

  #fail(reason: Error): void {
    if (this.#isClosed) return
    this.close()
    this.#options.sink.end(reason)
  }
}

const retryMs = 200
