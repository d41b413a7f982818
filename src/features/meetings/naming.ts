import { conflict, Refusal } from '../../lib/refusal.ts'
import type { Meeting, MeetingException } from '../../store/generated/prisma/client.ts'
import { type OccurrenceOf, occurrenceOf, statusOf } from './statuses.ts'

const noOccurrence = () =>
  new Refusal('NOT_FOUND', 'This meeting has no occurrence that was to begin then: give the originalStart of one.', { field: 'occurrence' })

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
