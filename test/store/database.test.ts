import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { isLostConnection } from '../../src/store/failures.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { describeWith } from '../support/services.ts'

describeWith(['postgres'], 'a statement on Postgres', () => {
  let database: Database
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    database = await openDatabase({ url, poolSize: 1, transactionWaitMs: 5000, transactionMaxMs: 300 })
  })
  afterAll(() => database.close())

  it('that is never answered is given up like a lost connection, and the next one has another', async () => {
    const [before] = await database.sql<{ id: number }>('select pg_backend_pid() as id')
    const error = await database.sql('select pg_sleep(5)').catch((reason: unknown) => reason)
    expect(isLostConnection(error)).toBe(true)
    const [after] = await database.sql<{ id: number }>('select pg_backend_pid() as id')
    expect(after?.id).not.toBe(before?.id)
  })
})
