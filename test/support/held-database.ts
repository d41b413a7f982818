import type { Database } from '../../src/store/database.ts'
import { until } from './until.ts'

/** A database in the hands of a test: its statements are counted, and those that hold a text may be made to wait, or to fail. */
export interface HeldDatabase extends Database {
  /** What was run by `sql`. */
  readonly statements: string[]
  /** Statements with that text in them wait from now on. */
  hold(text: string): Held
  /** The next ones with that text in them fail as when the way to the database breaks. */
  fail(text: string, times: number): void
}

export interface Held {
  waits(): Promise<void>
  release(): void
}

export function holdDatabase(database: Database): HeldDatabase {
  const statements: string[] = []
  let failing = { text: '', times: 0 }
  let held: { readonly text: string; readonly released: Promise<void>; isWaitedFor: boolean } | undefined
  return {
    kind: database.kind,
    prisma: database.prisma,
    transaction: database.transaction.bind(database),
    close: () => database.close(),
    statements,
    async sql(text, values) {
      statements.push(text)
      if (failing.times > 0 && text.includes(failing.text)) {
        failing.times--
        throw Object.assign(new Error('Connection terminated.'), { code: 'ECONNRESET' })
      }
      if (held && text.includes(held.text)) {
        held.isWaitedFor = true
        await held.released
      }
      return database.sql(text, values)
    },
    hold(text) {
      let open = () => {}
      const released = new Promise<void>((resolve) => {
        open = resolve
      })
      const mine = { text, released, isWaitedFor: false }
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
