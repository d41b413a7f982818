import { dayLength, toInstant, toWallClock } from '../../lib/zoned-time.ts'
import { countedRule } from './counted.ts'
import { parseRule } from './rule.ts'
import { dayNumberOf, daysBack, daysFrom, lastDay } from './rule-days.ts'

/** A meeting as far as it is about time; its recurrence as `readRecurrence` wrote it. */
export interface Series {
  readonly startsAt: Date
  readonly endsAt: Date
  readonly timeZone: string
  readonly recurrence: string | null
}

/** What differs from the rule. One that is not moved has neither start nor end. */
export interface Exception {
  readonly originalStart: Date
  readonly startsAt: Date | null
  readonly endsAt: Date | null
  readonly isCancelled: boolean
}

/** One that is cancelled is where it would have been. */
export interface Occurrence {
  readonly originalStart: Date
  readonly startsAt: Date
  readonly endsAt: Date
  readonly isCancelled: boolean
}

/**
 * All that end after an instant, and begin before another if one is named, in order of their starts, cancelled ones among them. It is walked as
 * far as one asks, and begins near that instant. Each begins at the same time by the clocks of the zone, and lasts as long as the first did.
 */
export function* occurrencesFrom(series: Series, exceptions: readonly Exception[], from: Date, before?: Date): Generator<Occurrence, void> {
  const moved = movedAmong(series, exceptions).filter(({ startsAt, endsAt }) => endsAt > from && (!before || startsAt < before))
  const byStart = new Map(exceptions.map((exception) => [exception.originalStart.getTime(), exception]))
  for (const start of startsFrom(series, new Date(from.getTime() - durationOf(series) + 1), before)) {
    const exception = byStart.get(start.getTime())
    if (exception?.startsAt && exception.endsAt) continue
    const occurrence = occurrenceOf(series, start, exception)
    while (moved[0] && inOrder(moved[0], occurrence) < 0) yield* knownOf(series, moved.splice(0, 1))
    yield occurrence
  }
  yield* knownOf(series, moved)
}

/** The one that the rule lets begin at an instant, wherever it was moved. */
export function occurrenceAt(series: Series, exceptions: readonly Exception[], originalStart: Date): Occurrence | undefined {
  if (!isStart(series, originalStart)) return undefined
  const exception = exceptions.find((other) => other.originalStart.getTime() === originalStart.getTime())
  return occurrenceOf(series, originalStart, exception)
}

/** Those beside one by the rule, where they are now. Cancelled ones are nobody's neighbours. */
export function neighboursOf(
  series: Series,
  exceptions: readonly Exception[],
  originalStart: Date,
): { before?: Occurrence; after?: Occurrence } {
  const byStart = new Map(exceptions.map((exception) => [exception.originalStart.getTime(), exception]))
  const firstOf = (starts: Iterable<Date>) => {
    for (const start of starts) {
      const occurrence = occurrenceOf(series, start, byStart.get(start.getTime()))
      if (!occurrence.isCancelled) return occurrence
    }
    return undefined
  }
  const before = firstOf(startsBefore(series, originalStart))
  const after = firstOf(startsFrom(series, new Date(originalStart.getTime() + 1)))
  return { ...(before && { before }), ...(after && { after }) }
}

/** When the last one ends by the rule; null: it never ends. What goes beyond 2100 ends there. */
export function lastEndOf(series: Series): Date | null {
  if (series.recurrence !== null) {
    const { count, until } = parseRule(series.recurrence)
    if (count === null && until === null) return null
  }
  const [last = series.startsAt] = startsBefore(series, endOfTime)
  return new Date(last.getTime() + durationOf(series))
}

/** After all that a walk finds. */
const endOfTime = new Date((lastDay + 2) * dayLength)

const durationOf = ({ startsAt, endsAt }: Series) => endsAt.getTime() - startsAt.getTime()

function occurrenceOf(series: Series, originalStart: Date, exception: Exception | undefined): Occurrence {
  const isCancelled = exception?.isCancelled ?? false
  if (exception?.startsAt && exception.endsAt) return { originalStart, startsAt: exception.startsAt, endsAt: exception.endsAt, isCancelled }
  return { originalStart, startsAt: originalStart, endsAt: new Date(originalStart.getTime() + durationOf(series)), isCancelled }
}

function movedAmong(series: Series, exceptions: readonly Exception[]): Occurrence[] {
  return exceptions
    .filter(({ startsAt, endsAt }) => startsAt && endsAt)
    .map((exception) => occurrenceOf(series, exception.originalStart, exception))
    .sort(inOrder)
}

/** Of two that start at once, the earlier by the rule is the first. */
const inOrder = (one: Occurrence, other: Occurrence) =>
  one.startsAt.getTime() - other.startsAt.getTime() || one.originalStart.getTime() - other.originalStart.getTime()

/** Without those that the rule does not know (any more). */
function* knownOf(series: Series, moved: readonly Occurrence[]): Generator<Occurrence, void> {
  for (const occurrence of moved) if (isStart(series, occurrence.originalStart)) yield occurrence
}

function isStart(series: Series, instant: Date): boolean {
  const [start] = startsFrom(series, instant, new Date(instant.getTime() + 1))
  return start?.getTime() === instant.getTime()
}

/** When occurrences begin by the rule, from an instant on, and before another. */
function* startsFrom(series: Series, from: Date, before?: Date): Generator<Date, void> {
  const { startsAt, timeZone, recurrence } = series
  if (recurrence === null) {
    if (startsAt >= from && (!before || startsAt < before)) yield startsAt
    return
  }
  const { firstDay, instantOn } = clockOf(series)
  const { rule, last } = countedRule(recurrence, firstDay)
  // Clocks that are changed may carry one from a day into the next.
  const fromDay = Math.max(firstDay, dayNumberOf(toWallClock(from, timeZone)) - 1)
  const toDay = before ? Math.min(last, dayNumberOf(toWallClock(before, timeZone)) + 1) : last
  for (const day of daysFrom(rule, firstDay, fromDay, toDay)) {
    const start = instantOn(day)
    if ((before && start >= before) || (rule.until && start > rule.until)) return
    if (start >= from) yield start
  }
}

/** The same backwards, from before an instant. */
function* startsBefore(series: Series, before: Date): Generator<Date, void> {
  const { startsAt, timeZone, recurrence } = series
  if (recurrence === null) {
    if (startsAt < before) yield startsAt
    return
  }
  const { firstDay, instantOn } = clockOf(series)
  const { rule, last } = countedRule(recurrence, firstDay)
  const latest = rule.until && rule.until < before ? rule.until : before
  for (const day of daysBack(rule, firstDay, Math.min(last, dayNumberOf(toWallClock(latest, timeZone))))) {
    const start = instantOn(day)
    if (start < before && (!rule.until || start <= rule.until)) yield start
  }
}

function clockOf({ startsAt, timeZone }: Series) {
  const wall = toWallClock(startsAt, timeZone)
  const firstDay = dayNumberOf(wall)
  return { firstDay, instantOn: (day: number) => toInstant(wall + (day - firstDay) * dayLength, timeZone) }
}
