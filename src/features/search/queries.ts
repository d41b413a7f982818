import type { Moment } from '../../graphql/moments.ts'
import type { Run } from '../../store/database.ts'
import { type MessageRow, messageColumns } from '../messages/queries.ts'

/** Which messages: those that satisfy the condition, said in the room if it is named, from `from` on and before `to`. */
export interface Search {
  readonly viewerId: string
  /** Of `conditionOf`. */
  readonly condition: string
  readonly roomId: string | undefined
  readonly from: Date | undefined
  readonly to: Date | undefined
}

/**
 * The newest of them, so many at most, that come after a place in that order; of the rooms that the viewer sees at this moment, and as they
 * stand at this moment. In one statement, whose way `search_messages` chooses.
 */
export function readFound(sql: Run, search: Search, after: Moment | undefined, most: number): Promise<MessageRow[]> {
  const { viewerId, condition, roomId, from, to } = search
  const end = [after, to && { at: to, id: leastId }].filter((bound) => bound !== undefined).sort(byTimeThenId)[0]
  return sql<MessageRow>(
    `select ${messageColumns}
     from unnest(search_messages($1::uuid, $2::tsquery, $3::uuid, coalesce($4::timestamptz, '-infinity'),
       coalesce($5::timestamptz, 'infinity'), $6::uuid, $7::int)) with ordinality as found(id, place)
     cross join lateral (select * from message where id = found.id limit 1) m order by found.place`,
    [viewerId, condition, roomId ?? null, from ?? null, end?.at ?? null, end?.id ?? leastId, most],
  )
}

/** Before it comes whatever else was said at the same time. */
const leastId = '00000000-0000-0000-0000-000000000000'

function byTimeThenId(one: Moment, other: Moment): number {
  return one.at.getTime() - other.at.getTime() || (one.id < other.id ? -1 : 1)
}
