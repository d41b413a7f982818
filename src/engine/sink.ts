/**
 * What one event became for one group of readers, or for one reader. Shared by all who get it: neither it nor its result is ever changed.
 */
export class Rendered<Result = unknown> {
  readonly result: Result
  /** Something in it lapses, such as a link: from then on it is made anew for whoever comes. */
  readonly staleAt: number
  #json: Buffer | undefined

  constructor(result: Result, staleAt = Number.POSITIVE_INFINITY) {
    this.result = result
    this.staleAt = staleAt
  }

  get isStale(): boolean {
    return Date.now() >= this.staleAt
  }

  /** The result as JSON, made once. */
  get json(): Buffer {
    this.#json ??= Buffer.from(JSON.stringify(this.result))
    return this.#json
  }
}

/** Where a reader's events go: one operation of one client. The server makes them; a reader never waits inside one. */
export interface Sink<Result = unknown> {
  /** Queues what the client is to get, after everything before it. Does nothing once the client is gone. */
  deliver(rendered: Rendered<Result>): void
  /** Too much is unsent: the reader stops, falls behind, and reads on from the ring or the log when it is drained. */
  readonly isFull: boolean
  /** Resolves when it is no longer full, or the client is gone. Never rejects. */
  drained(): Promise<void>
  /** The last word, after everything delivered. Called at most once, and never because the client went away. */
  end(reason: Error): void
}

/** One subscription following one stream. */
export interface Reader {
  /** Begins to deliver. Until then it holds its place. */
  start(): void
  /** Its right may have ended: nothing more is delivered before it was asked for again. May be called at any time. */
  recheck(loss: Loss): void
  /** Resolves once it has delivered what that stream holds up to there, or is over; at once when it follows another stream. */
  reaches(streamId: string, seq: number): Promise<void>
  /** The client is gone, or wants no more. May be called at any time, and more than once. */
  close(): void
}

/** What kind of right somebody has lost: one of which the stream that it was for tells by itself, as a room does of who leaves it, or not. */
export type Loss = 'told' | 'untold'
