import { describe, expect, it } from 'vitest'
import { isZone, toInstant, toWallClock } from '../../src/lib/zoned-time.ts'

const wall = (text: string) => Date.parse(`${text}Z`)
const instant = (text: string, zone: string) => toInstant(wall(text), zone).toISOString().slice(0, 16)
const shown = (text: string, zone: string) => new Date(toWallClock(new Date(text), zone)).toISOString().slice(0, 16)

describe('09:00 by the clocks', () => {
  it.each([
    ['Europe/Berlin', '2027-03-27T09:00', '2027-03-27T08:00'],
    ['Europe/Berlin', '2027-03-28T09:00', '2027-03-28T07:00'],
    ['Europe/Berlin', '2027-10-30T09:00', '2027-10-30T07:00'],
    ['Europe/Berlin', '2027-10-31T09:00', '2027-10-31T08:00'],
    ['America/New_York', '2027-03-13T09:00', '2027-03-13T14:00'],
    ['America/New_York', '2027-03-14T09:00', '2027-03-14T13:00'],
    ['America/New_York', '2027-11-07T09:00', '2027-11-07T14:00'],
    ['Australia/Sydney', '2027-04-03T09:00', '2027-04-02T22:00'],
    ['Australia/Sydney', '2027-04-04T09:00', '2027-04-03T23:00'],
    ['Australia/Sydney', '2027-10-03T09:00', '2027-10-02T22:00'],
    ['America/Santiago', '2027-04-03T09:00', '2027-04-03T12:00'],
    ['America/Santiago', '2027-04-04T09:00', '2027-04-04T13:00'],
    ['America/Santiago', '2027-09-05T09:00', '2027-09-05T12:00'],
    ['Australia/Lord_Howe', '2027-04-03T09:00', '2027-04-02T22:00'],
    ['Australia/Lord_Howe', '2027-04-04T09:00', '2027-04-03T22:30'],
    ['Asia/Kolkata', '2027-07-01T09:00', '2027-07-01T03:30'],
    ['Asia/Kathmandu', '2027-07-01T09:00', '2027-07-01T03:15'],
    ['Pacific/Kiritimati', '2027-07-01T09:00', '2027-06-30T19:00'],
    ['Etc/GMT+12', '2027-07-01T09:00', '2027-07-01T21:00'],
    // Half a day later than the day before: the last Friday of 2011 was left out.
    ['Pacific/Apia', '2011-12-29T09:00', '2011-12-29T19:00'],
    ['Pacific/Apia', '2011-12-31T09:00', '2011-12-30T19:00'],
    // Summer time without Ramadan, which moves; and until 2019 only.
    ['Africa/Casablanca', '2026-02-10T09:00', '2026-02-10T08:00'],
    ['Africa/Casablanca', '2026-03-01T09:00', '2026-03-01T09:00'],
    ['America/Sao_Paulo', '2019-01-15T09:00', '2019-01-15T11:00'],
    ['America/Sao_Paulo', '2027-01-15T09:00', '2027-01-15T12:00'],
  ])('in %s on %s is %s', (zone, local, utc) => {
    expect(instant(local, zone)).toBe(utc)
    expect(shown(`${utc}Z`, zone)).toBe(local)
  })
})

describe('a time that the clocks skip', () => {
  it.each([
    ['Europe/Berlin', '2027-03-28T02:30', '2027-03-28T03:30'],
    ['Europe/Berlin', '2027-03-28T02:00', '2027-03-28T03:00'],
    ['America/New_York', '2027-03-14T02:30', '2027-03-14T03:30'],
    ['Australia/Sydney', '2027-10-03T02:30', '2027-10-03T03:30'],
    ['Australia/Lord_Howe', '2027-10-03T02:15', '2027-10-03T02:45'],
    ['America/Santiago', '2027-09-05T00:30', '2027-09-05T01:30'],
    ['Africa/Casablanca', '2026-03-22T02:30', '2026-03-22T03:30'],
    ['America/Nuuk', '2027-03-27T23:30', '2027-03-28T00:30'],
    ['Pacific/Apia', '2011-12-30T09:00', '2011-12-31T09:00'],
  ])('in %s, %s, is %s', (zone, local, later) => {
    expect(shown(toInstant(wall(local), zone).toISOString(), zone)).toBe(later)
  })
})

describe('a time that the clocks show twice', () => {
  it.each([
    ['Europe/Berlin', '2027-10-31T02:30', '2027-10-31T00:30', 60],
    ['America/New_York', '2027-11-07T01:30', '2027-11-07T05:30', 60],
    ['Australia/Sydney', '2027-04-04T02:30', '2027-04-03T15:30', 60],
    ['Australia/Lord_Howe', '2027-04-04T01:45', '2027-04-03T14:45', 30],
    ['America/Santiago', '2027-04-03T23:30', '2027-04-04T02:30', 60],
  ])('in %s, %s, is the first, %s, and again %d minutes later', (zone, local, utc, minutes) => {
    expect(instant(local, zone)).toBe(utc)
    expect(toWallClock(new Date(wall(utc) + minutes * 60_000), zone)).toBe(wall(local))
  })
})

it('leads there and back in every zone, around every change of its clocks from 2020 to 2035', () => {
  const [hour, day] = [3_600_000, 86_400_000]
  const wrong: string[] = []
  let changes = 0
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const offsetAt = (time: number) => toWallClock(new Date(time), zone) - time
    let previous = offsetAt(Date.UTC(2020, 0))
    for (let time = Date.UTC(2020, 0); time < Date.UTC(2036, 0); time += 15 * day) {
      if (offsetAt(time) === previous) continue
      let [before, after] = [time - 15 * day, time]
      while (after - before > 60_000) {
        const middle = before + Math.floor((after - before) / 120_000) * 60_000
        if (offsetAt(middle) === previous) before = middle
        else after = middle
      }
      const change = offsetAt(after) - previous
      for (const near of [after - 26 * hour, after - 1000, after, after + Math.max(0, -change), after + 26 * hour]) {
        // What is shown a second time is the first.
        const expected = near >= after && near < after - change ? near + change : near
        if (toInstant(toWallClock(new Date(near), zone), zone).getTime() !== expected) wrong.push(`${zone} ${new Date(near).toISOString()}`)
      }
      // Just behind what is skipped, were it not skipped.
      if (change > 0 && toInstant(after + previous + change / 2, zone).getTime() !== after + change / 2) wrong.push(`${zone} ${change}`)
      previous = offsetAt(time)
      changes++
    }
  }
  expect(wrong).toEqual([])
  expect(changes).toBeGreaterThan(3000)
})

describe('a zone', () => {
  it.each([
    'Europe/Berlin',
    'Europe/Kyiv',
    'Asia/Kolkata',
    'Asia/Calcutta',
    'America/Argentina/Buenos_Aires',
    'America/Indiana/Indianapolis',
    'America/Port-au-Prince',
    'America/Port_of_Spain',
    'Africa/Dar_es_Salaam',
    'Antarctica/DumontDUrville',
    'Antarctica/McMurdo',
    'UTC',
    'Etc/UTC',
    'Etc/GMT+5',
  ])('is %s', (name) => {
    expect(isZone(name)).toBe(true)
  })

  it('is each that the platform lists', () => {
    expect(Intl.supportedValuesOf('timeZone').filter((name) => !isZone(name))).toEqual([])
  })

  it.each([
    '',
    ' ',
    'Berlin',
    'Mars/Olympus',
    'Europe/Nowhere',
    '+02:00',
    '-0500',
    'UTC+2',
    'GMT',
    'EST',
    'CET',
    'EST5EDT',
    'US/Pacific',
    'Antarctica/Mcmurdo',
    'W. Europe Standard Time',
    'europe/berlin',
    'Europe/BERLIN',
    'asia/kolkata',
    'Asia/KOLKATA',
    'Europe/Berlin\n',
    ' Europe/Berlin',
    'Europe/Berlin;VALUE=DATE',
    'Europe/../Berlin',
    'Etc/GMT+99',
    `Europe/${'a'.repeat(100_000)}`,
  ])('is not %j', (name) => {
    expect(isZone(name)).toBe(false)
  })
})
