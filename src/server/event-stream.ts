import type { ExecutionResult } from 'graphql'
import type { Loss, Reader, Rendered, Sink } from '../engine/sink.ts'
import { Refusal } from '../lib/refusal.ts'

export interface EventStreamOptions {
  readonly mostBytes: number
  readonly stuckMs: number
  /** Makes the last word of the stream. */
  readonly show: (reason: Error) => ExecutionResult
  /** Called once, when it is over for whatever reason. */
  readonly onClose: () => void
  /** Called when even its last word is not taken. */
  readonly abandon: () => void
}

/**
 * One subscription over Server-Sent Events: a bounded queue between a reader and whoever pulls. It is iterated by hand and not by a generator,
 * which could not be ended while it waits.
 */
export class EventStream implements Sink<ExecutionResult>, AsyncIterableIterator<ExecutionResult> {
  readonly #options: EventStreamOptions
  readonly #queue: Queued[] = []
  #bytes = 0
  #reader: Reader | undefined
  #hasStarted = false
  #doubt: Loss | undefined
  #isClosed = false
  #state: 'open' | 'ending' | 'gone' = 'open'
  #pull: ((result: IteratorResult<ExecutionResult>) => void) | undefined
  #waiting: (() => void)[] = []
  #stuck: NodeJS.Timeout | undefined

  constructor(options: EventStreamOptions) {
    this.#options = options
  }

  /** Hands over the reader, which holds its place until the first pull. */
  follow(reader: Reader): void {
    this.#reader = reader
    if (this.#state !== 'open') reader.close()
    else if (this.#doubt) reader.recheck(this.#doubt)
  }

  /** Its person has lost a right, perhaps while it was being opened. */
  recheck(loss: Loss): void {
    if (this.#doubt !== 'untold') this.#doubt = loss
    this.#reader?.recheck(loss)
  }

  /** Resolves once what the stream holds up to there is in the queue, as far as it is followed. */
  async reaches(streamId: string, seq: number): Promise<void> {
    await this.#reader?.reaches(streamId, seq)
  }

  get isFull(): boolean {
    return this.#state === 'open' && (this.#queue.length >= mostResults || this.#bytes >= this.#options.mostBytes)
  }

  drained(): Promise<void> {
    if (!this.isFull) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  deliver(rendered: Rendered<ExecutionResult>): void {
    if (this.#state === 'open') this.#put({ result: asWritten(rendered), bytes: rendered.json.length })
  }

  /** Whatever was delivered comes first. */
  end(reason: Error): void {
    if (this.#state !== 'open') return
    this.#put({ result: this.#options.show(reason), bytes: 0 })
    this.#state = 'ending'
    this.#close()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    if (!this.#hasStarted) {
      this.#hasStarted = true
      if (this.#state === 'open') this.#reader?.start()
    }
    const queued = this.#queue.shift()
    if (queued) {
      this.#bytes -= queued.bytes
      this.#watch()
      if (!this.isFull) this.#wake()
      return Promise.resolve({ done: false, value: queued.result })
    }
    if (this.#state !== 'open') return Promise.resolve(finished)
    return new Promise((resolve) => {
      this.#pull = resolve
    })
  }

  /** The client is gone. Settles a pull that waits. */
  return(): Promise<IteratorResult<ExecutionResult>> {
    if (this.#state !== 'gone') {
      this.#state = 'gone'
      this.#queue.length = 0
      this.#bytes = 0
      clearTimeout(this.#stuck)
      this.#close()
      this.#pull?.(finished)
    }
    return Promise.resolve(finished)
  }

  #put(queued: Queued): void {
    const pull = this.#pull
    if (pull) {
      this.#pull = undefined
      pull({ done: false, value: queued.result })
      return
    }
    this.#queue.push(queued)
    this.#bytes += queued.bytes
    if (this.#queue.length === 1) this.#watch()
  }

  /** Something waits, and for too long nobody takes anything: first the reader is let go, then whoever does not read. */
  #watch(): void {
    clearTimeout(this.#stuck)
    if (this.#queue.length === 0) return
    this.#stuck = setTimeout(() => {
      if (this.#state !== 'open') return this.#options.abandon()
      this.end(tooSlow())
      this.#watch()
    }, this.#options.stuckMs)
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#reader?.close()
    this.#wake()
    this.#options.onClose()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

interface Queued {
  readonly result: ExecutionResult
  readonly bytes: number
}

/** Yoga writes a result with its own `stringify` where it has one: what was rendered for many is serialised once. */
function asWritten(rendered: Rendered<ExecutionResult>): ExecutionResult {
  return Object.assign({ stringify: () => rendered.json.toString() }, rendered.result)
}

const tooSlow = () => new Refusal('TOO_SLOW', 'This reader was too slow: follow again from the last cursor received.')
const mostResults = 64
const finished: IteratorReturnResult<undefined> = { done: true, value: undefined }
