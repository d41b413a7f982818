import { expect, it } from 'vitest'
import { writeSeen } from '../../../src/features/presence/queries.ts'
import { createDomain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { describeWith } from '../../support/services.ts'
import { until } from '../../support/until.ts'

describeWith(['postgres'], 'presence, while something else is written', () => {
  it('keeps nothing of somebody who is seen while their account is being closed', async () => {
    const { database, aPerson } = await createDomain(await (await sharedPostgres()).createDatabase())
    const { id } = await aPerson('Ann')
    await writeSeen(database.sql, [[id, new Date()]])
    const isWaiting = async () =>
      (await database.sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0
    let seen: Promise<void> | undefined
    // In the order of `deleteAccount`.
    await database.transaction(async (run) => {
      await run('update app_user set deleted_at = now() where id = $1', [id])
      seen = writeSeen(database.sql, [[id, new Date()]])
      await until(isWaiting)
      await run('delete from presence where user_id = $1', [id])
    })
    await seen
    expect(await database.prisma.presence.count()).toBe(0)
    await database.close()
  })
})
