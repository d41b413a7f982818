import { uuid } from '../../lib/uuid.ts'
import type { RoomMember } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { saySystemIn } from '../messages/system.ts'
import { startReadingIn } from '../receipts/starting.ts'
import { memberJoined, roomAdded } from './events.ts'

/** Who comes where, and by whom. `membership`: the row they have, also one that has ended. */
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
  await startReadingIn(tx, roomId, [member])
  tx.append(userId, roomAdded({ roomId }))
  return member
}
