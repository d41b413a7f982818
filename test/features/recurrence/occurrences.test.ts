import { describe, expect, it } from 'vitest'
import {
  type Exception,
  lastEndOf,
  neighboursOf,
  type Occurrence,
  occurrenceAt,
  occurrencesFrom,
} from '../../../src/features/recurrence/occurrences.ts'
import { randomExceptions, randomOf, randomSeries } from './random-series.ts'
import { atClock, clockAt, datesOf, seriesOf, take } from './series.ts'

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const plus = (date: Date, milliseconds: number) => new Date(date.getTime() + milliseconds)

describe('09:00 stays 09:00', () => {
  it.each([
    ['Europe/Berlin', '2027-03-27', '2027-03-27T08:00 2027-03-28T07:00 2027-03-29T07:00'],
    ['Europe/Berlin', '2027-10-30', '2027-10-30T07:00 2027-10-31T08:00 2027-11-01T08:00'],
    ['America/New_York', '2027-03-13', '2027-03-13T14:00 2027-03-14T13:00 2027-03-15T13:00'],
    ['America/New_York', '2027-11-06', '2027-11-06T13:00 2027-11-07T14:00 2027-11-08T14:00'],
    ['Australia/Sydney', '2027-04-03', '2027-04-02T22:00 2027-04-03T23:00 2027-04-04T23:00'],
    ['Australia/Sydney', '2027-10-02', '2027-10-01T23:00 2027-10-02T22:00 2027-10-03T22:00'],
    ['America/Santiago', '2027-04-03', '2027-04-03T12:00 2027-04-04T13:00 2027-04-05T13:00'],
    ['America/Santiago', '2027-09-04', '2027-09-04T13:00 2027-09-05T12:00 2027-09-06T12:00'],
    ['Australia/Lord_Howe', '2027-04-03', '2027-04-02T22:00 2027-04-03T22:30 2027-04-04T22:30'],
    ['Australia/Lord_Howe', '2027-10-02', '2027-10-01T22:30 2027-10-02T22:00 2027-10-03T22:00'],
    ['Asia/Kolkata', '2027-03-27', '2027-03-27T03:30 2027-03-28T03:30 2027-03-29T03:30'],
    ['Africa/Casablanca', '2026-02-14', '2026-02-14T08:00 2026-02-15T09:00 2026-02-16T09:00'],
    ['America/Sao_Paulo', '2019-02-16', '2019-02-16T11:00 2019-02-17T12:00 2019-02-18T12:00'],
  ])('in %s after %s', (zone, start, expected) => {
    // A year old, so that it is not the start that is found.
    const began = `${Number(start.slice(0, 4)) - 1}${start.slice(4)}T09:00`
    const series = seriesOf({ start: began, zone, recurrence: 'FREQ=DAILY' })
    const found = take(occurrencesFrom(series, [], atClock(`${start}T09:00`, zone)), 3)
    expect(found.map(({ startsAt }) => startsAt.toISOString().slice(0, 16)).join(' ')).toBe(expected)
    expect(found.map(({ startsAt, endsAt }) => endsAt.getTime() - startsAt.getTime())).toEqual([hour, hour, hour])
  })

  it('is half past three once, where half past two is skipped, and as long as ever', () => {
    const series = seriesOf({ start: '2027-03-26T02:30', recurrence: 'FREQ=DAILY', minutes: 120 })
    expect(datesOf(series, 4)).toEqual(['2027-03-26T02:30', '2027-03-27T02:30', '2027-03-28T03:30', '2027-03-29T02:30'])
    const skipped = atClock('2027-03-28T03:30')
    expect(occurrenceAt(series, [], skipped)).toMatchObject({ startsAt: skipped, endsAt: plus(skipped, 2 * hour) })
  })

  it('is on the next day, where the last hour of a day is skipped', () => {
    const series = seriesOf({ start: '2027-03-26T23:30', zone: 'America/Nuuk', recurrence: 'FREQ=DAILY' })
    expect(datesOf(series, 3)).toEqual(['2027-03-26T23:30', '2027-03-28T00:30', '2027-03-28T23:30'])
    const skipped = atClock('2027-03-28T00:30', 'America/Nuuk')
    expect(datesOf(series, 2, skipped)).toEqual(['2027-03-28T00:30', '2027-03-28T23:30'])
    expect(occurrenceAt(series, [], skipped)).toMatchObject({ originalStart: skipped })
  })

  it('is the first of two, where the clocks show it twice', () => {
    const series = seriesOf({ start: '2027-10-30T02:30', recurrence: 'FREQ=DAILY' })
    const starts = take(occurrencesFrom(series, [], series.startsAt), 3).map(({ startsAt }) => startsAt.toISOString().slice(0, 16))
    expect(starts).toEqual(['2027-10-30T00:30', '2027-10-31T00:30', '2027-11-01T01:30'])
  })
})

describe('days that not every month or year has', () => {
  it.each([
    ['FREQ=YEARLY', '2024-02-29', '2024-02-29 2028-02-29 2032-02-29 2036-02-29'],
    ['FREQ=YEARLY;INTERVAL=3', '2024-02-29', '2024-02-29 2036-02-29 2048-02-29'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1', '2027-02-28', '2027-02-28 2028-02-29 2029-02-28'],
    ['FREQ=YEARLY;BYYEARDAY=366', '2096-12-31', '2096-12-31'],
    ['FREQ=YEARLY;BYYEARDAY=60', '2027-03-01', '2027-03-01 2028-02-29 2029-03-01'],
    ['FREQ=YEARLY;BYMONTH=11;BYDAY=4TH', '2027-11-25', '2027-11-25 2028-11-23 2029-11-22'],
    ['FREQ=YEARLY;BYDAY=-1SU', '2027-12-26', '2027-12-26 2028-12-31 2029-12-30'],
    ['FREQ=MONTHLY', '2027-01-31', '2027-01-31 2027-03-31 2027-05-31 2027-07-31'],
    ['FREQ=MONTHLY;INTERVAL=12', '2024-02-29', '2024-02-29 2028-02-29'],
    ['FREQ=MONTHLY;BYDAY=5FR', '2027-01-29', '2027-01-29 2027-04-30 2027-07-30 2027-10-29'],
    ['FREQ=MONTHLY;BYDAY=-1FR', '2027-01-29', '2027-01-29 2027-02-26 2027-03-26 2027-04-30'],
    ['FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1', '2027-01-31', '2027-01-31 2027-02-28 2027-03-31'],
    ['FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', '2027-12-31', '2027-12-31 2028-12-29 2029-12-31'],
  ])('%s from %s', (recurrence, start, expected) => {
    const days = expected.split(' ')
    expect(datesOf(seriesOf({ start: `${start}T09:00`, recurrence }), days.length).map((date) => date.slice(0, 10))).toEqual(days)
  })
})

describe('an end', () => {
  it.each([
    ['FREQ=DAILY;COUNT=3', '2027-03-29T10:00'],
    ['FREQ=DAILY;UNTIL=20270329', '2027-03-29T10:00'],
    ['FREQ=DAILY;UNTIL=20270329T090000', '2027-03-29T10:00'],
    ['FREQ=DAILY;UNTIL=20270329T085959', '2027-03-28T10:00'],
    ['FREQ=DAILY;UNTIL=20270329T070000Z', '2027-03-29T10:00'],
    ['FREQ=DAILY;UNTIL=20270329T065959Z', '2027-03-28T10:00'],
    ['FREQ=DAILY;UNTIL=20270327', '2027-03-27T10:00'],
    ['FREQ=WEEKLY;UNTIL=20291231', '2029-12-29T10:00'],
    ['FREQ=YEARLY;COUNT=1000', '2100-03-27T10:00'],
    ['FREQ=YEARLY;UNTIL=99991231', '2100-03-27T10:00'],
    ['FREQ=DAILY;UNTIL=99991231', '2100-12-31T10:00'],
    ['FREQ=WEEKLY;BYDAY=FR,SA;UNTIL=99991231', '2100-12-31T10:00'],
  ])('of %s is that of the last one, at %s', (recurrence, expected) => {
    const series = seriesOf({ start: '2027-03-27T09:00', recurrence })
    const end = lastEndOf(series)!
    expect(clockAt(end, series.timeZone)).toBe(expected)
    expect(take(occurrencesFrom(series, [], plus(end, -1)), 2)).toHaveLength(1)
    expect(take(occurrencesFrom(series, [], end), 1)).toEqual([])
  })

  it('is none for what never ends, and its own for what happens once', () => {
    expect(lastEndOf(seriesOf({ start: '2027-03-27T09:00', recurrence: 'FREQ=DAILY' }))).toBeNull()
    const once = seriesOf({ start: '2027-03-27T09:00', recurrence: null })
    expect(lastEndOf(once)).toEqual(once.endsAt)
  })

  // The last day of 2100 is a Friday.
  it.each([['FREQ=DAILY'], ['FREQ=WEEKLY;BYDAY=TH,FR,SA']])('comes to every walk: %s', (recurrence) => {
    const series = seriesOf({ start: '2027-03-27T09:00', recurrence })
    const found = [...occurrencesFrom(series, [], atClock('2100-12-30T09:30'))]
    expect(found.map(({ startsAt }) => clockAt(startsAt, series.timeZone))).toEqual(['2100-12-30T09:00', '2100-12-31T09:00'])
  })
})

describe('exceptions', () => {
  const series = seriesOf({ start: '2027-03-01T09:00', recurrence: 'FREQ=WEEKLY' })
  const week = (number: number) => atClock(`2027-03-${String(1 + 7 * number).padStart(2, '0')}T09:00`)
  const cancelled = (originalStart: Date): Exception => ({ originalStart, startsAt: null, endsAt: null, isCancelled: true })
  const moved = (originalStart: Date, startsAt: Date): Exception => ({
    originalStart,
    startsAt,
    endsAt: plus(startsAt, hour),
    isCancelled: false,
  })

  it('cancel one where it would have been', () => {
    const found = take(occurrencesFrom(series, [cancelled(week(1))], series.startsAt), 3)
    expect(found.map(({ startsAt, isCancelled }) => [startsAt, isCancelled])).toEqual([
      [week(0), false],
      [week(1), true],
      [week(2), false],
    ])
  })

  it('move one, which is found by where it is and by where it was', () => {
    const later = moved(week(1), plus(week(1), 3 * day))
    const found = { originalStart: week(1), startsAt: later.startsAt, endsAt: later.endsAt, isCancelled: false }
    expect(take(occurrencesFrom(series, [later], plus(week(1), 2 * hour)), 1)).toEqual([found])
    expect(take(occurrencesFrom(series, [later], later.endsAt!), 1)[0]!.startsAt).toEqual(week(2))
    expect(occurrenceAt(series, [later], week(1))).toEqual(found)
    expect(occurrenceAt(series, [later], later.startsAt!)).toBeUndefined()
  })

  it('keep the order of starts, also across one that is cancelled', () => {
    const exceptions = [cancelled(week(1)), moved(week(2), plus(week(1), -day))]
    const found = take(occurrencesFrom(series, exceptions, series.startsAt), 4)
    expect(found.map(({ originalStart }) => originalStart)).toEqual([week(0), week(2), week(1), week(3)])
  })

  it('count for nothing once the rule does not know them', () => {
    const unknown = moved(plus(week(1), minute), plus(week(1), day))
    expect(datesOf(series, 3, series.startsAt, [unknown])).toEqual(['2027-03-01T09:00', '2027-03-08T09:00', '2027-03-15T09:00'])
    expect(occurrenceAt(series, [unknown], unknown.originalStart)).toBeUndefined()
  })

  it('leave as neighbours what is not cancelled, where it is now', () => {
    const exceptions = [moved(week(0), plus(week(0), day)), cancelled(week(2))]
    expect(neighboursOf(series, exceptions, week(1))).toEqual({
      before: occurrenceAt(series, exceptions, week(0)),
      after: occurrenceAt(series, exceptions, week(3)),
    })
    expect(neighboursOf(series, [cancelled(week(0))], week(1))).toEqual({ after: occurrenceAt(series, [], week(2)) })
    expect(neighboursOf({ ...series, recurrence: null }, [], week(0))).toEqual({})
  })

  it('may move or cancel what happens once', () => {
    const once = { ...series, recurrence: null }
    expect(datesOf(once, 2, series.startsAt, [moved(week(0), plus(week(0), day))])).toEqual(['2027-03-02T09:00'])
    expect(occurrenceAt(once, [cancelled(week(0))], week(0))).toMatchObject({ isCancelled: true })
    expect(occurrenceAt(once, [], week(1))).toBeUndefined()
  })
})

it('is the same from anywhere as from the start, whatever the rule, the zone and the exceptions', () => {
  const random = randomOf(5545)
  for (let round = 0; round < 120; round++) {
    const series = randomSeries(random, () => random.between(0, 23))
    const most = 60
    const byRule = take(occurrencesFrom(series, [], series.startsAt), most)
    const exceptions = randomExceptions(
      random,
      byRule.map(({ originalStart }) => originalStart),
    )
    // What begins later may have been moved before this.
    const end = byRule.length < most ? Number.POSITIVE_INFINITY : byRule.at(-1)!.startsAt.getTime() - 22 * day
    const from = plus(random.pick(byRule).startsAt, random.pick([-1, 0, 1, 30 * minute, hour, hour + 1, random.between(-400, 400) * hour]))
    const expected = byRule
      .map((occurrence) => changed(occurrence, exceptions))
      .filter(({ startsAt, endsAt }) => startsAt.getTime() < end && endsAt > from)
      .sort(
        (one, other) => one.startsAt.getTime() - other.startsAt.getTime() || one.originalStart.getTime() - other.originalStart.getTime(),
      )
    const found = take(occurrencesFrom(series, exceptions, from), expected.length + 1).filter(({ startsAt }) => startsAt.getTime() < end)
    expect({ series, from, found }).toEqual({ series, from, found: expected })

    const middle = random.between(0, byRule.length - 1)
    const [before, one, next] = [byRule[middle - 1], byRule[middle]!, byRule[middle + 1]]
    const neighbours = neighboursOf(series, [], one.originalStart)
    expect({ series, before: neighbours.before }).toEqual({ series, before })
    if (next || byRule.length < most) expect({ series, after: neighbours.after }).toEqual({ series, after: next })
    expect(occurrenceAt(series, exceptions, one.originalStart)).toEqual(changed(one, exceptions))
    const lastEnd = lastEndOf(series)
    if (lastEnd && byRule.length < most) expect({ series, lastEnd }).toEqual({ series, lastEnd: byRule.at(-1)!.endsAt })
  }
})

function changed(occurrence: Occurrence, exceptions: readonly Exception[]): Occurrence {
  const exception = exceptions.find(({ originalStart }) => originalStart.getTime() === occurrence.originalStart.getTime())
  const { startsAt, endsAt, isCancelled = false } = exception ?? {}
  return startsAt && endsAt ? { ...occurrence, startsAt, endsAt, isCancelled } : { ...occurrence, isCancelled }
}
