import { uuid } from '../../lib/uuid.ts'
import type { Prisma, RoomRole } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { startReadingIn } from '../receipts/starting.ts'
import { roomAdded } from './events.ts'

export type NewRoom = Omit<Prisma.RoomUncheckedCreateInput, 'id' | 'memberCount' | 'createdAt'>

/**
 * Within a transaction that holds the inboxes of its first members, who hear of it: the room, its stream and their memberships. Its own
 * stream begins empty: nobody could have followed it before, and whoever reads the room finds them in it.
 */
export async function openRoomIn(tx: Transaction, room: NewRoom, roles: Readonly<Record<string, RoomRole>>): Promise<string> {
  const id = uuid()
  const members = Object.entries(roles).map(([userId, role]) => ({ id: uuid(), roomId: id, userId, role, joinedAt: tx.at }))
  await tx.openStream(id)
  await tx.rows.room.create({ data: { ...room, id, memberCount: members.length, createdAt: tx.at } })
  await tx.rows.roomMember.createMany({ data: members })
  await startReadingIn(tx, id, members)
  for (const { userId } of members) tx.append(userId, roomAdded({ roomId: id }))
  return id
}
