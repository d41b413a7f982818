import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { lockFolder } from './folder-lock.ts'
import { type Prisma, PrismaClient } from './generated/prisma/client.ts'

/** Runs one statement, or several when there are no values. */
export type Run = <Row>(text: string, values?: unknown[]) => Promise<Row[]>

/** The same on the connection that Prisma uses: inside its transaction, where that is what it was handed. */
export function runBy(rows: Prisma.TransactionClient): Run {
  return <Row>(text: string, values: unknown[] = []) => rows.$queryRawUnsafe<Row[]>(text, ...values)
}

/** One database, two ways in: Prisma for typed rows, `sql` for what must be one statement. Both share the same connections. */
export interface Database {
  readonly kind: 'pglite' | 'postgres'
  readonly prisma: PrismaClient
  /** One statement, or several, on any connection. On Postgres it rejects after `transactionMaxMs`, as for a lost connection. */
  readonly sql: Run
  /** Statements on one connection, between BEGIN and COMMIT. With PGlite nothing else runs meanwhile: never wait inside for something outside. */
  transaction<Result>(work: (run: Run) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** `postgres://…`, `pglite:FOLDER`, or `pglite:memory`. */
  url: string
  poolSize: number
  /** How long an interactive transaction may wait for its connection, and may take. */
  transactionWaitMs: number
  transactionMaxMs: number
  /** What an in-memory PGlite begins with: a dump of another's folder. */
  startFrom?: Blob
}

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.url.startsWith('pglite:') ? openPGlite(options) : openPostgres(options)
}

async function openPGlite(options: DatabaseOptions): Promise<Database> {
  const folder = options.url.slice('pglite:'.length)
  const inMemory = folder === 'memory'
  if (!inMemory) await mkdir(dirname(folder), { recursive: true })
  const unlock = inMemory ? async () => {} : await lockFolder(folder)
  let pglite: PGlite
  try {
    pglite = await PGlite.create(inMemory ? { ...(options.startFrom && { loadDataDir: options.startFrom }) } : { dataDir: folder })
  } catch (error) {
    await unlock()
    throw error
  }
  const runOn =
    (on: Pick<PGlite, 'query' | 'exec'>): Run =>
    async <Row>(text: string, values?: unknown[]) => {
      if (values) return (await on.query<Row>(text, values)).rows
      const results = await on.exec(text)
      return (results.at(-1)?.rows ?? []) as Row[]
    }
  const prisma = prismaOn(new PrismaPGlite(pglite), options)
  return {
    kind: 'pglite',
    prisma,
    sql: runOn(pglite),
    transaction: (work) => pglite.transaction((tx) => work(runOn(tx as unknown as PGlite))),
    async close() {
      await prisma.$disconnect()
      if (!pglite.closed) await pglite.close()
      await unlock()
    },
  }
}

async function openPostgres(options: DatabaseOptions): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: options.transactionWaitMs,
    keepAlive: true,
  })
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  const prisma = prismaOn(new PrismaPg(pool), options)
  const runOn =
    (on: pg.Pool | pg.PoolClient, timeoutMs?: number): Run =>
    async <Row>(text: string, values?: unknown[]) => {
      // A connection that broke without a word would be waited for for ever.
      const result = await on.query({ text, ...(values && { values }), ...(timeoutMs && { query_timeout: timeoutMs }) })
      return (Array.isArray(result) ? result.at(-1).rows : result.rows) as Row[]
    }
  return {
    kind: 'postgres',
    prisma,
    sql: runOn(pool, options.transactionMaxMs),
    async transaction(work) {
      const client = await pool.connect()
      let broken: Error | undefined
      try {
        await client.query('begin')
        const result = await work(runOn(client))
        await client.query('commit')
        return result
      } catch (error) {
        await client.query('rollback').catch((failure: Error) => {
          broken = failure
        })
        throw error
      } finally {
        client.release(broken)
      }
    },
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

function prismaOn(adapter: PrismaPg | PrismaPGlite, options: DatabaseOptions): PrismaClient {
  return new PrismaClient({
    adapter,
    transactionOptions: { maxWait: options.transactionWaitMs, timeout: options.transactionMaxMs },
  })
}
