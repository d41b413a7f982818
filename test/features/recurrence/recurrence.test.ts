import { describe, expect, it } from 'vitest'
import { occurrenceAt, occurrencesFrom } from '../../../src/features/recurrence/occurrences.ts'
import { readRecurrence } from '../../../src/features/recurrence/recurrence.ts'
import { frequencies, parseRule } from '../../../src/features/recurrence/rule.ts'
import { Refusal } from '../../../src/lib/refusal.ts'
import { atClock, datesOf, type SeriesOptions, seriesOf } from './series.ts'

// A Monday.
const start = '2027-03-01T09:00'

function refusalOf(options: Partial<SeriesOptions>): string | undefined {
  try {
    seriesOf({ start, recurrence: 'FREQ=DAILY', ...options })
    return undefined
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return `${error.code} ${error.extensions.field}: ${error.message}`
  }
}

describe('a recurrence is kept', () => {
  it.each([
    ['freq=daily', 'FREQ=DAILY'],
    ['count=3;Freq=Weekly', 'FREQ=WEEKLY;COUNT=3'],
    ['WKST=MO;BYDAY=mo,we;INTERVAL=1;FREQ=WEEKLY', 'FREQ=WEEKLY;BYDAY=MO,WE'],
    ['FREQ=WEEKLY;WKST=SU;BYDAY=MO,MO;INTERVAL=02', undefined],
    ['FREQ=WEEKLY;WKST=SU;BYDAY=MO,MO;INTERVAL=2', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=SU'],
    ['FREQ=MONTHLY;BYDAY=+1MO,-1FR', 'FREQ=MONTHLY;BYDAY=1MO,-1FR'],
    ['FREQ=MONTHLY;BYSETPOS=+1;BYDAY=MO,TU', 'FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1'],
    ['FREQ=YEARLY;BYDAY=MO;BYMONTHDAY=1,02;BYMONTH=03', undefined],
    ['FREQ=YEARLY;BYDAY=MO;BYMONTHDAY=1,2;BYMONTH=03', 'FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1,2;BYDAY=MO'],
    ['FREQ=DAILY;UNTIL=20270401T070000Z', 'FREQ=DAILY;UNTIL=20270401T070000Z'],
    // In the time of the zone, which is summer time by then; and all of the day.
    ['FREQ=DAILY;UNTIL=20270401T090000', 'FREQ=DAILY;UNTIL=20270401T070000Z'],
    ['FREQ=DAILY;UNTIL=20270401', 'FREQ=DAILY;UNTIL=20270401T215959Z'],
    ['FREQ=DAILY;UNTIL=20270301T080000Z', 'FREQ=DAILY;UNTIL=20270301T080000Z'],
  ])('%s as %s', (said, kept) => {
    if (kept === undefined) return expect(refusalOf({ recurrence: said })).toMatch(/^BAD_USER_INPUT recurrence: /)
    const series = seriesOf({ start, recurrence: said })
    expect(series.recurrence).toBe(kept)
    // Said again, it is the same.
    expect(seriesOf({ start, recurrence: kept }).recurrence).toBe(kept)
  })

  it.each([
    ['Pacific/Auckland', 'FREQ=DAILY;UNTIL=20270303T105959Z'],
    ['America/Los_Angeles', 'FREQ=DAILY;UNTIL=20270304T075959Z'],
    ['UTC', 'FREQ=DAILY;UNTIL=20270303T235959Z'],
  ])('with its last day as that is in %s', (zone, kept) => {
    const series = seriesOf({ start, zone, recurrence: 'FREQ=DAILY;UNTIL=20270303' })
    expect(series.recurrence).toBe(kept)
    expect(datesOf(series, 5)).toEqual([start, '2027-03-02T09:00', '2027-03-03T09:00'])
  })

  it('with an end that can be written', () => {
    const { recurrence } = seriesOf({ start, zone: 'America/New_York', recurrence: 'FREQ=DAILY;UNTIL=99991231' })
    expect(recurrence).toBe('FREQ=DAILY;UNTIL=99991231T235959Z')
    expect(seriesOf({ start, zone: 'America/New_York', recurrence }).recurrence).toBe(recurrence)
  })

  it.each(frequencies)('and read again: %s', (frequency) => {
    expect(parseRule(`FREQ=${frequency}`)).toEqual({
      frequency,
      interval: 1,
      count: null,
      until: null,
      months: [],
      monthDays: [],
      yearDays: [],
      weekDays: [],
      positions: [],
      weekStart: 1,
    })
  })
})

describe('a recurrence is refused', () => {
  it.each([
    // Malformed.
    '',
    'daily',
    'FREQ',
    'FREQ=',
    'FREQ=;COUNT=1',
    'FREQ=FORTNIGHTLY',
    'FREQ=DAILY;',
    ';FREQ=DAILY',
    'RRULE:FREQ=DAILY',
    'FREQ=DAILY FREQ=DAILY',
    'FREQ=DAILY\r\nATTENDEE:mailto:x@example.com',
    'FREQ=DAILY\n',
    'FREQ=DAıLY',
    'INTERVAL=2',
    'FREQ=DAILY;FREQ=WEEKLY',
    'FREQ=DAILY;COUNT=2;COUNT=3',
    'FREQ=DAILY;COUNT=2=3',
    'FREQ=DAILY;COUNT=0',
    'FREQ=DAILY;COUNT=-1',
    'FREQ=DAILY;COUNT=1.5',
    'FREQ=DAILY;COUNT=1E3',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=DAILY;INTERVAL=-1',
    'FREQ=DAILY;UNTIL=20271399',
    'FREQ=DAILY;UNTIL=20270230',
    'FREQ=DAILY;UNTIL=20270401T240000Z',
    'FREQ=DAILY;UNTIL=20270401T096000',
    'FREQ=DAILY;UNTIL=20270401T09',
    'FREQ=DAILY;UNTIL=2027-04-01',
    'FREQ=WEEKLY;BYDAY=XX',
    'FREQ=WEEKLY;BYDAY=MO,',
    'FREQ=WEEKLY;BYDAY=MO,,WE',
    'FREQ=WEEKLY;WKST=1MO',
    'FREQ=MONTHLY;BYDAY=0MO',
    'FREQ=MONTHLY;BYDAY=54MO',
    'FREQ=MONTHLY;BYMONTHDAY=0',
    'FREQ=MONTHLY;BYMONTHDAY=32,1',
    'FREQ=MONTHLY;BYMONTHDAY=1,-32',
    'FREQ=YEARLY;BYMONTH=13,3',
    'FREQ=YEARLY;BYMONTH=0,3',
    'FREQ=YEARLY;BYMONTH=-3',
    'FREQ=YEARLY;BYYEARDAY=367,60',
    'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0',
    'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367,1',
    `FREQ=YEARLY;BYYEARDAY=60${',60'.repeat(60)}`,
    // Too often, for too long.
    'FREQ=HOURLY',
    'FREQ=MINUTELY',
    'FREQ=SECONDLY;COUNT=5',
    'FREQ=DAILY;BYHOUR=9',
    'FREQ=DAILY;BYMINUTE=0,30',
    'FREQ=DAILY;BYSECOND=0',
    'FREQ=DAILY;COUNT=1001',
    'FREQ=DAILY;INTERVAL=1001',
    'FREQ=DAILY;INTERVAL=99999999',
    'FREQ=DAILY;COUNT=2;UNTIL=20270401',
    // What nobody else knows, or what others know otherwise.
    'FREQ=DAILY;X-ODD=1',
    'FREQ=DAILY;EASTER=0',
    'FREQ=DAILY;BYEASTER=0',
    'RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD',
    'FREQ=DAILY;__PROTO__=1',
    'FREQ=DAILY;CONSTRUCTOR=1',
    'FREQ=YEARLY;BYWEEKNO=9;BYDAY=MO',
    'FREQ=DAILY;INTERVAL=2;BYDAY=MO',
    'FREQ=DAILY;INTERVAL=2;BYMONTHDAY=1',
    'FREQ=DAILY;INTERVAL=2;BYMONTH=3',
    'FREQ=WEEKLY;INTERVAL=2;BYMONTH=3',
    'FREQ=MONTHLY;INTERVAL=2;BYMONTH=3',
    'FREQ=DAILY;BYDAY=MO;BYSETPOS=1',
    'FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1',
    'FREQ=YEARLY;BYSETPOS=1',
    'FREQ=YEARLY;BYMONTH=3,4;BYSETPOS=1',
    'FREQ=DAILY;BYDAY=1MO',
    'FREQ=WEEKLY;BYDAY=1MO',
    'FREQ=WEEKLY;BYMONTHDAY=1',
    'FREQ=WEEKLY;BYYEARDAY=60',
    'FREQ=MONTHLY;BYYEARDAY=60',
    'FREQ=MONTHLY;BYDAY=1MO,TU',
    'FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1',
    'FREQ=YEARLY;BYYEARDAY=60;BYDAY=MO',
    'FREQ=YEARLY;BYYEARDAY=60;BYMONTH=3',
    'FREQ=YEARLY;BYYEARDAY=60;BYMONTHDAY=1',
    // What never happens, or not at its start.
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MONTHLY;BYDAY=6MO',
    'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6',
    'FREQ=YEARLY;BYYEARDAY=366',
    'FREQ=WEEKLY;BYDAY=TU',
    'FREQ=MONTHLY;BYMONTHDAY=2',
    'FREQ=MONTHLY;BYDAY=-1MO',
    'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2',
    'FREQ=DAILY;BYMONTH=4',
    'FREQ=DAILY;UNTIL=20270228',
    'FREQ=DAILY;UNTIL=20270301T085959',
    'FREQ=DAILY;UNTIL=20270301T075959Z',
  ])('%j', (recurrence) => {
    expect(refusalOf({ recurrence })).toMatch(/^BAD_USER_INPUT recurrence: /)
  })

  it('if it begins beyond the last day that is looked at', () => {
    expect(refusalOf({ start: '2100-12-31T09:00' })).toBeUndefined()
    expect(refusalOf({ start: '2101-01-01T09:00' })).toMatch(/^BAD_USER_INPUT recurrence: /)
  })

  it('by its start, if that is before 1970', () => {
    expect(refusalOf({ start: '1970-01-01T00:00', zone: 'UTC' })).toBeUndefined()
    expect(refusalOf({ start: '1969-12-31T23:30', zone: 'UTC' })).toMatch(/^BAD_USER_INPUT startsAt: /)
    expect(refusalOf({ start: '0001-01-01T09:00', zone: 'UTC', recurrence: 'FREQ=DAILY;BYDAY=MO;COUNT=1000' })).toMatch(/ startsAt: /)
  })

  it('by its start, if the clocks show that twice and it is the second', () => {
    const startsAt = new Date(atClock('2027-10-31T02:30').getTime() + 3_600_000)
    const twice = { startsAt, endsAt: new Date(startsAt.getTime() + 60_000), timeZone: 'Europe/Berlin' }
    expect(occurrenceAt({ ...twice, recurrence: null }, [], startsAt)).toMatchObject({ startsAt })
    expect(refusalOf({ start: '2027-10-31T02:30' })).toBeUndefined()
    expect(() => readRecurrence('FREQ=DAILY', twice, 1000)).toThrow(
      expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT', field: 'startsAt' } }),
    )
  })
})

describe('a meeting that lasts until it begins again', () => {
  const [hour, day] = [60, 24 * 60]

  it.each([
    ['FREQ=DAILY', 22 * hour],
    ['FREQ=DAILY;INTERVAL=2', 46 * hour],
    ['FREQ=WEEKLY', 7 * day - 2 * hour],
    ['FREQ=WEEKLY;BYDAY=MO,WE', 46 * hour],
    ['FREQ=MONTHLY', 28 * day - 2 * hour],
    ['FREQ=MONTHLY;BYMONTHDAY=1,-1', 22 * hour],
    ['FREQ=YEARLY', 365 * day - 2 * hour],
  ])('is refused by its end: %s, from %d minutes on', (recurrence, most) => {
    expect(refusalOf({ recurrence, minutes: most })).toBeUndefined()
    expect(refusalOf({ recurrence, minutes: most + 1 })).toMatch(/^BAD_USER_INPUT endsAt: /)
  })

  it.each([['FREQ=DAILY;COUNT=1'], ['FREQ=DAILY;UNTIL=20270301'], ['FREQ=YEARLY;INTERVAL=1000']])(
    'is taken if it does not begin again: %s',
    (recurrence) => {
      expect(refusalOf({ recurrence, minutes: 400 * day })).toBeUndefined()
    },
  )
})

describe('a rule that seldom happens, or never again', () => {
  it.each([
    ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TH', '2024-02-29', '2052-02-29 2080-02-29'],
    ['FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TH', '2024-02-29', '2052-02-29 2080-02-29'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TH', '2024-02-29', '2052-02-29 2080-02-29'],
    ['FREQ=WEEKLY;BYDAY=TH;BYMONTH=2;COUNT=1000', '2024-02-29', '2025-02-06 2025-02-13'],
    ['FREQ=YEARLY;INTERVAL=3;BYYEARDAY=366', '2024-12-31', '2036-12-31 2048-12-31'],
    ['FREQ=YEARLY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=29', '2024-02-29', ''],
    ['FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=29;BYDAY=TH', '2024-02-29', '2052-02-29 2080-02-29'],
    ['FREQ=DAILY;INTERVAL=1000;COUNT=1000', '2024-02-29', '2026-11-25 2029-08-21'],
    ['FREQ=YEARLY;BYYEARDAY=-366;COUNT=1000', '2024-01-01', '2028-01-01 2032-01-01'],
    ['FREQ=YEARLY;BYDAY=53TH', '2026-12-31', '2032-12-30 2037-12-31'],
  ])('%s from %s', (recurrence, from, others) => {
    const series = seriesOf({ start: `${from}T09:00`, recurrence })
    const found = datesOf(series, 3).map((date) => date.slice(0, 10))
    expect(found).toEqual([from, ...others.split(' ').filter((other) => other !== '')])
    // To the very end, from anywhere: as many steps as there are days until 2100, at most.
    const began = performance.now()
    for (const year of [2030, 2060, 2090]) for (const _ of occurrencesFrom(series, [], new Date(Date.UTC(year, 0))));
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
