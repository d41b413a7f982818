import ICAL from 'ical.js'
import { describe, expect, it } from 'vitest'
import { write } from '../../../src/features/calendars/ics-parts.ts'
import { zoneComponent } from '../../../src/features/calendars/ics-zones.ts'
import { observancesOf } from '../../../src/features/calendars/zone-rules.ts'
import { clockChangesOf } from '../../../src/lib/clock-changes.ts'
import { toInstant, toWallClock } from '../../../src/lib/zoned-time.ts'

const from = new Date('2026-06-01T00:00:00Z')
const hour = 3_600_000

/** By how much the clocks of a zone are ahead of UTC when they show this, as the library reads what we write. */
function readerOf(zone: string, since = from): (wall: number) => number {
  const read = new ICAL.Timezone(new ICAL.Component(ICAL.parse(write(zoneComponent(zone, since)))))
  const offsetAt = (wall: number) => {
    const [year, month, day, hours, minutes, second] = new Date(wall)
      .toISOString()
      .split(/[-T:.]/)
      .map(Number) as [number, number, number, number, number, number]
    return read.utcOffset(new ICAL.Time({ year, month, day, hour: hours, minute: minutes, second }, read)) * 1000
  }
  // It learns all years up to the latest that is asked for.
  offsetAt(Date.UTC(2100, 11, 31))
  return offsetAt
}

function expectRight(zone: string, instants: readonly number[], since = from): void {
  const offsetAt = readerOf(zone, since)
  const wrong = instants.filter((instant) => {
    const wall = toWallClock(new Date(instant), zone)
    return toInstant(wall, zone).getTime() === instant && offsetAt(wall) !== wall - instant
  })
  expect(
    wrong.map((instant) => `${zone} ${new Date(instant).toISOString()}`),
    zone,
  ).toEqual([])
}

/** Three hours before and after each change. */
const around = (zone: string, since: Date, to: number) =>
  clockChangesOf(zone, since.getTime(), to).flatMap(({ at }) => [at - 3 * hour, at + 3 * hour])

describe('the zones of a calendar', () => {
  it('are as they are here, all of them, now and in the last year', { timeout: 120_000 }, () => {
    const years = [2026, 2027, 2028, 2040, 2100]
    const days = years.flatMap((year) => [1, 4, 7, 10].map((month) => Date.UTC(year, month, 15, 12)))
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      expectRight(zone, [...days.filter((day) => day > from.getTime()), ...around(zone, from, Date.UTC(2028, 0))])
    }
  })

  it.each([
    'Europe/Berlin',
    'America/New_York',
    'America/Santiago',
    'Australia/Lord_Howe',
    'Asia/Jerusalem',
    'Africa/Cairo',
    'Africa/Casablanca',
    'Asia/Gaza',
    'America/Nuuk',
  ])('know every change to the end of 2100: %s', (zone) => {
    expectRight(zone, around(zone, from, Date.UTC(2100, 11, 31)))
  })

  it('know changes that are a week apart, from whatever day one looks', () => {
    const found = Array.from({ length: 14 }, (_unused, days) => {
      const changes = clockChangesOf('Asia/Gaza', Date.UTC(2040, 8, 1 + days), Date.UTC(2040, 11))
      return changes.map(({ at }) => new Date(at).toISOString().slice(0, 10)).join()
    })
    expect(new Set(found)).toEqual(new Set(['2040-10-20,2040-10-26']))
  })

  it('know what was, where a meeting began long ago', () => {
    const since = new Date('1998-01-01T00:00:00Z')
    for (const zone of ['America/New_York', 'America/Sao_Paulo', 'Asia/Tehran', 'Europe/Istanbul', 'Pacific/Apia'])
      expectRight(zone, around(zone, since, Date.UTC(2030, 0)), since)
  })

  it('are told in rules where there are some', () => {
    const rulesOf = (zone: string) => observancesOf(zone, from).flatMap(({ yearly }) => yearly ?? [])
    expect(rulesOf('Europe/Berlin')).toEqual(['FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU', 'FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU'].sort().reverse())
    expect(rulesOf('America/New_York')).toEqual(['FREQ=YEARLY;BYMONTH=3;BYDAY=2SU', 'FREQ=YEARLY;BYMONTH=11;BYDAY=1SU'])
    expect(rulesOf('Asia/Jerusalem')).toContain('FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=23,24,25,26,27,28,29;BYDAY=FR')
    expect(rulesOf('Africa/Casablanca')).toEqual([])
    expect(observancesOf('Asia/Tokyo', from)).toHaveLength(1)
  })

  it('are found once for all years: what began in another costs next to nothing', () => {
    const msOf = (work: () => unknown) => {
      const begun = performance.now()
      work()
      return performance.now() - begun
    }
    const since = (year: number) => observancesOf('Africa/El_Aaiun', new Date(Date.UTC(year, 5)))
    const first = msOf(() => since(1970))
    const others = msOf(() => {
      for (let year = 1971; year < 2100; year++) since(year)
    })
    expect(others).toBeLessThan(10 * first)
    const late = ['3000', '9999'].map((year) => observancesOf('Europe/Berlin', new Date(`${year}-01-01T00:00:00Z`)))
    expect(late[1]).toEqual(late[0])
  })
})
