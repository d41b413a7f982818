/** What timers can hold: a longer time would be over at once. */
export const longestTimerMs = 2 ** 31 - 1

export interface Repeated {
  /** From now on it is done no more. Waits for what is under way. */
  close(): Promise<void>
}

/**
 * Does work every so often, from after the first `everyMs` on: never twice at once, since what takes longer takes the turn of the next. What
 * fails is told, and done again at the next time. Keeps no process alive.
 */
export function repeat(work: () => Promise<void>, everyMs: number, onTrouble: (error: unknown) => void): Repeated {
  let underWay: Promise<void> | undefined
  const timer = setInterval(() => {
    underWay ??= work()
      .catch(onTrouble)
      .finally(() => {
        underWay = undefined
      })
  }, everyMs).unref()
  return {
    async close() {
      clearInterval(timer)
      await underWay
    },
  }
}
