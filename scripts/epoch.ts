// npm run epoch: to be run once after a database was restored from a backup, before the server starts on it. Moves the epoch, so that every
// cursor from the history that was lost is answered with CURSOR_EXPIRED, and clients read again instead of missing events in silence.
import { existsSync } from 'node:fs'
import { readConfig } from '../src/config.ts'
import { uuid } from '../src/lib/uuid.ts'
import { type Database, openDatabase } from '../src/store/database.ts'

try {
  const { databaseUrl, transactionWaitMs, transactionMostMs } = readConfig(process.env)
  const folder = databaseUrl.startsWith('pglite:') ? databaseUrl.slice('pglite:'.length) : undefined
  if (folder && !existsSync(folder)) throw new Error(`There is no database in ${folder}: set DATABASE_URL.`)
  const database = await openDatabase({ url: databaseUrl, poolSize: 1, transactionWaitMs, transactionMaxMs: transactionMostMs })
  const { before, after } = await moveEpoch(database).finally(() => database.close())
  console.log(`The epoch was ${before} and is ${after}. Every node learns it at its next start.`)
} catch (error) {
  console.error(`The epoch stays as it is: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

async function moveEpoch(database: Database): Promise<{ before: string; after: string }> {
  const after = uuid()
  return database.transaction(async (run) => {
    const [row] = await run<{ value: string }>("SELECT value FROM setting WHERE name = 'epoch' FOR UPDATE", [])
    if (!row) throw new Error('this database has none yet, the server makes it at its first start.')
    await run("UPDATE setting SET value = $1 WHERE name = 'epoch'", [after])
    return { before: row.value, after }
  })
}
