import { runBy } from '../../store/database.ts'
import type { Meeting, Prisma, Rsvp } from '../../store/generated/prisma/client.ts'
import type { Fact, Transaction } from '../../store/transact.ts'
import { meetingChanged } from './events.ts'
import { isSeen, isWelcome, joinStanding } from './queries.ts'

/** Somebody who is invited, and sees the meeting. */
export interface Hearer {
  readonly userId: string
  readonly rsvp: Rsvp
  /** Then the room's stream tells them. */
  readonly isInRoom: boolean
}

/** Of all who are invited, and have not blocked who asks; in the order of their ids. */
export function readHearers(rows: Prisma.TransactionClient, meetingId: string): Promise<Hearer[]> {
  return runBy(rows)<Hearer>(
    `select a.user_id as "userId", a.rsvp, mine.id is not null as "isInRoom"
     from meeting_attendee a join meeting m on m.id = a.meeting_id join app_user u on u.id = a.user_id and u.deleted_at is null
     ${joinStanding('a.user_id')}
     where a.meeting_id = $1 and ${isSeen} and ${isWelcome} order by a.user_id`,
    [meetingId],
  )
}

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
