import { badInput } from '../lib/refusal.ts'
import type { Limits } from './limits.ts'

/** Relay's four arguments. */
export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

/** What a query of a page needs: a direction, a count, and the keys that it lies between, neither of them in it. */
export interface PageRequest<Key> {
  readonly isBackward: boolean
  /** How many rows to show. Ask the database for one more: it tells whether there is another page. */
  readonly size: number
  readonly after: Key | undefined
  readonly before: Key | undefined
}

export interface Page<Row> {
  readonly edges: { cursor: string; node: Row }[]
  readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

/** A keyset: how a row's place is written into a cursor, and read from one; undefined for what is no cursor of this list. */
export interface Keyset<Row, Key> {
  encode(row: Row): string
  decode(text: string): Key | undefined
}

/** Checks the arguments. Without `first` and `last` a page is the beginning of the list. */
export function readPage<Key>(args: PageArguments, keyset: Keyset<never, Key>, limits: Limits): PageRequest<Key> {
  const { first, last } = args
  if (first != null && last != null) throw badInput('last', 'Either first or last, not both.')
  const size = first ?? last ?? limits.pageDefault
  const field = last != null ? 'last' : 'first'
  if (size < 1) throw badInput(field, 'At least 1, please.')
  if (size > limits.pageMost) throw badInput(field, `At most ${limits.pageMost} a page, please.`)
  return { isBackward: last != null, size, after: key(args.after, 'after', keyset), before: key(args.before, 'before', keyset) }
}

function key<Key>(cursor: string | null | undefined, field: string, keyset: Keyset<never, Key>): Key | undefined {
  if (cursor == null) return undefined
  const found = keyset.decode(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (found === undefined) throw badInput(field, 'This is not a cursor of this list.')
  return found
}

/** Makes the page from what was found: `size + 1` rows at most, in the direction of reading. */
export function makePage<Row, Key>(rows: readonly Row[], request: PageRequest<Key>, keyset: Keyset<Row, Key>): Page<Row> {
  const hasMore = rows.length > request.size
  const shown = rows.slice(0, request.size)
  if (request.isBackward) shown.reverse()
  const edges = shown.map((node) => ({ cursor: pageCursor(node, keyset), node }))
  return {
    edges,
    pageInfo: {
      // Relay: what lies on the other side is only told when it is known without asking.
      hasNextPage: request.isBackward ? request.before !== undefined : hasMore,
      hasPreviousPage: request.isBackward ? hasMore : request.after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** Above this nothing is counted: `totalCount` is null. */
export const mostCounted = 10_000

export function countedOrNull(count: number): number | null {
  return count > mostCounted ? null : count
}

export function pageCursor<Row>(row: Row, keyset: Pick<Keyset<Row, unknown>, 'encode'>): string {
  return Buffer.from(keyset.encode(row)).toString('base64url')
}
