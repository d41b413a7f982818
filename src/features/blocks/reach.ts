import type { Services } from '../../graphql/context.ts'
import { forbidden } from '../../lib/refusal.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'
import { areAtOdds } from './queries.ts'

/**
 * Reaching people who did not ask for it is done at a limited rate, and so is making rooms and teams, by which they are reached. Never
 * inside a transaction: the rates may be another server's.
 */
export async function reach(services: Services, person: string): Promise<void> {
  await services.rates.spend('reach', person)
}

/** Within a transaction that holds their inboxes: none of them has blocked the person, or been blocked by them. */
export async function requireReachable(rows: Prisma.TransactionClient, person: string, others: readonly string[]): Promise<void> {
  if (!(await areAtOdds(rows, person, others))) return
  throw forbidden(`You cannot reach ${others.length === 1 ? 'this person' : 'one of these people'}.`)
}
