import { runBy } from '../../store/database.ts'
import type { RoomMember } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { dropFromCallsIn } from '../calls/dropping.ts'
import { uninviteIn } from '../meetings/uninviting.ts'
import { saySystemInEach } from '../messages/system.ts'
import { memberLeft, memberUpdated, roomRemoved } from './events.ts'

/** As `leaveAllIn`, one room. */
export async function leaveIn(tx: Transaction, membership: RoomMember, actorId: string): Promise<RoomMember> {
  await leaveAllIn(tx, { userId: membership.userId, actorId, memberships: [membership] })
  return { ...membership, leftAt: tx.at }
}

/** Who goes from where, and by whom: their memberships, which last. */
export interface Leaving {
  readonly userId: string
  readonly actorId: string
  readonly memberships: readonly RoomMember[]
}

/**
 * Within a transaction that holds the rooms' streams and the person's inbox, and has decided. In as many statements for a thousand rooms as
 * for one. The rows stay, for the events that name them; to themselves `MemberLeft` is the last event of a room that they no longer see.
 */
export async function leaveAllIn(tx: Transaction, { userId, actorId, memberships }: Leaving): Promise<void> {
  if (memberships.length === 0) return
  const wasRemoved = actorId !== userId
  const roomIds = memberships.map(({ roomId }) => roomId)
  await tx.rows.roomMember.updateMany({ where: { id: { in: memberships.map(({ id }) => id) } }, data: { leftAt: tx.at } })
  await tx.rows.room.updateMany({ where: { id: { in: roomIds } }, data: { memberCount: { decrement: 1 } } })
  await dropFromCallsIn(tx, { roomIds, userId })
  await uninviteIn(tx, userId, { id: { in: roomIds } })
  for (const { id, roomId } of memberships) tx.append(roomId, memberLeft({ roomId, memberId: id, userId, actorId, wasRemoved }))
  await appointSuccessors(tx, roomIds, actorId)
  const content = wasRemoved ? 'Was removed from the room.' : 'Left the room.'
  await saySystemInEach(tx, roomIds, { senderId: userId, kind: 'MEMBER_LEFT', content })
  for (const roomId of roomIds) tx.append(userId, roomRemoved({ roomId, wasRemoved }))
}

/** Where the last admin has gone, who has been there longest becomes one. The last member leaves an empty room. */
async function appointSuccessors(tx: Transaction, roomIds: readonly string[], actorId: string): Promise<void> {
  const next = await runBy(tx.rows)<{ id: string; roomId: string; userId: string }>(
    `select next.id, next.room_id as "roomId", next.user_id as "userId" from unnest($1::uuid[]) as gone(room_id)
     cross join lateral (
       select id, room_id, user_id from room_member where room_id = gone.room_id and left_at is null order by joined_at, id limit 1
     ) next
     where not exists (select from room_member where room_id = gone.room_id and left_at is null and role = 'ADMIN')`,
    [roomIds],
  )
  if (next.length === 0) return
  await tx.rows.roomMember.updateMany({ where: { id: { in: next.map(({ id }) => id) } }, data: { role: 'ADMIN' } })
  for (const { id, roomId, userId } of next) tx.append(roomId, memberUpdated({ roomId, memberId: id, userId, actorId }))
}

export function countAdmins({ rows }: Transaction, roomId: string): Promise<number> {
  return rows.roomMember.count({ where: { roomId, leftAt: null, role: 'ADMIN' } })
}
