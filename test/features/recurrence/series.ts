import { type Exception, type Occurrence, occurrencesFrom, type Series } from '../../../src/features/recurrence/occurrences.ts'
import { readRecurrence } from '../../../src/features/recurrence/recurrence.ts'
import { toInstant, toWallClock } from '../../../src/lib/zoned-time.ts'

export interface SeriesOptions {
  /** By the clocks of its zone, such as 2027-03-28T09:00. */
  readonly start: string
  readonly zone?: string
  readonly recurrence: string | null
  readonly minutes?: number
}

/** With the recurrence as it is kept; throws what refuses it. */
export function seriesOf({ start, zone = 'Europe/Berlin', recurrence, minutes = 60 }: SeriesOptions): Series {
  const startsAt = atClock(start, zone)
  const first = { startsAt, endsAt: new Date(startsAt.getTime() + minutes * 60_000), timeZone: zone }
  return { ...first, recurrence: recurrence === null ? null : readRecurrence(recurrence, first, 1000) }
}

export const atClock = (local: string, zone = 'Europe/Berlin'): Date => toInstant(Date.parse(`${local}Z`), zone)

/** What the clocks show. */
export const clockAt = (instant: Date, zone: string): string => new Date(toWallClock(instant, zone)).toISOString().slice(0, 16)

/** When the first of them start, by the clocks of the zone. */
export function datesOf(series: Series, most: number, from = series.startsAt, exceptions: readonly Exception[] = []): string[] {
  return take(occurrencesFrom(series, exceptions, from), most).map(({ startsAt }) => clockAt(startsAt, series.timeZone))
}

export function take(occurrences: Iterable<Occurrence>, most: number): Occurrence[] {
  const taken: Occurrence[] = []
  for (const occurrence of occurrences) {
    taken.push(occurrence)
    if (taken.length >= most) break
  }
  return taken
}
