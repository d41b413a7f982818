import type { StoredEvent } from '../store/transact.ts'
import type { Watch } from './newest.ts'

/** What a subscription field answers: which stream to follow, from where, and by what right. A reader does the rest. */
export interface FollowingOptions {
  readonly streamId: string
  /** A client's cursor; absent: from now on, unless `beginsWith` says otherwise. */
  readonly after: string | null | undefined
  /** What a client without a cursor begins with. */
  readonly beginsWith?: 'first kept'
  readonly personId: string
  /** The types of event that are shown; absent: all. */
  readonly only?: ReadonlySet<string>
  /**
   * Rejects, with what the client shall be told, when the person may not follow (any more). Must read afresh, past every cache: it is asked
   * after the position was read, and again whenever access may have ended.
   */
  mayFollow(): Promise<void>
  /** Whose right to follow this event may have ended. */
  endsAccessOf?(event: StoredEvent): string | undefined
  /** What is told beside the events, which the log does not hold: each time the reader has caught up, and never between events it is behind. */
  readonly watch?: Watch<State>
}

/** A state as it is told: shown like an event, in the place of the last one before it. */
export interface State {
  readonly type: string
  readonly data: StoredEvent['data']
  readonly at: Date
  /** What showing it needs, where that was read already: for the executions of whoever made it. */
  readonly rows?: unknown
}

export class Following implements AsyncIterable<StoredEvent> {
  readonly options: FollowingOptions

  constructor(options: FollowingOptions) {
    this.options = options
  }

  /** GraphQL wants the source of a subscription to look iterable; ours is followed by a reader, which shares what it renders. */
  [Symbol.asyncIterator](): never {
    throw new Error('A following is followed by a reader, it is not iterated.')
  }
}
