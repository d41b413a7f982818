import type { Redis } from 'ioredis'
import { within } from '../lib/within.ts'

export interface PatienceOptions {
  /** How long somebody may be held up by a Redis that does not answer. */
  readonly waitMs?: number
  /** How long, after it did not answer, nobody asks it. */
  readonly restMs?: number
  /** Told once when Redis does not answer any more, with the reason. */
  readonly onLapse: (why: string) => void
  /** Told once when it answers again. */
  readonly onReturn: () => void
}

/**
 * Asks Redis what is better not known than waited for. Undefined while it is away or does not answer in a moment; a rest follows in which it
 * is not asked, so that nobody else waits either. Never rejects.
 */
export function createPatience(
  redis: Redis,
  options: PatienceOptions,
): <Answer>(ask: () => Promise<Answer>) => Promise<Answer | undefined> {
  const { waitMs = 250, restMs = 1000, onLapse, onReturn } = options
  let isHeard = true
  let askAgainAt = 0

  function lapse(why: string): undefined {
    askAgainAt = performance.now() + restMs
    if (isHeard) onLapse(why)
    isHeard = false
  }

  return async (ask) => {
    // Without a connection the client would keep the question, and ask it when it is no longer of interest.
    if (redis.status !== 'ready') return isHeard ? lapse('there is no connection to Redis') : undefined
    if (performance.now() < askAgainAt) return undefined
    try {
      const answer = await within(
        ask().then((found) => ({ found })),
        waitMs,
      )
      if (!answer) return lapse(`Redis did not answer within ${waitMs} ms`)
      if (!isHeard) onReturn()
      isHeard = true
      return answer.found
    } catch (error) {
      return lapse(error instanceof Error ? error.message : String(error))
    }
  }
}
