import { runBy } from '../../store/database.ts'
import type { Transaction } from '../../store/transact.ts'
import { readMarksMoved } from './events.ts'
import { showsMarks } from './policy.ts'

/**
 * Within a transaction that holds the room's stream, where it is due: tells the room of all marks of which it has not heard. The last mark of
 * who is gone since is told to nobody, and none is in a room that has grown too large.
 */
export async function tellMarksIn(tx: Transaction, roomId: string, limits: { readonly readMarksMembers: number }): Promise<void> {
  const moved = await runBy(tx.rows)<{ id: string; userId: string; memberCount: number }>(
    `with told as (update read_mark set is_told = true where room_id = $1::uuid and not is_told returning id, user_id),
       moment as (
         insert into marks_told (room_id, at) select $1::uuid, $2::timestamptz where exists (select from told)
         on conflict (room_id) do update set at = excluded.at
       )
     select told.id, told.user_id as "userId", r.member_count as "memberCount" from told
     join room_member m on m.id = told.id and m.left_at is null join room r on r.id = m.room_id order by told.id`,
    [roomId, tx.at],
  )
  if (moved[0] === undefined || !showsMarks(moved[0], limits)) return
  tx.append(roomId, readMarksMoved({ memberIds: moved.map(({ id }) => id), userIds: moved.map(({ userId }) => userId) }))
}

/** Within such a transaction: how long until the room is due to be told, by the database's clock; nothing, when it is. */
export async function waitToTell({ rows, at }: Transaction, roomId: string, everyMs: number): Promise<number> {
  const told = await rows.marksTold.findUnique({ where: { roomId } })
  return told === null ? 0 : Math.max(0, told.at.getTime() + everyMs - at.getTime())
}
