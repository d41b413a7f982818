import type { Log } from './log.ts'

export interface SweepOptions {
  readonly days: number
  readonly everyMs?: number
  readonly onTrouble: (error: unknown) => void
}

/** Lets old events go, every hour, a bounded number at a time. Closing waits for the one under way. */
export function sweepHourly(log: Log, { days, everyMs = 3_600_000, onTrouble }: SweepOptions): { close(): Promise<void> } {
  let isClosed = false
  let sweeping: Promise<void> | undefined
  async function sweep(): Promise<void> {
    while (!isClosed && (await log.sweep(days, atOnce)) === atOnce);
  }
  const timer = setInterval(() => {
    sweeping ??= sweep()
      .catch(onTrouble)
      .finally(() => {
        sweeping = undefined
      })
  }, everyMs)
  timer.unref()
  return {
    async close() {
      isClosed = true
      clearInterval(timer)
      await sweeping
    },
  }
}

const atOnce = 5000
