import { runBy } from '../../store/database.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import type { CallTerms } from './terms.ts'

/**
 * For whom a call rings: the other members who could join it, but for those who have blocked the caller or are blocked by them. For nobody in
 * a room of more than `most`.
 */
export async function findRingable(rows: Prisma.TransactionClient, roomId: string, callerId: string, most: number): Promise<string[]> {
  const found = await runBy(rows)<{ userId: string }>(
    `select m.user_id as "userId" from room_member m join room r on r.id = m.room_id
     left join team_member t on t.team_id = r.team_id and t.user_id = m.user_id and t.left_at is null
     where m.room_id = $1 and m.left_at is null and m.user_id <> $2 and r.member_count <= $3
       and (m.muted_until is null or m.muted_until <= now() or m.role = 'ADMIN' or coalesce(t.role = 'LEAD', false))
       and not exists (
         select from block where (blocker_id = $2 and blocked_id = m.user_id) or (blocker_id = m.user_id and blocked_id = $2)
       )
     order by m.joined_at, m.id`,
    [roomId, callerId, most],
  )
  return found.map(({ userId }) => userId)
}

export function endsOfRing({ at }: Transaction, { callRingsMs }: CallTerms): Date {
  return new Date(at.getTime() + callRingsMs)
}
