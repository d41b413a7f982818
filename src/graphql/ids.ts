import { badInput, notFound } from '../lib/refusal.ts'
import { isUuid } from '../lib/uuid.ts'

/** An id as clients see it: the type and the row, opaque. */
export function encodeId(type: string, id: string | number | bigint): string {
  return Buffer.from(`${type}:${id}`).toString('base64url')
}

export function decodeId(text: string, field = 'id'): { typename: string; id: string } {
  const decoded = Buffer.from(text, 'base64url').toString('latin1')
  const [typename, id, ...rest] = decoded.split(':')
  const isWhole = typename && /^[A-Za-z]{1,40}$/.test(typename) && id !== undefined && isUuid(id) && rest.length === 0
  if (!isWhole || encodeId(typename, id) !== text) throw badInput(field, 'This is not an id of ours.')
  return { typename, id }
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
