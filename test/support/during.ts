import type { Transaction } from '../../src/store/transact.ts'
import type { Domain } from './domain.ts'
import { until } from './until.ts'

/**
 * What is begun while a transaction is under way that holds these streams and has changed something, on Postgres: it has to wait for its
 * commit, and then to see what it changed.
 */
export async function during<Result>(
  { database, services }: Domain,
  streams: string[],
  change: (tx: Transaction) => Promise<unknown>,
  begin: () => Promise<Result>,
): Promise<Result> {
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  let begun: Promise<Result> | undefined
  await services.transact(streams, async (tx) => {
    await change(tx)
    let isOver = false
    begun = begin().finally(() => {
      isOver = true
    })
    await until(async () => isOver || (await database.sql(waiting, [])).length > 0, { what: 'waiting' })
    if (isOver) throw new Error('It has not waited.')
  })
  return begun!
}
