import { setImmediate as afterReading, setTimeout as sleep } from 'node:timers/promises'
import { rateLimited } from '../../lib/refusal.ts'
import { isConflict, isLostConnection } from '../../store/failures.ts'

export interface GroupCommitOptions<Input, Output> {
  /**
   * Commits all of them or none, and answers each in its place. It may be called again with the same inputs when its answer was lost, and
   * must then answer as the first time.
   */
  readonly commit: (inputs: readonly Input[]) => Promise<readonly Output[]>
  /** How many ride together at most. */
  readonly batchMost: number
  /** How many may wait for the next commits; more are refused. */
  readonly waitingMost: number
  /** How often a commit is tried that fails for no fault of its inputs. The usual number takes some 2.5 s, as long as a database takes to start. */
  readonly attempts?: number
}

interface Ride<Input, Output> {
  readonly input: Input
  readonly resolve: (output: Output) => void
  readonly reject: (reason: unknown) => void
}

/**
 * What arrives while a commit is under way rides in the next one. There is no timer: whoever comes alone is committed as soon as
 * the thread has read what else there is. One commit at a time, in the order of arrival, so that nobody's writes overtake each other.
 */
export class GroupCommit<Input, Output> {
  readonly #options: GroupCommitOptions<Input, Output>
  readonly #waiting: Ride<Input, Output>[] = []
  #isUnderWay = false

  constructor(options: GroupCommitOptions<Input, Output>) {
    this.#options = options
  }

  /** Resolves after the commit. Rejects with RATE_LIMITED when too many wait, else with what made this very input fail. */
  async add(input: Input): Promise<Output> {
    if (this.#waiting.length >= this.#options.waitingMost) throw rateLimited(1000)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject })
      if (this.#isUnderWay) return
      this.#isUnderWay = true
      void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What sockets hold ready by now rides along: an embedded database keeps the thread, and nothing is read while it commits.
      await afterReading()
      await this.#commit(this.#waiting.splice(0, this.#options.batchMost))
    }
    this.#isUnderWay = false
  }

  /** Never rejects: every ride is told. */
  async #commit(rides: readonly Ride<Input, Output>[]): Promise<void> {
    try {
      const outputs = await this.#repeated(rides.map(({ input }) => input))
      rides.forEach(({ resolve }, index) => {
        resolve(outputs[index]!)
      })
    } catch (error) {
      // One bad input must not fail its neighbours: the batch is halved until the guilty one stands alone.
      if (rides.length > 1 && blamesInput(error)) {
        const half = rides.length >> 1
        await this.#commit(rides.slice(0, half))
        await this.#commit(rides.slice(half))
      } else {
        for (const { reject } of rides) reject(error)
      }
    }
  }

  async #repeated(inputs: readonly Input[]): Promise<readonly Output[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#options.commit(inputs)
      } catch (error) {
        if (attempt === (this.#options.attempts ?? usualAttempts) || !(isConflict(error) || isLostConnection(error))) throw error
        await sleep(Math.random() * 10 * 2 ** attempt)
      }
    }
  }
}

const usualAttempts = 9

/** The database refused what it was given. Anything else (no connection, no space) would fail each half as well. */
function blamesInput(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^(21|22|23|42|54|P0|XX)[0-9A-Z]{3}$/.test(code)
}
