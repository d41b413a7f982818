import DataLoader from 'dataloader'
import { groupBy } from '../lib/group-by.ts'
import type { Database } from '../store/database.ts'

/** How rows of one sort are read, many at once: answers in the order of the keys, null for what is not there. */
export interface Loader<Key, Row> {
  readonly name: string
  readonly read: (database: Database, keys: readonly Key[], loaders: Loaders) => Promise<(Row | null)[]>
  /** What makes two keys the same. */
  readonly identity: (key: Key) => string
}

export function defineLoader<Key, Row>(
  name: string,
  read: Loader<Key, Row>['read'],
  identity: (key: Key) => string = String,
): Loader<Key, Row> {
  return { name, read, identity }
}

/** Something asked about an object, such as for a page of its list. */
export interface Question<Asked> {
  readonly id: string
  readonly asked: Asked
}

/** A loader of answers: when the same is asked about many objects, it is read in one statement. */
export function defineQuestion<Asked, Answer>(
  name: string,
  read: (database: Database, ids: string[], asked: Asked, loaders: Loaders) => Promise<ReadonlyMap<string, Answer>>,
): Loader<Question<Asked>, Answer> {
  return defineLoader(
    name,
    async (database, questions, loaders) => {
      const alike = groupBy(questions, ({ asked }) => JSON.stringify(asked))
      const answers = new Map(
        await Promise.all(
          [...alike].map(async ([question, some]) => {
            const ids = some.map(({ id }) => id)
            return [question, await read(database, ids, some[0]!.asked, loaders)] as const
          }),
        ),
      )
      return questions.map(({ id, asked }) => answers.get(JSON.stringify(asked))!.get(id) ?? null)
    },
    JSON.stringify,
  )
}

/** Puts rows in the order of the keys they were asked by. */
export function inOrder<Row>(ids: readonly string[], rows: readonly Row[], idOf: (row: Row) => string): (Row | null)[] {
  const found = new Map(rows.map((row) => [idOf(row), row]))
  return ids.map((id) => found.get(id) ?? null)
}

/** A row that is known already, to be put into the loaders of an execution. */
export interface Known<Key = unknown, Row = unknown> {
  readonly loader: Loader<Key, Row>
  readonly key: Key
  readonly row: Row
}

export function known<Key, Row>(loader: Loader<Key, Row>, key: Key, row: Row): Known {
  return { loader, key, row } as Known
}

/** The reads of one execution: the same row is read once, and rows asked for in the same tick are read in one statement. Checks no rights. */
export class Loaders {
  readonly #database: Database
  readonly #byName = new Map<string, DataLoader<unknown, unknown, string>>()

  constructor(database: Database, rows: readonly Known[] = []) {
    this.#database = database
    for (const { loader, key, row } of rows) this.#of(loader).prime(key, row)
  }

  load<Key, Row>(loader: Loader<Key, Row>, key: Key): Promise<Row | null> {
    return this.#of(loader).load(key) as Promise<Row | null>
  }

  /** For rows that a page or a command has just read, or has found missing: they are not read again. */
  prime<Key, Row>(loader: Loader<Key, Row>, key: Key, row: Row | null): void {
    this.#of(loader).clear(key).prime(key, row)
  }

  /** Drops what was read, but for the loader named: after a write, and when a position was read that the state must not be older than. */
  forget(except?: Loader<never, unknown>): void {
    for (const [name, loader] of this.#byName) if (name !== except?.name) loader.clearAll()
  }

  /**
   * The execution is over. Caches of libraries, weak as they are, keep its context alive for as long as a major collection is away: nothing
   * of size shall hang on it. Whoever loads after this reads anew.
   */
  close(): void {
    this.#byName.clear()
  }

  #of<Key, Row>(loader: Loader<Key, Row>): DataLoader<Key, Row | null, string> {
    let found = this.#byName.get(loader.name)
    if (!found) {
      found = new DataLoader<unknown, unknown, string>((keys) => loader.read(this.#database, keys as Key[], this), {
        cacheKeyFn: (key) => loader.identity(key as Key),
        maxBatchSize: 1000,
      })
      this.#byName.set(loader.name, found)
    }
    return found as unknown as DataLoader<Key, Row | null, string>
  }
}
