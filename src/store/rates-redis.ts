import type { Redis } from 'ioredis'
import { rateLimited } from '../lib/refusal.ts'
import { createPatience, type PatienceOptions } from './patience.ts'
import { leastWaitMs, type Rates, type RateTable, spendingOf } from './rates.ts'

export interface RedisRatesOptions extends Pick<PatienceOptions, 'waitMs' | 'restMs'> {
  /** What this program's keys begin with. */
  readonly prefix?: string
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
 * For several nodes: one round trip a spending. While Redis is away or does not answer in a moment, everybody is let through, since a chat
 * that nobody can write to is worse than one without limits. The client is the caller's: it is neither opened nor closed here.
 */
export function createRedisRates(redis: Redis, table: RateTable, options: RedisRatesOptions): Rates {
  const { prefix = 'parley:rate:', say, ...patience } = options
  redis.defineCommand('parleySpend', { numberOfKeys: 1, lua: script })
  const ask = createPatience(redis, {
    ...patience,
    onLapse: (why) => say(`Rates are not held: ${why}. Everybody is let through until Redis answers.`),
    onReturn: () => say('Rates are held again.'),
  })

  return {
    async spend(name, key, cost = 1) {
      const { costMs, burstMs } = spendingOf(table[name], cost)
      const spend = () => (redis as WithSpend).parleySpend(`${prefix}${name}:${key}`, costMs, burstMs, leastWaitMs)
      const waitMs = (await ask(spend)) ?? 0
      if (waitMs > 0) throw rateLimited(waitMs)
    },
  }
}
