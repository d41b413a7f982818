import DataLoader from 'dataloader'
import type { Database } from '../../store/database.ts'

/** A room that somebody is in, as it stood: its stream, and their mark. */
export interface Place {
  readonly roomId: string
  readonly head: number
  readonly activeAt: Date
  /** Null where they have none: they have read everything. */
  readonly markSeq: number | null
  readonly markedAt: Date | null
}

/** Of each person all rooms they are in. Asked for in the same tick, they are read in one statement. */
export function createPlaces({ sql }: Database): { load(userId: string): Promise<readonly Place[]> } {
  return new DataLoader<string, readonly Place[]>(
    async (userIds) => {
      const rows = await sql<Place & { userId: string }>(
        `select m.user_id as "userId", m.room_id as "roomId", s.head, s.active_at as "activeAt", k.seq as "markSeq", k.at as "markedAt"
         from room_member m join stream s on s.id = m.room_id left join read_mark k on k.id = m.id
         where m.user_id = any($1::uuid[]) and m.left_at is null`,
        [userIds],
      )
      const found = new Map<string, Place[]>(userIds.map((id) => [id, []]))
      for (const { userId, ...place } of rows) found.get(userId)!.push(place)
      return userIds.map((id) => found.get(id)!)
    },
    { cache: false, maxBatchSize: mostPeople },
  )
}

const mostPeople = 100

/** When the event in that place of a stream happened; undefined where it is no longer kept, or there was none. */
export async function momentOf({ sql }: Database, streamId: string, seq: number): Promise<Date | undefined> {
  const [row] = await sql<{ at: Date }>('select at from event where stream_id = $1 and seq = $2', [streamId, seq])
  return row?.at
}
