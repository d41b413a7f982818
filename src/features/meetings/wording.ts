import type { Services } from '../../graphql/context.ts'
import { badInput } from '../../lib/refusal.ts'
import { requireName, requireText } from '../../lib/text.ts'
import { isZone } from '../../lib/zoned-time.ts'
import type { Series } from '../recurrence/occurrences.ts'
import { readRecurrence } from '../recurrence/recurrence.ts'

export function titleOf({ limits }: Services, title: string): string {
  return requireName(title, 'title', limits.titleCharacters)
}

/** Nothing but blanks is no description. */
export function descriptionOf({ limits }: Services, text: string | null | undefined): string | null {
  if (text == null) return null
  return requireText(text, { field: 'description', most: limits.descriptionCharacters, least: 0 }).trim() === '' ? null : text
}

/** When a meeting takes place, as we keep it; refuses what no calendar would take. */
export function seriesOf(
  { limits }: Services,
  { startsAt, endsAt, timeZone, recurrence }: Series,
  spanField: 'startsAt' | 'endsAt' = 'endsAt',
): Series {
  requireSpan(limits, { startsAt, endsAt }, spanField)
  if (!isZone(timeZone)) throw badInput('timeZone', 'This is no zone of the IANA database, such as Europe/Berlin.')
  const first = { startsAt, endsAt, timeZone }
  return { ...first, recurrence: recurrence === null ? null : readRecurrence(recurrence, first, limits.recurrencesMost) }
}

/** `field`: the one at fault; the end, unless only the start was given. */
export function requireSpan(
  { meetingMostMs }: Services['limits'],
  { startsAt, endsAt }: Pick<Series, 'startsAt' | 'endsAt'>,
  field: 'startsAt' | 'endsAt' = 'endsAt',
): void {
  const how = field === 'startsAt' ? ': to move it, give endsAt too' : ''
  if (endsAt <= startsAt) throw badInput(field, `A meeting ends after it begins${how}.`)
  const hours = Math.floor(meetingMostMs / 3_600_000)
  if (endsAt.getTime() - startsAt.getTime() > meetingMostMs) throw badInput(field, `A meeting lasts ${hours} hours at most.`)
}

/** Something of it lies ahead. `lastEndsAt`: null where it never ends. */
export function requireAhead({ recurrence }: Pick<Series, 'recurrence'>, lastEndsAt: Date | null, now: Date): void {
  if (lastEndsAt !== null && lastEndsAt <= now) throw badInput(recurrence === null ? 'endsAt' : 'recurrence', 'This lies in the past.')
}
