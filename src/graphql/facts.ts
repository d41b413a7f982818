import type { Loss } from '../engine/sink.ts'
import type { Database } from '../store/database.ts'
import type { Fact, StoredEvent } from '../store/transact.ts'
import { type Known, type Loader, Loaders } from './loaders.ts'

/** A row that a fact refers to. */
export type Reference = readonly [Loader<string, unknown>, string]

export interface FactDefinition<Data> {
  /** The rows that showing it needs: read once for everybody who hears of it, and many facts' in the same statements. */
  refersTo(data: Data, streamId: string): readonly Reference[]
  /** For a fact that rides the bus with its rows: those rows, from what `JSON.stringify` left of them. */
  fromSnapshot?(snapshot: unknown): readonly Known[]
  /** The row, by its id, that must not be shown any more as it was before: what earlier facts of the stream kept of it is let go on every node. */
  outdates?(data: Data): string
  /** For a fact in a person's inbox by which they lost a right: whatever they follow is asked for again, but for streams that tell of it. */
  readonly takesRights?: Loss
  /** It is no activity of its stream. */
  readonly isQuiet?: boolean
}

/** Names a fact, which is also the name of its GraphQL type, and makes its constructor. */
export function defineFact<Data extends Record<string, unknown>>(type: string, definition: FactDefinition<Data>): (data: Data) => Fact {
  if (definitions.has(type)) throw new Error(`The fact ${type} is defined twice.`)
  definitions.set(type, definition as unknown as FactDefinition<Record<string, unknown>>)
  const { isQuiet } = definition
  return (data) => ({ type, data, ...(isQuiet && { isQuiet }) })
}

const definitions = new Map<string, FactDefinition<Record<string, unknown>>>()

/** A fact as it was heard: perhaps with its rows. */
export interface HeardEvent extends StoredEvent {
  readonly snapshot?: unknown
}

export function outdates({ type, data }: Fact): string | undefined {
  return definitions.get(type)?.outdates?.(data)
}

export function takesRights({ type }: Fact): Loss | undefined {
  return definitions.get(type)?.takesRights
}

export function isQuiet({ type }: Fact): boolean {
  return definitions.get(type)?.isQuiet === true
}

/** Reads what facts refer to: for each fact its rows, in order. A fact of a type that this version does not know has none. */
export function createHydrate(database: Database): (events: readonly HeardEvent[]) => Promise<(readonly Known[])[]> {
  return async (events) => {
    const loaders = new Loaders(database)
    return Promise.all(
      events.map(async ({ type, streamId, data, snapshot }) => {
        const definition = definitions.get(type)
        if (!definition) return []
        if (snapshot !== undefined && definition.fromSnapshot) return definition.fromSnapshot(snapshot)
        const references = definition.refersTo(data, streamId)
        const rows = await Promise.all(references.map(([loader, key]) => loaders.load(loader, key)))
        return references.map(([loader, key], index) => ({ loader, key, row: rows[index] }) as Known)
      }),
    )
  }
}
