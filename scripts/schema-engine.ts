import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { PGlite } from '@electric-sql/pglite'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg'
import { PrismaPGlite } from 'pglite-prisma-adapter'

export const migrationsFolder = new URL('../prisma/migrations/', import.meta.url)
export const schemaFile = new URL('../prisma/schema.prisma', import.meta.url)

/**
 * The SQL that leads from the migrations, applied in order to an empty database in memory, to prisma/schema.prisma; undefined when there
 * is nothing to do. It tells of what the engine models (tables, columns, enums, keys, indexes): functions, triggers, checks, storage
 * parameters, and partial or expression indexes that were written into a migration by hand are neither compared nor dropped. Fails naming
 * the migration that the database refuses.
 */
export async function migrationsToSchema(): Promise<string | undefined> {
  const database = await PGlite.create()
  try {
    await applyMigrations(database)
    return await databaseToSchema(database, await readFile(schemaFile, 'utf8'))
  } finally {
    await database.close()
  }
}

/** The folders of prisma/migrations in the order of their application, which is that of their names. */
export async function migrationNames(): Promise<string[]> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

async function applyMigrations(database: PGlite): Promise<void> {
  for (const name of await migrationNames()) {
    const sql = await readFile(new URL(`${name}/migration.sql`, migrationsFolder), 'utf8')
    try {
      await database.exec(sql)
    } catch (error) {
      throw new Error(`Migration ${name} fails: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }
}

async function databaseToSchema(database: PGlite, schema: string): Promise<string | undefined> {
  const file = { path: 'schema.prisma', content: schema }
  const engine = await openEngine(database, schema)
  try {
    const { exitCode, stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files: [file], configDir: '.' },
      to: { tag: 'schemaDatamodel', files: [file] },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    })
    return exitCode === 0 ? undefined : (stdout ?? '')
  } finally {
    engine.free()
  }
}

async function openEngine(database: PGlite, schema: string): Promise<engineModule.SchemaEngine> {
  instantiate()
  // What the engine logs is dropped: what matters comes back as an answer or an error.
  const log = () => undefined
  return engineModule.SchemaEngine.new(
    { datamodels: [['schema.prisma', schema]] },
    log,
    bindMigrationAwareSqlAdapterFactory(new PrismaPGlite(database)),
  )
}

let instantiated = false

/** Does by hand what a bundler would: the package's own entry imports its `.wasm`, which Node 20 cannot. */
function instantiate(): void {
  if (instantiated) return
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const module = new WebAssembly.Module(readFileSync(entry.replace(/\.js$/, '.wasm')))
  const instance = new WebAssembly.Instance(module, { './schema_engine_bg.js': engineModule })
  engineModule.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  instantiated = true
}

// Its types belong to the browser's library, which nothing else here should see.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: Record<string, object>) => { exports: { __wbindgen_start(): void } }
}
