import { defineFact } from '../../graphql/facts.ts'
import { userById } from '../accounts/queries.ts'
import { attendeeCountOf, exceptionsOf, meetingById } from './queries.ts'

interface AboutMeeting extends Record<string, unknown> {
  meetingId: string
  /** Null where nobody did it: its time came. */
  actorId: string | null
}

// In the room's stream.

export const meetingScheduled = defineFact<AboutMeeting>('MeetingScheduled', { refersTo: refersToMeeting })

/** Its time, its words, its status, or who comes. */
export const meetingUpdated = defineFact<AboutMeeting>('MeetingUpdated', { refersTo: refersToMeeting })

export const meetingCancelled = defineFact<AboutMeeting>('MeetingCancelled', { refersTo: refersToMeeting })

// In a person's inbox.

export const meetingInvited = defineFact<{ meetingId: string }>('MeetingInvited', { refersTo: refersToMeeting })

/** For who is invited and not in the room: what the room's stream tells all others. */
export const meetingChanged = defineFact<{ meetingId: string }>('MeetingChanged', { refersTo: refersToMeeting })

/** `startsAt`: of the occurrence, in milliseconds. */
export const meetingReminder = defineFact<{ meetingId: string; startsAt: number }>('MeetingReminder', { refersTo: refersToMeeting })

function refersToMeeting({ meetingId, actorId }: { meetingId: string; actorId?: string | null }) {
  return [
    [meetingById, meetingId] as const,
    [exceptionsOf, meetingId] as const,
    [attendeeCountOf, meetingId] as const,
    ...(typeof actorId === 'string' ? [[userById, actorId] as const] : []),
  ]
}
