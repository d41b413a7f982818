import { rateLimited } from '../lib/refusal.ts'

/**
 * How often somebody may do something. Each name and key has a bucket that holds `burst` and refills by `perSecond`; spending takes from it.
 *
 * - `spend` resolves when the bucket held the cost, and rejects with RATE_LIMITED, which says when to try again, when it did not. A refused
 *   attempt takes nothing, so whoever waits as told gets in.
 * - However many spend at once, no more than the bucket holds get through: with Redis over all nodes, in memory on this one.
 * - A bucket that is full again is forgotten, so memory is bounded by who was active lately.
 * - It never fails for any other reason: when the buckets cannot be reached, everybody is let through.
 */
export interface Rates {
  spend(name: RateName, key: string, cost?: number): Promise<void>
}

export type RateName = 'send' | 'signIn' | 'signUp' | 'reach' | 'signal' | 'typing' | 'search' | 'calendar'

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export type RateTable = Readonly<Record<RateName, Rate>>

/** Every rate there is, from what is configured. */
export function readRates(settings: {
  readonly sendPerSecond: number
  readonly sendBurst: number
  readonly signInPerMinute: number
  readonly signUpPerHour: number
  readonly reachPerMinute: number
  readonly signalPerSecond: number
  readonly signalBurst: number
  readonly searchPerMinute: number
  readonly typingPerMinute: number
  readonly calendarPerMinute: number
}): RateTable {
  const every = (seconds: number, burst: number): Rate => ({ perSecond: burst / seconds, burst })
  return {
    send: { perSecond: settings.sendPerSecond, burst: settings.sendBurst },
    signIn: every(60, settings.signInPerMinute),
    signUp: every(3600, settings.signUpPerHour),
    reach: every(60, settings.reachPerMinute),
    signal: { perSecond: settings.signalPerSecond, burst: settings.signalBurst },
    search: every(60, settings.searchPerMinute),
    typing: every(60, settings.typingPerMinute),
    calendar: every(60, settings.calendarPerMinute),
  }
}

/** For benches: nothing is limited. */
export const noRates: Rates = { spend: async () => {} }

/**
 * A bucket is kept as one number: the time at which it is full again. Spending moves that time on; how far it may lie ahead is the burst.
 */
export interface Spending {
  /** How much later the bucket is full for having spent this. */
  readonly costMs: number
  /** How far ahead an empty bucket's time lies. */
  readonly burstMs: number
}

export function spendingOf({ perSecond, burst }: Rate, cost: number): Spending {
  if (!(cost > 0 && cost <= burst)) throw new Error(`A cost of ${cost} can never be spent from a bucket of ${burst}.`)
  return { costMs: (cost * 1000) / perSecond, burstMs: (burst * 1000) / perSecond }
}

/** For one node. Of each name at most `mostKeys` buckets are kept; past that the one that nobody touched for longest goes. */
export function createMemoryRates(table: RateTable, { mostKeys = 100_000 } = {}): Rates & { readonly size: number } {
  const buckets = new Map<RateName, Map<string, number>>()
  return {
    get size() {
      return [...buckets.values()].reduce((sum, { size }) => sum + size, 0)
    },
    async spend(name, key, cost = 1) {
      const { costMs, burstMs } = spendingOf(table[name], cost)
      const now = performance.now()
      const fullAt = buckets.get(name) ?? new Map<string, number>()
      buckets.set(name, fullAt)
      forget(fullAt, now, mostKeys)
      const next = Math.max(fullAt.get(key) ?? 0, now) + costMs
      const waitMs = next - now - burstMs
      // Sums of fractions are not exact: less than this is no wait.
      if (waitMs >= leastWaitMs) throw rateLimited(Math.ceil(waitMs))
      // To the end of the map, which is thereby in the order of last use.
      fullAt.delete(key)
      fullAt.set(key, next)
    },
  }
}

export const leastWaitMs = 1

/** Each spending adds one bucket at most and looks at two: the work stays small, and those that are full do go. */
function forget(fullAt: Map<string, number>, now: number, mostKeys: number): void {
  let looked = 0
  for (const [key, at] of fullAt) {
    if (looked++ === 2 || (at > now && fullAt.size < mostKeys)) return
    fullAt.delete(key)
  }
}
