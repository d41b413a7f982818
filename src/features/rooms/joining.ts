import { uuid } from '../../lib/uuid.ts'
import type { RoomMember } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { saySystemIn } from '../messages/system.ts'
import { memberJoined, memberLeft, memberUpdated, roomAdded, roomRemoved } from './events.ts'

/** Who comes or goes, and by whom. `membership`: the row they have, also one that has ended. */
export interface Joining {
  readonly roomId: string
  readonly userId: string
  readonly actorId: string
  readonly membership: RoomMember | null
}

/**
 * Within a transaction that holds the room's stream and the person's inbox, and has decided. Who is in already stays as they are, and nobody
 * hears of it; who comes back is a plain member, and as mute as they were.
 */
export async function joinIn(tx: Transaction, { roomId, userId, actorId, membership }: Joining): Promise<RoomMember> {
  if (membership?.leftAt === null) return membership
  const state = { role: 'MEMBER', joinedAt: tx.at, leftAt: null, notificationLevel: 'ALL' } as const
  const member = membership
    ? await tx.rows.roomMember.update({ where: { id: membership.id }, data: state })
    : await tx.rows.roomMember.create({ data: { ...state, id: uuid(), roomId, userId } })
  await tx.rows.room.update({ where: { id: roomId }, data: { memberCount: { increment: 1 } } })
  tx.append(roomId, memberJoined({ roomId, memberId: member.id, userId, actorId }))
  await saySystemIn(tx, { roomId, senderId: userId, kind: 'MEMBER_JOINED', content: 'Joined the room.' })
  tx.append(userId, roomAdded({ roomId }))
  return member
}

/**
 * Within a transaction that holds the room's stream and the person's inbox, and has decided. The row stays, for the events that name it; to
 * themselves `MemberLeft` is the room's last event.
 */
export async function leaveIn(tx: Transaction, { roomId, userId, actorId, membership }: Joining & { membership: RoomMember }) {
  const wasRemoved = actorId !== userId
  const left = await tx.rows.roomMember.update({ where: { id: membership.id }, data: { leftAt: tx.at } })
  await tx.rows.room.update({ where: { id: roomId }, data: { memberCount: { decrement: 1 } } })
  tx.append(roomId, memberLeft({ roomId, memberId: membership.id, userId, actorId, wasRemoved }))
  await appointSuccessor(tx, roomId, actorId)
  const content = wasRemoved ? 'Was removed from the room.' : 'Left the room.'
  await saySystemIn(tx, { roomId, senderId: userId, kind: 'MEMBER_LEFT', content })
  tx.append(userId, roomRemoved({ roomId, wasRemoved }))
  return left
}

/** When the last admin has gone, who has been there longest becomes one. The last member leaves an empty room. */
async function appointSuccessor(tx: Transaction, roomId: string, actorId: string): Promise<void> {
  if ((await countAdmins(tx, roomId)) > 0) return
  const next = await tx.rows.roomMember.findFirst({
    where: { roomId, leftAt: null },
    orderBy: [{ joinedAt: 'asc' }, { id: 'asc' }],
  })
  if (!next) return
  await tx.rows.roomMember.update({ where: { id: next.id }, data: { role: 'ADMIN' } })
  tx.append(roomId, memberUpdated({ roomId, memberId: next.id, userId: next.userId, actorId }))
}

export function countAdmins({ rows }: Transaction, roomId: string): Promise<number> {
  return rows.roomMember.count({ where: { roomId, leftAt: null, role: 'ADMIN' } })
}
