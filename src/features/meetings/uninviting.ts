import type { Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'

/**
 * Within a transaction that holds the person's inbox, and takes these rooms from them: they are nobody's guest there any more, so no meeting
 * brings them back. They stay among those who were invited.
 */
export async function uninviteIn({ rows }: Transaction, userId: string, rooms: Prisma.RoomWhereInput): Promise<void> {
  await rows.meetingAttendee.updateMany({ where: { userId, isGuest: true, meeting: { room: rooms } }, data: { isGuest: false } })
}
