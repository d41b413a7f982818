import type { Redis } from 'ioredis'
import { rateLimited } from '../lib/refusal.ts'
import { within } from '../lib/within.ts'
import { leastWaitMs, type Rates, type RateTable, spendingOf } from './rates.ts'

export interface RedisRatesOptions {
  /** What this program's keys begin with. */
  readonly prefix?: string
  /** How long somebody may be held up by a Redis that does not answer. */
  readonly waitMs?: number
  /** How long, after it did not answer, everybody passes without asking it. */
  readonly restMs?: number
  /** Told once when rates stop being held, and once when they are held again. */
  readonly say: (line: string) => void
}

/** What comes between the client and us: one script, so that looking and taking are one step, by Redis's own clock. */
type WithSpend = Redis & { parleySpend(key: string, costMs: number, burstMs: number, leastWaitMs: number): Promise<number> }

const script = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + time[2] / 1000
  local next = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + tonumber(ARGV[1])
  local wait = next - now - tonumber(ARGV[2])
  if wait >= tonumber(ARGV[3]) then return math.ceil(wait) end
  redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', math.ceil(next - now))
  return 0`

/**
 * For several nodes: one round trip a spending. While Redis is away or does not answer within `waitMs`, everybody is let through, since a
 * chat that nobody can write to is worse than one without limits; a rest follows in which it is not asked, so that nobody else waits either.
 * The client is the caller's: it is neither opened nor closed here.
 */
export function createRedisRates(redis: Redis, table: RateTable, options: RedisRatesOptions): Rates {
  const { prefix = 'parley:rate:', waitMs = 250, restMs = 1000, say } = options
  redis.defineCommand('parleySpend', { numberOfKeys: 1, lua: script })
  let isHeld = true
  let askAgainAt = 0

  function lapse(why: string): void {
    askAgainAt = performance.now() + restMs
    if (isHeld) say(`Rates are not held: ${why}. Everybody is let through until Redis answers.`)
    isHeld = false
  }

  /** How long to wait; 0 when it was spent, and when that cannot be known. */
  async function ask(key: string, costMs: number, burstMs: number): Promise<number> {
    // Without a connection the client would keep the question, and ask it when it is no longer of interest.
    if (redis.status !== 'ready') {
      if (isHeld) lapse('there is no connection to Redis')
      return 0
    }
    if (performance.now() < askAgainAt) return 0
    const answer = (redis as WithSpend).parleySpend(prefix + key, costMs, burstMs, leastWaitMs)
    try {
      const waitedMs = await within(answer, waitMs)
      if (waitedMs === undefined) {
        lapse(`Redis did not answer within ${waitMs} ms`)
        return 0
      }
      if (!isHeld) say('Rates are held again.')
      isHeld = true
      return waitedMs
    } catch (error) {
      lapse(error instanceof Error ? error.message : String(error))
      return 0
    }
  }

  return {
    async spend(name, key, cost = 1) {
      const { costMs, burstMs } = spendingOf(table[name], cost)
      const waitedMs = await ask(`${name}:${key}`, costMs, burstMs)
      if (waitedMs > 0) throw rateLimited(waitedMs)
    },
  }
}
