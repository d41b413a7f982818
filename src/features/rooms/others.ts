import { runBy } from '../../store/database.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'

/** Somebody else who is in a room. */
export interface Other {
  readonly userId: string
  /** Muted, and running nothing there. */
  readonly isSilenced: boolean
}

/**
 * Whom something concerns that a person does in a room without naming anybody: the other members, the longest in it first, but for those who
 * have blocked that person or are blocked by them. Nobody, in a room of more than `most`.
 */
export function findOthers(rows: Prisma.TransactionClient, roomId: string, personId: string, most: number): Promise<Other[]> {
  return runBy(rows)<Other>(
    `select m.user_id as "userId",
       coalesce(m.muted_until > now(), false) and m.role <> 'ADMIN' and coalesce(t.role <> 'LEAD', true) as "isSilenced"
     from room_member m join room r on r.id = m.room_id
     left join team_member t on t.team_id = r.team_id and t.user_id = m.user_id and t.left_at is null
     where m.room_id = $1 and m.left_at is null and m.user_id <> $2 and r.member_count <= $3
       and not exists (
         select from block where (blocker_id = $2 and blocked_id = m.user_id) or (blocker_id = m.user_id and blocked_id = $2)
       )
     order by m.joined_at, m.id`,
    [roomId, personId, most],
  )
}
