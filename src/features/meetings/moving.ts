import type { Limits } from '../../graphql/limits.ts'
import { badInput, conflict } from '../../lib/refusal.ts'
import type { Meeting, MeetingException, Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { neighboursOf, type Series } from '../recurrence/occurrences.ts'
import { extentOf } from './extent.ts'
import { requireToCome } from './naming.ts'
import { requireSpan } from './wording.ts'

export interface MoveOccurrence {
  readonly occurrence: Date
  readonly startsAt?: Date | null | undefined
  readonly endsAt?: Date | null | undefined
}

/** Within a transaction as `inMeeting` makes. Answers what is to be written down of the meeting; nothing when it stays where it is. */
export async function moveOccurrenceIn(
  tx: Transaction,
  meeting: Meeting,
  { occurrence, ...wanted }: MoveOccurrence,
  limits: Limits,
): Promise<Prisma.MeetingUncheckedUpdateInput> {
  const exceptions = await tx.rows.meetingException.findMany({ where: { meetingId: meeting.id } })
  const found = requireToCome(meeting, exceptions, occurrence, tx.at)
  if (found.isCancelled) throw conflict('This occurrence is cancelled.', 'occurrence')
  const startsAt = wanted.startsAt ?? found.startsAt
  const endsAt = wanted.endsAt ?? found.endsAt
  if (startsAt.getTime() === found.startsAt.getTime() && endsAt.getTime() === found.endsAt.getTime()) return {}

  requireSpan(limits, { startsAt, endsAt }, wanted.endsAt == null ? 'startsAt' : 'endsAt')
  if (endsAt <= tx.at) throw badInput('endsAt', 'This lies in the past.')
  requireBetween(meeting, exceptions, occurrence, { startsAt, endsAt })
  return exceptIn(tx, meeting, exceptions, { originalStart: occurrence, startsAt, endsAt, isCancelled: false }, limits)
}

/** Within such a transaction: one occurrence is other than the recurrence has it. Answers what is to be written down of the meeting. */
export async function exceptIn(
  tx: Transaction,
  meeting: Meeting,
  exceptions: readonly MeetingException[],
  exception: Omit<MeetingException, 'meetingId'>,
  { exceptionsMost }: Limits,
): Promise<Prisma.MeetingUncheckedUpdateInput> {
  const others = exceptions.filter(({ originalStart }) => originalStart.getTime() !== exception.originalStart.getTime())
  if (others.length >= exceptionsMost)
    throw conflict(`At most ${exceptionsMost} occurrences of a meeting can be moved or cancelled one by one.`)
  const meetingId = meeting.id
  const { originalStart, ...data } = exception
  await tx.rows.meetingException.upsert({
    where: { meetingId_originalStart: { meetingId, originalStart } },
    create: { ...exception, meetingId },
    update: data,
  })
  return extentOf(meeting, [...others, { ...exception, meetingId }])
}

/** Occurrences keep their order, so that the one which comes next is known by it. */
function requireBetween(
  meeting: Meeting,
  exceptions: readonly MeetingException[],
  originalStart: Date,
  { startsAt, endsAt }: Pick<Series, 'startsAt' | 'endsAt'>,
): void {
  const { before, after } = neighboursOf(meeting, exceptions, originalStart)
  if (before && startsAt <= before.endsAt) throw badInput('startsAt', 'An occurrence begins after the end of the one before it.')
  if (after && endsAt >= after.startsAt) throw badInput('endsAt', 'An occurrence ends before the start of the one after it.')
}
