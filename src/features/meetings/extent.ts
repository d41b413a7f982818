import type { Meeting, MeetingException } from '../../store/generated/prisma/client.ts'
import { lastEndOf, occurrenceAt, type Series } from '../recurrence/occurrences.ts'

/** Between which times a meeting is to be looked for. What is moved may pass what is cancelled, also the first and the last. */
export function extentOf(series: Series, exceptions: readonly MeetingException[]): Pick<Meeting, 'firstStartsAt' | 'lastEndsAt'> {
  const first = occurrenceAt(series, exceptions, series.startsAt)?.startsAt ?? series.startsAt
  const lastEnd = lastEndOf(series)
  const length = series.endsAt.getTime() - series.startsAt.getTime()
  const last = lastEnd && occurrenceAt(series, exceptions, new Date(lastEnd.getTime() - length))
  return {
    firstStartsAt: earliest([first, ...exceptions.flatMap(({ startsAt }) => startsAt ?? [])]),
    lastEndsAt: lastEnd && latest([last?.endsAt ?? lastEnd, ...exceptions.flatMap(({ endsAt }) => endsAt ?? [])]),
  }
}

/** When the last one ends of a series that is cancelled: the one that ran or was to come next is its last. */
export function lastEndOfCancelled(meeting: Meeting, exceptions: readonly MeetingException[]): Date | null {
  const left = exceptions.filter(({ originalStart }) => originalStart <= meeting.currentStart)
  const last = occurrenceAt(meeting, left, meeting.currentStart)
  return last ? latest([last.endsAt, ...left.flatMap(({ endsAt }) => endsAt ?? [])]) : meeting.lastEndsAt
}

const earliest = (times: readonly Date[]) => new Date(Math.min(...times.map((time) => time.getTime())))
const latest = (times: readonly Date[]) => new Date(Math.max(...times.map((time) => time.getTime())))
