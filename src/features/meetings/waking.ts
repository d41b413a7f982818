import type { Transaction } from '../../store/transact.ts'

/**
 * Within a transaction that need not hold anything of the meeting: something has happened to it, such as that its last one left. What follows is
 * seen to by the next tick of any node, which holds all who hear of it.
 */
export async function wakeIn({ rows, at }: Transaction, meetingId: string): Promise<void> {
  await rows.meeting.updateMany({ where: { id: meetingId, status: { in: ['SCHEDULED', 'IN_PROGRESS'] } }, data: { dueAt: at } })
}
