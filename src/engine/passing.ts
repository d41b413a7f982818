import type { Watch } from './newest.ts'

/** What a subscription field answers for what passes and stands in no log: there is nothing to resume, only what holds now and what comes. */
export interface PassingOptions<State extends object = object> {
  readonly personId: string
  /** The stream whose audience may see it, where a state shows the same to all of them; absent: each person is shown their own. */
  readonly audience?: string
  /** As of a `Following`: rejects when the person may not follow (any more), and reads past every cache. */
  mayFollow(): Promise<void>
  readonly watch: Watch<State>
}

export class Passing<State extends object = object> implements AsyncIterable<State> {
  readonly options: PassingOptions<State>

  constructor(options: PassingOptions<State>) {
    this.options = options
  }

  /** As of a `Following`. */
  [Symbol.asyncIterator](): never {
    throw new Error('What passes is followed by a reader, it is not iterated.')
  }
}
