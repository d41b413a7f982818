import { conflict, Refusal } from '../../lib/refusal.ts'
import type { Meeting, MeetingException } from '../../store/generated/prisma/client.ts'
import { lastEndOf, occurrenceAt, type Series } from '../recurrence/occurrences.ts'
import { type OccurrenceOf, occurrenceOf, statusOf } from './statuses.ts'

const noOccurrence = () => new Refusal('NOT_FOUND', 'This meeting has no occurrence that was to begin then.', { field: 'occurrence' })

/** Of which occurrence somebody speaks; undefined for the meeting itself, which is the only one of a meeting that happens once. */
export function namedOf({ startsAt, recurrence }: Meeting, occurrence: Date | null | undefined): Date | undefined {
  if (occurrence == null || recurrence !== null) return occurrence ?? undefined
  if (occurrence.getTime() !== startsAt.getTime()) throw noOccurrence()
  return undefined
}

/** One that was first planned for that time, cancelled or not, and is still to come. */
export function requireToCome(meeting: Meeting, exceptions: readonly MeetingException[], originalStart: Date, now: Date): OccurrenceOf {
  const found = occurrenceOf(meeting, exceptions, originalStart)
  if (!found) throw noOccurrence()
  if (found.isCancelled) return found
  if (statusOf(found) === 'IN_PROGRESS') throw conflict('This occurrence has begun.', 'occurrence')
  if (statusOf(found) === 'COMPLETED' || found.endsAt <= now) throw conflict('This occurrence is over.', 'occurrence')
  return found
}

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

/** The same of a series that ends with the one that is its current one. */
export function lastEndAfter(meeting: Meeting, exceptions: readonly MeetingException[]): Date | null {
  const left = exceptions.filter(({ originalStart }) => originalStart <= meeting.currentStart)
  const last = occurrenceAt(meeting, left, meeting.currentStart)
  return last ? latest([last.endsAt, ...left.flatMap(({ endsAt }) => endsAt ?? [])]) : meeting.lastEndsAt
}

const earliest = (times: readonly Date[]) => new Date(Math.min(...times.map((time) => time.getTime())))
const latest = (times: readonly Date[]) => new Date(Math.max(...times.map((time) => time.getTime())))
