import type { Prisma, RoomKind, RoomMember } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { dropFromCallsIn } from '../calls/dropping.ts'
import { uninviteIn } from '../meetings/uninviting.ts'
import { roomUpdated } from './events.ts'
import { leaveAllIn } from './leaving.ts'

/** The rooms that a person is in: what has to be locked, besides their inbox, to close their account. While that is, they come into no other. */
export async function roomIdsOf(rows: Prisma.TransactionClient, userId: string): Promise<string[]> {
  return (await rows.roomMember.findMany({ where: { userId, leftAt: null }, select: { roomId: true } })).map(({ roomId }) => roomId)
}

/**
 * Within a transaction that holds the person's inbox and the streams of all their rooms: their account is closed. They leave their groups;
 * direct rooms stay to be read by the other one, who is told, and nothing more is said there. They are nobody's guest any more. Channels are left
 * with their teams.
 */
export async function quitRoomsIn(tx: Transaction, userId: string): Promise<void> {
  await leaveAllIn(tx, { userId, actorId: userId, memberships: await membershipsIn(tx, userId, 'GROUP') })
  await uninviteIn(tx, userId, {})
  const roomIds = (await membershipsIn(tx, userId, 'DIRECT')).map(({ roomId }) => roomId)
  await tx.rows.room.updateMany({ where: { id: { in: roomIds } }, data: { isSevered: true } })
  await dropFromCallsIn(tx, { roomIds })
  for (const roomId of roomIds) tx.append(roomId, roomUpdated({ roomId, actorId: userId }))
}

function membershipsIn({ rows }: Transaction, userId: string, kind: RoomKind): Promise<RoomMember[]> {
  return rows.roomMember.findMany({ where: { userId, leftAt: null, room: { kind } } })
}
