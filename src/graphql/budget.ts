import { rateLimited } from '../lib/refusal.ts'
import type { Context } from './context.ts'
import type { Operation } from './operations.ts'

/**
 * What every caller may ask of this node, whatever it is: a bucket of objects for each person, and for each address without credentials, that
 * refills by the second. Rates hold over all nodes and are about people; this is about what a node can bear, and costs no round trip.
 */
export interface Budget {
  /** Takes what the operation costs; throws RATE_LIMITED, and takes nothing, when there is not as much left. */
  spend(operation: Operation, context: Context): void
}

export interface BudgetOptions {
  readonly budgetPerSecond: number
  readonly budgetBurst: number
}

/** At most `mostCallers` buckets are kept: past that the one that nobody touched for longest goes. */
export function createBudget(
  { budgetPerSecond, budgetBurst }: BudgetOptions,
  { mostCallers = 100_000 } = {},
): Budget & { readonly size: number } {
  /** When each is full again, by a clock that nobody sets back; in the order of last use. */
  const fullAt = new Map<string, number>()
  const msAnObject = 1000 / budgetPerSecond
  return {
    get size() {
      return fullAt.size
    },
    spend(operation, context) {
      const now = performance.now()
      const caller = callerOf(context)
      const next = Math.max(fullAt.get(caller) ?? 0, now) + Math.min(priceOf(operation), budgetBurst) * msAnObject
      const waitMs = next - now - budgetBurst * msAnObject
      // Sums of fractions are not exact: less than this is no wait.
      if (waitMs >= 1) throw rateLimited(Math.ceil(waitMs))
      fullAt.delete(caller)
      fullAt.set(caller, next)
      for (const [oldest, at] of fullAt) {
        if (at > now && fullAt.size <= mostCallers) return
        fullAt.delete(oldest)
      }
    },
  }
}

/** For benches. */
export const noBudget: Budget = { spend() {} }

/** Whatever it answers, it was parsed and carried, and a mutation is a transaction. */
function priceOf({ kind, cost }: Operation): number {
  return Math.max(cost, leastPrice[kind])
}

const leastPrice = { query: 10, subscription: 10, mutation: 100 } as const

function callerOf({ actor, client }: Context): string {
  return actor.kind === 'person' ? actor.id('whose budget it is') : `address ${client.address}`
}
