import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { Call, Meeting, MeetingAttendee, MeetingException } from '../../store/generated/prisma/client.ts'

/** The columns of a `Meeting`, from `meeting m`. */
export const meetingColumns = `m.id, m.room_id as "roomId", m.title, m.description, m.starts_at as "startsAt", m.ends_at as "endsAt",
  m.time_zone as "timeZone", m.recurrence, m.first_starts_at as "firstStartsAt", m.last_ends_at as "lastEndsAt", m.status,
  m.current_start as "currentStart", m.reminded_of as "remindedOf", m.due_at as "dueAt", m.revision, m.created_by_id as "createdById",
  m.created_at as "createdAt", m.updated_at as "updatedAt", m.cancelled_at as "cancelledAt"`

/** The columns of a `MeetingAttendee`, from `meeting_attendee a`. */
export const attendeeColumns = `a.id, a.meeting_id as "meetingId", a.user_id as "userId", a.rsvp, a.is_guest as "isGuest",
  a.invited_by_id as "invitedById", a.invited_at as "invitedAt"`

/** How `userId`, a column or a parameter, stands to the room of `meeting m`: `r` is the room, `mine` and `t` are their rows there, if any. */
export const joinStanding = (userId: string) => `join room r on r.id = m.room_id
  left join room_member mine on mine.room_id = r.id and mine.user_id = ${userId} and mine.left_at is null
  left join team_member t on t.team_id = r.team_id and t.user_id = ${userId} and t.left_at is null`

/** Beside these, from `meeting_attendee a`: what `canSeeMeeting` decides. */
export const isSeen = `(mine.id is not null or (not r.is_private and t.id is not null) or (a.is_guest and (r.team_id is null or t.id is not null)))`

/**
 * Beside these: whoever is not in the room has not blocked who invited them, or scheduled it. Rooms can be left, invitations cannot: so the block
 * keeps them from who is asked.
 */
export const isWelcome = `(mine.id is not null or not exists (
  select from block where blocker_id = a.user_id and blocked_id in (a.invited_by_id, m.created_by_id)
))`

export const meetingById = defineLoader<string, Meeting>('meetingById', async ({ prisma }, ids) =>
  inOrder(ids, await prisma.meeting.findMany({ where: { id: { in: [...ids] } } }), ({ id }) => id),
)

/** By the meeting's id: its moved and cancelled occurrences, by their original start. */
export const exceptionsOf = defineLoader<string, MeetingException[]>('meetingExceptionsOf', async ({ prisma }, ids) => {
  const rows = await prisma.meetingException.findMany({ where: { meetingId: { in: [...ids] } }, orderBy: { originalStart: 'asc' } })
  const byMeeting = groupBy(rows, ({ meetingId }) => meetingId)
  return ids.map((id) => byMeeting.get(id) ?? [])
})

export const attendeeById = defineLoader<string, MeetingAttendee>('meetingAttendeeById', async ({ prisma }, ids) =>
  inOrder(ids, await prisma.meetingAttendee.findMany({ where: { id: { in: [...ids] } } }), ({ id }) => id),
)

export interface OfAttendee {
  readonly meetingId: string
  readonly userId: string
}

export const attendanceOf = defineLoader<OfAttendee, MeetingAttendee>(
  'meetingAttendanceOf',
  async ({ sql }, keys) =>
    inOrder(
      keys.map(nameOf),
      await sql<MeetingAttendee>(
        `select ${attendeeColumns} from unnest($1::uuid[], $2::uuid[]) as wanted(meeting_id, user_id)
         join meeting_attendee a on a.meeting_id = wanted.meeting_id and a.user_id = wanted.user_id`,
        [keys.map(({ meetingId }) => meetingId), keys.map(({ userId }) => userId)],
      ),
      nameOf,
    ),
  nameOf,
)

function nameOf({ meetingId, userId }: OfAttendee): string {
  return `${meetingId}:${userId}`
}

export const attendeeCountOf = defineLoader<string, number>('meetingAttendeeCountOf', async ({ prisma }, ids) => {
  const counts = await prisma.meetingAttendee.groupBy({ by: ['meetingId'], where: { meetingId: { in: [...ids] } }, _count: true })
  const byMeeting = new Map(counts.map(({ meetingId, _count }) => [meetingId, _count]))
  return ids.map((id) => byMeeting.get(id) ?? 0)
})

/** By the meeting's id: the call in which it takes place now. */
export const callOfMeeting = defineLoader<string, Call>('callOfMeeting', async ({ prisma }, ids) =>
  inOrder(
    ids,
    await prisma.call.findMany({ where: { meetingId: { in: [...ids] }, state: { not: 'ENDED' } } }),
    ({ meetingId }) => meetingId!,
  ),
)
