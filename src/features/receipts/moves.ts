import type { Sweepable } from '../../engine/sweep.ts'
import type { Database } from '../../store/database.ts'

/** That marks moved is kept as long as events are; where they stand, for ever. */
export function movesOf({ sql }: Database): Sweepable {
  return {
    async sweep(days, most) {
      const gone = await sql(
        `delete from read_move where (room_id, user_id, seq) in (
           select room_id, user_id, seq from read_move where at < now() - make_interval(days => $1) order by at limit $2
         ) returning 1`,
        [days, most],
      )
      return gone.length
    },
  }
}
