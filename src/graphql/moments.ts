import { isUuid } from '../lib/uuid.ts'
import type { Keyset, PageRequest } from './paging.ts'

/** A place in a list that is ordered by a time: the id breaks the ties. */
export interface Moment {
  readonly at: Date
  readonly id: string
}

export function keysetByMoment<Row extends { id: string }>(timeOf: (row: Row) => Date): Keyset<Row, Moment> {
  return {
    encode: (row) => `${timeOf(row).getTime()}.${row.id}`,
    decode(text) {
      const [time, id, ...rest] = text.split('.')
      const isWhole = time !== undefined && /^\d{1,14}$/.test(time) && id !== undefined && isUuid(id) && rest.length === 0
      return isWhole ? { at: new Date(Number(time)), id } : undefined
    },
  }
}

/** What such a page adds to a statement; its values begin at `$first`. */
export function keysetSql(request: PageRequest<Moment>, columns: { at: string; id: string; isDescending: boolean }, first: number) {
  const { at, id, isDescending } = columns
  const values: unknown[] = []
  const bound = (key: Moment | undefined, isBelow: boolean) => {
    if (!key) return ''
    values.push(key.at, key.id)
    const place = first + values.length - 2
    return `and (${at}, ${id}) ${isBelow ? '<' : '>'} ($${place}::timestamptz, $${place + 1}::uuid)`
  }
  const where = `${bound(request.after, isDescending)} ${bound(request.before, !isDescending)}`
  const direction = isDescending === request.isBackward ? 'asc' : 'desc'
  return { where, order: `order by ${at} ${direction}, ${id} ${direction}`, values }
}
