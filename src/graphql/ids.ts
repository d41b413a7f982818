import { badInput, notFound } from '../lib/refusal.ts'
import { isUuid } from '../lib/uuid.ts'

/** An object as its id names it. */
export interface Named {
  readonly typename: string
  /** Of its row. */
  readonly id: string
  /** Of types that have many objects a row: which of them. */
  readonly part?: number
}

/** An id as clients see it: the type and the row, and which part of it, opaque. */
export function encodeId(type: string, id: string | number | bigint, part?: number): string {
  return Buffer.from(part === undefined ? `${type}:${id}` : `${type}:${id}:${part}`).toString('base64url')
}

/** Says that objects of this type are parts of rows, told apart by a whole number. Ids of all other types name rows. */
export function namesParts(typename: string): void {
  typesOfParts.add(typename)
}

const typesOfParts = new Set<string>()

export function decodeId(text: string, field = 'id'): Named {
  const decoded = Buffer.from(text, 'base64url').toString('latin1')
  const [typename, id, number, ...rest] = decoded.split(':')
  const part = number === undefined ? undefined : Number(number)
  const isWhole =
    typename &&
    /^[A-Za-z]{1,40}$/.test(typename) &&
    id !== undefined &&
    isUuid(id) &&
    (typesOfParts.has(typename) ? Number.isSafeInteger(part) : part === undefined) &&
    rest.length === 0
  if (!isWhole || encodeId(typename, id, part) !== text) throw badInput(field, 'This is not an id of ours.')
  return { typename, id, ...(part !== undefined && { part }) }
}

/** The row that an input's id names. What is no id is BAD_USER_INPUT; the id of something else is like one that names nothing. */
export function rowId(text: string, types: string | readonly string[], field: string): string {
  const { typename, id } = decodeId(text, field)
  if (!(typeof types === 'string' ? [types] : types).includes(typename)) throw notFound(nounOf(types))
  return id
}

function nounOf(types: string | readonly string[]): string {
  return typeof types === 'string' ? types.replace(/(?<=[a-z])([A-Z])/g, ' $1').toLowerCase() : 'room'
}
