import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../lib/hash.ts'
import type { Database, Run } from './database.ts'

/** Values that belong to the database as a whole, each made once by whichever node comes first. */
export type Settings<Name extends string> = Record<Name, string>

/**
 * Applies the migrations that are missing and makes the settings that are missing, in one transaction under one lock: any number of nodes
 * may start at once, also through a transaction pooler. What `prisma migrate deploy` would have written to `_prisma_migrations` is written.
 * Refuses a database whose history is not a beginning of ours.
 */
export async function prepareDatabase<Name extends string>(
  database: Database,
  folder: string,
  makers: Record<Name, () => string | Promise<string>>,
): Promise<Settings<Name>> {
  const migrations = await readMigrations(folder)
  return database.transaction(async (run) => {
    await run('select pg_advisory_xact_lock($1)', [lockId])
    await run(ledger)
    await apply(run, migrations)
    return makeSettings(run, makers)
  })
}

/** The lock that `prisma migrate deploy` takes too, so that the two never run side by side. */
const lockId = 72707369

const ledger = `create table if not exists _prisma_migrations (
  id varchar(36) primary key, checksum varchar(64) not null, finished_at timestamptz, migration_name varchar(255) not null,
  logs text, rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`

interface Migration {
  name: string
  sql: string
  checksum: string
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: sha256(sql) }
    }),
  )
}

async function apply(run: Run, migrations: Migration[]): Promise<void> {
  const rows = await run<{ name: string; checksum: string; finished: boolean }>(
    `select migration_name as name, checksum, finished_at is not null as finished from _prisma_migrations
     where rolled_back_at is null order by started_at, migration_name`,
    [],
  )
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const { name, checksum, finished } of rows) {
    const migration = known.get(name)
    if (!migration) throw new Error(`The database has the migration ${name}, which this version does not know: start a newer version.`)
    if (!finished)
      throw new Error(`The migration ${name} failed on this database before: repair it and mark it with prisma migrate resolve.`)
    if (migration.checksum !== checksum) throw new Error(`The migration ${name} was changed after it was applied to this database.`)
    known.delete(name)
  }
  for (const { name, sql, checksum } of known.values()) {
    await run(sql)
    await run(
      `insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       values ($1, $2, $3, clock_timestamp(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    )
  }
}

async function makeSettings<Name extends string>(run: Run, makers: Record<Name, () => string | Promise<string>>): Promise<Settings<Name>> {
  const rows = await run<{ name: Name; value: string }>('select name, value from setting', [])
  const settings = Object.fromEntries(rows.map(({ name, value }) => [name, value])) as Settings<Name>
  for (const name of Object.keys(makers) as Name[]) {
    if (settings[name] !== undefined) continue
    settings[name] = await makers[name]()
    await run('insert into setting (name, value) values ($1, $2)', [name, settings[name]])
  }
  return settings
}
