import type { Database } from '../../src/store/database.ts'
import type { PrismaClient } from '../../src/store/generated/prisma/client.ts'
import { until } from './until.ts'

/** A database in the hands of a test: its statements are counted, and those that hold a text may be made to wait, or to fail. */
export interface HeldDatabase extends Database {
  /** What was run: by `sql` with its text, by Prisma as `User.findMany`. */
  readonly statements: Statement[]
  /** Statements with that text in them wait from now on, or their answers do. */
  hold(text: string, what?: 'statement' | 'answer'): Held
  /** The next ones with that text in them fail as when the way to the database breaks. */
  fail(text: string, times: number): void
}

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

export interface Held {
  waits(): Promise<void>
  release(): void
}

export function holdDatabase(database: Database): HeldDatabase {
  const statements: Statement[] = []
  let failing = { text: '', times: 0 }
  let held: { readonly text: string; readonly what: string; readonly released: Promise<void>; isWaitedFor: boolean } | undefined

  async function passing(text: string, what: 'statement' | 'answer'): Promise<void> {
    if (held?.what !== what || !text.includes(held.text)) return
    held.isWaitedFor = true
    await held.released
  }

  return {
    kind: database.kind,
    prisma: database.prisma.$extends({
      query: {
        $allOperations({ model, operation, args, query }) {
          statements.push({ text: `${model}.${operation}`, values: [args] })
          return query(args)
        },
      },
    }) as unknown as PrismaClient,
    transaction: database.transaction.bind(database),
    close: () => database.close(),
    statements,
    async sql<Row>(text: string, values: unknown[] = []) {
      statements.push({ text, values })
      if (failing.times > 0 && text.includes(failing.text)) {
        failing.times--
        throw Object.assign(new Error('Connection terminated.'), { code: 'ECONNRESET' })
      }
      await passing(text, 'statement')
      // Without values it may be several statements.
      const rows = await (values.length > 0 ? database.sql<Row>(text, values) : database.sql<Row>(text))
      await passing(text, 'answer')
      return rows
    },
    hold(text, what = 'statement') {
      let open = () => {}
      const released = new Promise<void>((resolve) => {
        open = resolve
      })
      const mine = { text, what, released, isWaitedFor: false }
      held = mine
      return {
        waits: async () => void (await until(() => mine.isWaitedFor, { what: `a statement with ${text}` })),
        release() {
          held = undefined
          open()
        },
      }
    },
    fail(text, times) {
      failing = { text, times }
    },
  }
}

/** What every node asks by itself, whoever does what: whether something is due in a call or a meeting, or a room untold of marks. */
export function isOfATick(text: string): boolean {
  return /due_at <= now\(\)|^select distinct room_id/.test(text)
}
