import type { ExecutionResult } from 'graphql'
import type { Loss, Reader, Rendered, Sink } from '../engine/sink.ts'
import { tailOf } from './frames.ts'
import type { Outbox, Recipient } from './outbox.ts'

/**
 * One subscription on a socket. To its reader it is a sink; to graphql-ws it is a generator that never yields: pulled for the first time,
 * the protocol has registered it, and the reader starts. Results go to the outbox as finished frames.
 */
export class SocketSubscription implements Sink<ExecutionResult>, Recipient, AsyncIterableIterator<never> {
  readonly tail: Buffer
  readonly #outbox: Outbox
  #reader: Reader | undefined
  #isGone = false
  #doubt: Loss | undefined
  #reason: Error | undefined
  #pending: { finish(): void; fail(reason: Error): void } | undefined

  constructor(operationId: string, outbox: Outbox) {
    this.tail = tailOf(operationId)
    this.#outbox = outbox
  }

  /** Hands over the reader, which holds its place until the first pull. */
  follow(reader: Reader): void {
    this.#reader = reader
    if (this.#isGone) reader.close()
    else if (this.#doubt) reader.recheck(this.#doubt)
  }

  /** Its person has lost a right, perhaps while it was being opened. */
  recheck(loss: Loss): void {
    if (this.#doubt !== 'untold') this.#doubt = loss
    this.#reader?.recheck(loss)
  }

  /** Resolves once what the stream holds up to there is in the outbox, as far as it is followed. */
  async reaches(streamId: string, seq: number): Promise<void> {
    await this.#reader?.reaches(streamId, seq)
  }

  get isGone(): boolean {
    return this.#isGone
  }

  deliver(rendered: Rendered<ExecutionResult>): void {
    if (!this.#isGone) this.#outbox.deliver(rendered, this)
  }

  get isFull(): boolean {
    return !this.#isGone && this.#outbox.isFull
  }

  drained(): Promise<void> {
    return this.#outbox.drained()
  }

  /** The protocol answers a failing generator with an `error` message, which the outbox sends after what is queued. */
  end(reason: Error): void {
    if (this.#isGone || this.#reason) return
    this.#reason = reason
    this.#reader?.close()
    this.#pending?.fail(reason)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<never>> {
    if (this.#reason) return Promise.reject(this.#reason)
    if (this.#isGone) return Promise.resolve(finished)
    return new Promise((resolve, reject) => {
      this.#pending = { finish: () => resolve(finished), fail: reject }
      this.#reader?.start()
    })
  }

  /** Also settles the pending pull: whoever waits in it would wait for ever. */
  return(): Promise<IteratorResult<never>> {
    this.#isGone = true
    this.#reader?.close()
    this.#pending?.finish()
    return Promise.resolve(finished)
  }

  throw(reason: unknown): Promise<IteratorResult<never>> {
    void this.return()
    return Promise.reject(reason)
  }
}

const finished: IteratorReturnResult<undefined> = { done: true, value: undefined }
