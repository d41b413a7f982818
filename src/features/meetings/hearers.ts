import { runBy } from '../../store/database.ts'
import type { Prisma, Rsvp } from '../../store/generated/prisma/client.ts'

/** Somebody who is invited, and sees the meeting. */
export interface Hearer {
  readonly userId: string
  readonly rsvp: Rsvp
  /** Then the room's stream tells them. */
  readonly isInRoom: boolean
}

/** As `canSeeMeeting` decides, for all who are invited. */
export function readHearers(rows: Prisma.TransactionClient, meetingId: string): Promise<Hearer[]> {
  return runBy(rows)<Hearer>(
    `select a.user_id as "userId", a.rsvp, m.id is not null as "isInRoom"
     from meeting_attendee a join meeting on meeting.id = a.meeting_id join room r on r.id = meeting.room_id
     join app_user u on u.id = a.user_id and u.deleted_at is null
     left join room_member m on m.room_id = r.id and m.user_id = a.user_id and m.left_at is null
     left join team_member t on t.team_id = r.team_id and t.user_id = a.user_id and t.left_at is null
     where a.meeting_id = $1
       and (m.id is not null or (a.is_guest and (r.team_id is null or t.id is not null)) or (not r.is_private and t.id is not null))
     order by a.user_id`,
    [meetingId],
  )
}
