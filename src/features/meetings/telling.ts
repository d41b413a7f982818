import type { Meeting } from '../../store/generated/prisma/client.ts'
import type { Fact, Transaction } from '../../store/transact.ts'
import { meetingChanged } from './events.ts'
import type { Hearer } from './hearers.ts'

/** Within a transaction as `inMeeting` makes: the room hears it, and who is invited and not in the room that something has changed. */
export function tellOfMeetingIn(
  tx: Transaction,
  { id, roomId }: Pick<Meeting, 'id' | 'roomId'>,
  hearers: readonly Hearer[],
  fact: Fact,
): void {
  tx.append(roomId, fact)
  for (const { userId, isInRoom } of hearers) if (!isInRoom) tx.append(userId, meetingChanged({ meetingId: id }))
}
