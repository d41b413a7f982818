import type { GraphQLResolveInfo } from 'graphql'
import { type Context, takeObjects } from '../../graphql/context.ts'
import { costOfEach } from '../../graphql/cost.ts'
import type { Limits } from '../../graphql/limits.ts'
import type { Loader, Question } from '../../graphql/loaders.ts'
import { createPauses } from '../../lib/pauses.ts'
import { badInput } from '../../lib/refusal.ts'
import type { Meeting, MeetingException } from '../../store/generated/prisma/client.ts'
import { occurrencesFrom } from '../recurrence/occurrences.ts'
import { maySeeMeeting } from './access.ts'
import { exceptionsOf } from './queries.ts'
import { isBeyond, type OccurrenceOf } from './statuses.ts'

/** A time with a beginning and an end, which is not in it. */
export interface Range {
  readonly from: Date
  readonly to: Date
}

/**
 * Finds the meetings of something, such as a room, of which occurrences could lie in a range: of those that happen once the earliest, of those
 * that recur any.
 */
export type Candidates = Loader<Question<Asked>, Meeting[]>

interface Asked extends Range {
  readonly onceMost: number
  readonly recurringMost: number
  readonly viewerId: string | undefined
}

/** To find the first occurrence of a series in a range takes as long as to show so many objects. */
const weightOfSeries = 5

/** Whose meetings; the viewer only where it depends on them. */
export interface Whose {
  readonly id: string
  readonly viewerId?: string
}

/** The earliest occurrences of some meetings that lie in a range, wholly or in part. `info`: of the field that answers them. */
export async function occurrencesIn(
  context: Context,
  candidates: Candidates,
  whose: Whose,
  { from, to }: Range,
  info: GraphQLResolveInfo,
): Promise<OccurrenceOf[]> {
  const { loaders, services } = context
  const { id, viewerId } = whose
  requireRange({ from, to }, services.limits)
  const { occurrencesMost, queryCost } = services.limits
  // One more than may be looked through: then it is known to be too many.
  const asked = { from, to, onceMost: occurrencesMost, recurringMost: Math.floor(queryCost / weightOfSeries) + 1, viewerId }
  const meetings = (await loaders.load(candidates, { id, asked })) ?? []
  const recurring = meetings.filter(({ recurrence }) => recurrence !== null)
  takeObjects(context, recurring, weightOfSeries)
  const exceptions = new Map(
    await Promise.all(recurring.map(async (meeting) => [meeting.id, (await loaders.load(exceptionsOf, meeting.id))!] as const)),
  )
  const found = await earliestOf(
    meetings.map((meeting) => walk(meeting, exceptions.get(meeting.id) ?? [], { from, to })),
    occurrencesMost,
  )
  // Whoever loses the right to one just now loses that one, and not all of them.
  const seen = await Promise.all(found.map(({ meeting }) => maySeeMeeting(context, meeting)))
  return takeObjects(
    context,
    found.filter((_occurrence, index) => seen[index]),
    costOfEach(info, services.limits),
  )
}

/** The same of one meeting. */
export async function occurrencesOf(
  context: Context,
  meeting: Meeting,
  { from, to }: Range,
  info: GraphQLResolveInfo,
): Promise<OccurrenceOf[]> {
  const { loaders, services } = context
  requireRange({ from, to }, services.limits)
  const exceptions = (await loaders.load(exceptionsOf, meeting.id)) ?? []
  const found = await earliestOf([walk(meeting, exceptions, { from, to })], services.limits.occurrencesMost)
  return takeObjects(context, found, costOfEach(info, services.limits))
}

/** Those of one meeting that lie in the range, in order, and made only as far as they are asked for. */
export function* walk(meeting: Meeting, exceptions: readonly MeetingException[], { from, to }: Range): Generator<OccurrenceOf, void> {
  for (const occurrence of occurrencesFrom(meeting, exceptions, from, to)) {
    // One that was moved past them may follow.
    if (!isBeyond(meeting, occurrence.originalStart)) yield { ...occurrence, meeting }
  }
}

/** Of several walks the earliest, in order of start and then of meeting. Of none it takes more than one step beyond what is answered. */
export async function earliestOf(walks: readonly Iterator<OccurrenceOf, void>[], most: number): Promise<OccurrenceOf[]> {
  const heads: { readonly steps: Iterator<OccurrenceOf, void>; value: OccurrenceOf }[] = []
  const pause = createPauses(10)
  for (const steps of walks) {
    const { value } = steps.next()
    if (value) heads.push({ steps, value })
    await pause()
  }
  const found: OccurrenceOf[] = []
  while (found.length < most && heads.length > 0) {
    let first = 0
    for (let index = 1; index < heads.length; index++) if (isBefore(heads[index]!.value, heads[first]!.value)) first = index
    const head = heads[first]!
    found.push(head.value)
    const { value } = head.steps.next()
    if (value) head.value = value
    else heads.splice(first, 1)
  }
  return found
}

function requireRange({ from, to }: Range, { meetingRangeMs }: Limits): void {
  if (from >= to) throw badInput('to', 'This is not after `from`.')
  const days = Math.floor(meetingRangeMs / 86_400_000)
  if (to.getTime() - from.getTime() > meetingRangeMs) throw badInput('to', `At most ${days} days after \`from\`, please.`)
}

function isBefore(one: OccurrenceOf, other: OccurrenceOf): boolean {
  const apart = one.startsAt.getTime() - other.startsAt.getTime()
  return apart < 0 || (apart === 0 && one.meeting.id < other.meeting.id)
}
