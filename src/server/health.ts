import type { Bus } from '../engine/bus.ts'
import { within } from '../lib/within.ts'
import type { Database } from '../store/database.ts'

/** Whether this node can serve: each of its parts by name, and whether it answers. */
export interface Readiness {
  readonly isReady: boolean
  readonly parts: Record<string, 'up' | 'down' | 'draining'>
}

/** Asks the database and the bus; what does not answer in time is down. Never rejects. */
export async function readiness(database: Database, bus: Bus, isDraining: boolean, waitMs = 2000): Promise<Readiness> {
  const [databaseIsUp, busIsUp] = await Promise.all([answers(database.sql('select 1', []), waitMs), answers(bus.ping(), waitMs)])
  return {
    isReady: databaseIsUp && busIsUp && !isDraining,
    parts: { database: databaseIsUp ? 'up' : 'down', bus: busIsUp ? 'up' : 'down', server: isDraining ? 'draining' : 'up' },
  }
}

async function answers(asked: Promise<unknown>, waitMs: number): Promise<boolean> {
  const isUp = asked.then(
    () => true,
    () => false,
  )
  return (await within(isUp, waitMs)) ?? false
}
