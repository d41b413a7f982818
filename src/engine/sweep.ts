import { type Repeated, repeat } from '../lib/timers.ts'
import { within } from '../lib/within.ts'

/** What is kept for some days. */
export interface Sweepable {
  /** Lets go of what is older than this many days, a bounded number at a time; answers how many went. */
  sweep(days: number, most: number): Promise<number>
}

export interface SweepOptions {
  readonly days: number
  readonly everyMs?: number
  readonly closeMs?: number
  readonly onTrouble: (error: unknown) => void
}

/** Lets go of what is old, every hour, a bounded number at a time. Closing waits for the one under way, `closeMs` at most. */
export function sweepHourly(kept: Sweepable, { days, everyMs = 3_600_000, closeMs = 5000, onTrouble }: SweepOptions): Repeated {
  let isClosed = false
  async function sweep(): Promise<void> {
    while (!isClosed && (await kept.sweep(days, atOnce)) === atOnce);
  }
  const sweeping = repeat(sweep, everyMs, onTrouble)
  return {
    async close() {
      isClosed = true
      await within(sweeping.close(), closeMs)
    },
  }
}

const atOnce = 5000
