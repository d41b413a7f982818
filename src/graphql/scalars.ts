import { Refusal } from '../lib/refusal.ts'
import { builder } from './builder.ts'

builder.scalarType('DateTime', {
  description: "A moment: RFC 3339, UTC, milliseconds. Always the database's clock.",
  serialize: (value) => value.toISOString(),
  parseValue(value) {
    const time = typeof value === 'string' && rfc3339.test(value) && isDay(value) ? new Date(value) : undefined
    // An offset may lead out of the years that have four digits, and what follows them nobody reads as a time.
    if (!time || Number.isNaN(time.getTime()) || !rfc3339.test(time.toISOString()))
      throw malformed('A DateTime is an RFC 3339 time, such as 2026-01-31T12:00:00.000Z.')
    return time
  },
})

builder.scalarType('Cursor', {
  description: 'A place in one event stream. Opaque: keep the last one you received, and give it back as `after`. It survives restarts.',
  serialize: (value) => value,
  parseValue(value) {
    if (typeof value !== 'string') throw malformed('A cursor is a string that this server gave you.')
    return value
  },
})

builder.scalarType('URL', {
  description: 'An address, whole: with its scheme and host.',
  serialize: (value) => value,
  parseValue(value) {
    if (typeof value !== 'string' || !URL.canParse(value)) throw malformed('A URL is an address with its scheme and host.')
    return value
  },
})

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
})

/** Names no field: a scalar does not know whose value it is. GraphQL puts before the sentence where in the variables it stands. */
const malformed = (sentence: string) => new Refusal('BAD_USER_INPUT', sentence)

/** JavaScript takes the 31st of February for the 3rd of March. */
function isDay(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number) as [number, number, number]
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** There was no year zero: no database has one. */
const rfc3339 = /^(?!0000)\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i
