import type { Meeting, MeetingException, MeetingStatus } from '../../store/generated/prisma/client.ts'
import { type Occurrence, occurrenceAt } from '../recurrence/occurrences.ts'

/** An occurrence, and of which meeting. */
export interface OccurrenceOf extends Occurrence {
  readonly meeting: Meeting
}

/** Where one occurrence stands: what lies before the meeting's current one is over, and what lies behind it is to come. */
export function statusOf({ meeting, originalStart, isCancelled }: OccurrenceOf): MeetingStatus {
  if (isCancelled) return 'CANCELLED'
  if (originalStart < meeting.currentStart) return 'COMPLETED'
  return originalStart > meeting.currentStart ? 'SCHEDULED' : meeting.status
}

/** A series that is cancelled ends with the occurrence that ran or was to come next. */
export function isBeyond({ status, currentStart }: Meeting, originalStart: Date): boolean {
  return status === 'CANCELLED' && originalStart > currentStart
}

/** The one that was first planned for that time; undefined where there is none. */
export function occurrenceOf(meeting: Meeting, exceptions: readonly MeetingException[], originalStart: Date): OccurrenceOf | undefined {
  const found = occurrenceAt(meeting, exceptions, originalStart)
  return found && !isBeyond(meeting, originalStart) ? { ...found, meeting } : undefined
}
