import ICAL from 'ical.js'
import { describe, expect, it } from 'vitest'
import { writeCalendar } from '../../../src/features/calendars/ics.ts'
import type { CalendarMeeting } from '../../../src/features/calendars/ics-events.ts'
import { type Exception, occurrencesFrom } from '../../../src/features/recurrence/occurrences.ts'
import { randomOf, randomSeries, zones } from '../recurrence/random-series.ts'
import { atClock, clockAt, seriesOf, take } from '../recurrence/series.ts'
import { aCalendarMeeting, clocksByLibrary, eventIn, timesIn, timesOf, viewer, written } from './written-calendars.ts'

const day = 86_400_000
const year = 366 * day
const later = (instant: Date, ms: number) => new Date(instant.getTime() + ms)

/** What another parser finds in the year from its start, once it is what we find. */
function agreed(meeting: CalendarMeeting, calendar = written([meeting])): string[] {
  const [from, to] = [later(meeting.startsAt, -day), later(meeting.startsAt, year - 1000)]
  const found = timesIn(calendar, meeting, from, to)
  expect(found).toEqual(timesOf(meeting, from, to))
  return found
}

const cancelledAt = (originalStart: Date): Exception => ({ originalStart, startsAt: null, endsAt: null, isCancelled: true })
const movedTo = (originalStart: Date, startsAt: Date, minutes: number): Exception => ({
  originalStart,
  startsAt,
  endsAt: later(startsAt, minutes * 60_000),
  isCancelled: false,
})

describe('the times of meetings in a calendar', () => {
  it.each([
    ['Europe/Berlin', '2027-03-22T09:00'],
    ['Europe/Berlin', '2027-10-25T09:00'],
    ['Australia/Sydney', '2027-03-29T09:00'],
    ['Australia/Sydney', '2027-09-27T09:00'],
    ['America/Santiago', '2027-08-30T09:00'],
  ])('stay by the clocks of %s where these are changed, from %s on', (zone, start) => {
    const meeting = aCalendarMeeting(seriesOf({ start, zone, recurrence: 'FREQ=DAILY;COUNT=14' }))
    const times = agreed(meeting)
    expect(times).toHaveLength(14)
    expect(new Set(times.map((time) => clockAt(new Date(time.split(' ')[0]!), zone).slice(11)))).toEqual(new Set(['09:00']))
    expect(new Set(times.map((time) => time.slice(11, 16))).size).toBe(2)
  })

  // How the library has the rule. When a time is that the clocks skip or show twice, neither parser knows as the RFC has it.
  it.each([
    ['skip', '2027-03-25T02:30'],
    ['show twice', '2027-10-28T02:30'],
  ])('are those that the clocks %s, also where they are moved or cancelled', (_, start) => {
    const series = seriesOf({ start, recurrence: 'FREQ=DAILY;COUNT=7' })
    const [, , , onTheDay] = take(occurrencesFrom(series, [], series.startsAt), 7)
    const { originalStart } = onTheDay!
    const days = Array.from({ length: 7 }, (_unused, day) =>
      new Date(Date.parse(`${start}Z`) + day * 86_400_000).toISOString().slice(0, 16),
    )
    const [first, second, third, fourth, ...rest] = days as [string, string, string, string]
    const moved = `${fourth.slice(0, 11)}12:00`
    const clocks = (exceptions: Exception[]) => clocksByLibrary(written([aCalendarMeeting(series, { exceptions })]))
    expect(clocks([])).toEqual(days)
    expect(clocks([cancelledAt(originalStart)])).toEqual([first, second, third, ...rest])
    expect(clocks([movedTo(originalStart, atClock(moved), 20)])).toEqual([first, second, third, moved, ...rest])
  })

  it('are told from each other where the clocks show them twice', () => {
    const first = atClock('2027-10-31T02:30')
    const second = later(first, 3_600_000)
    const once = { timeZone: 'Europe/Berlin', recurrence: null }
    for (const [startsAt, start] of [
      [first, '20271031T003000Z'],
      [second, '20271031T013000Z'],
    ] as const) {
      const meeting = aCalendarMeeting({ ...once, startsAt, endsAt: later(startsAt, 3_600_000) })
      agreed(meeting)
      expect(written([meeting])).toContain(`\r\nDTSTART:${start}\r\n`)
      const daily = seriesOf({ start: '2027-10-29T09:00', recurrence: 'FREQ=DAILY;COUNT=4' })
      const [, , third] = take(occurrencesFrom(daily, [], daily.startsAt), 4)
      const moved = aCalendarMeeting(daily, { exceptions: [movedTo(third!.originalStart, startsAt, 30)] })
      agreed(moved)
      expect(written([moved])).toContain(`\r\nDTSTART:${start}\r\n`)
      // It begins before the clocks are put back, and ends after.
      const ending = aCalendarMeeting({ ...once, startsAt: atClock('2027-10-31T01:30'), endsAt: startsAt })
      agreed(ending)
      expect(written([ending])).toContain(`\r\nDURATION:PT${startsAt === first ? 3600 : 7200}S\r\n`)
    }
  })

  it('of a rule are by the clocks, also where it begins with what they show twice', () => {
    const calendar = written([aCalendarMeeting(seriesOf({ start: '2027-10-31T02:30', recurrence: 'FREQ=DAILY;COUNT=3' }))])
    expect(calendar).toContain('\r\nDTSTART;TZID=Europe/Berlin:20271031T023000\r\n')
    expect(clocksByLibrary(calendar)).toEqual(['2027-10-31T02:30', '2027-11-01T02:30', '2027-11-02T02:30'])
  })

  it('of what recurs end when it ends, or never', () => {
    const endless = aCalendarMeeting(seriesOf({ start: '2027-01-04T09:00', recurrence: 'FREQ=WEEKLY;BYDAY=MO,WE' }))
    const calendar = written([endless])
    const [from, to] = [new Date('2060-01-01'), new Date('2061-01-01')]
    expect(timesIn(calendar, endless, from, to)).toEqual(timesOf(endless, from, to))
    const until = aCalendarMeeting(seriesOf({ start: '2027-01-04T09:00', recurrence: 'FREQ=WEEKLY;UNTIL=20270125T090000' }))
    expect(agreed(until)).toHaveLength(4)
  })

  it('are those of any rule, with any of its occurrences moved or cancelled', { timeout: 60_000 }, () => {
    const random = randomOf(7)
    // The other parser does not know how Morocco's clocks are changed in Ramadan.
    const known = zones.filter((zone) => zone !== 'Africa/Casablanca')
    for (let round = 0; round < 50; round++) {
      const series = randomSeries(random, () => random.between(4, 23), known)
      const some = take(occurrencesFrom(series, [], series.startsAt), 6).filter(
        ({ startsAt }) => startsAt < later(series.startsAt, year / 2) && random.chance(0.4),
      )
      const exceptions = some.map(({ originalStart, startsAt }) =>
        random.chance(0.5) ? cancelledAt(originalStart) : movedTo(originalStart, later(startsAt, random.between(-9, 9) * 3_600_000), 15),
      )
      agreed(aCalendarMeeting(series, { exceptions }))
    }
  })
})

describe('what does not take place', () => {
  const start = '2027-03-01T09:00'
  const weekly = seriesOf({ start, recurrence: 'FREQ=WEEKLY;COUNT=5' })
  const starts = take(occurrencesFrom(weekly, [], weekly.startsAt), 5).map(({ originalStart }) => originalStart)

  it('is left out of a series, also where it had been moved', () => {
    const moved = { ...movedTo(starts[2]!, later(starts[2]!, 3_600_000), 30), isCancelled: true }
    const meeting = aCalendarMeeting(weekly, { exceptions: [cancelledAt(starts[1]!), moved] })
    expect(agreed(meeting)).toHaveLength(3)
    expect(eventIn(written([meeting]), meeting)!.status).toBe('CONFIRMED')
  })

  it('is cancelled where it is all of a meeting', () => {
    for (const series of [weekly, seriesOf({ start, recurrence: null })]) {
      const meeting = aCalendarMeeting(series, { status: 'CANCELLED' })
      const { status, transparency } = eventIn(written([meeting]), meeting)!
      expect([status, transparency]).toEqual(['CANCELLED', 'TRANSPARENT'])
    }
    const only = aCalendarMeeting(seriesOf({ start, recurrence: null }), { exceptions: [cancelledAt(weekly.startsAt)] })
    expect(eventIn(written([only]), only)!.status).toBe('CANCELLED')
  })

  it('ends a series that had begun: what took place stays', () => {
    const exceptions = [movedTo(starts[1]!, later(starts[1]!, 3_600_000), 30), movedTo(starts[3]!, later(starts[3]!, 3_600_000), 30)]
    for (const recurrence of ['FREQ=WEEKLY;COUNT=5', 'FREQ=WEEKLY;UNTIL=20280101T000000Z', 'FREQ=WEEKLY']) {
      const meeting = aCalendarMeeting({ ...weekly, recurrence }, { exceptions, status: 'CANCELLED', currentStart: starts[2]! })
      const calendar = written([meeting])
      const expected = timesOf({ ...meeting, exceptions: exceptions.slice(0, 1) }, later(starts[0]!, -1), starts[2]!)
      expect(timesIn(calendar, meeting, later(starts[0]!, -1), later(starts[0]!, year))).toEqual(expected)
      expect(eventIn(calendar, meeting)!.status).toBe('CONFIRMED')
    }
  })
})

describe('the words of meetings in a calendar', () => {
  const series = seriesOf({ start: '2027-03-01T09:00', recurrence: null })
  const injected = 'A\r\nEND:VEVENT\nBEGIN:VEVENT\rUID:other\u2028X\u0085Y\u0007\u0000Z\tend'
  const titles = {
    'what ends lines': injected,
    'what stands for something': String.raw`a;b,c\n\\d:"e" ^n ^^`,
    'emoji of many parts': '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(10),
    '120 wide characters': '漢'.repeat(120),
    'what is written from the right': 'לוח פגישות: שלום, עולם; ‏123',
    'of four bytes each': '𝕄'.repeat(120),
    'blanks at every fold': ' x'.repeat(60),
  }

  it.each(Object.entries(titles))('are read again as they were: %s', (_, title) => {
    const description = `${title}\n${'é€𝄞 \\;,'.repeat(600)}`.slice(0, 4000).toWellFormed()
    // Readers do not agree upon what it means in a name.
    const name = title.replaceAll('\\', '')
    const meeting = aCalendarMeeting(series, { title, description, createdBy: { id: viewer.id, name } })
    const calendar = written([meeting])
    const plain = (text: string) =>
      text
        .replace(/\r\n?|[\u2028\u0085]/g, '\n')
        .replaceAll('\u0007', '')
        .replaceAll('\0', '')
    const [event, ...others] = new ICAL.Component(ICAL.parse(calendar)).getAllSubcomponents('vevent')
    expect(others).toEqual([])
    expect(event!.getFirstPropertyValue('summary')).toBe(plain(title))
    expect(event!.getFirstPropertyValue('description')).toBe(plain(description))
    expect(event!.getFirstProperty('organizer')!.getParameter('cn')).toBe(plain(name).replaceAll('"', "'").replaceAll('\n', ' '))
    const other = eventIn(calendar, meeting)!
    // It takes a backslash before an n for the end of a line, whatever is before it.
    const shown = (text: string) => plain(text).replaceAll('\\n', '\\\n')
    expect(other.summary).toBe(shown(title))
    expect(other.description).toBe(shown(description))
    expectWellWritten(calendar)
  })

  it('hold nobody else than who asks and who scheduled it, and no address of theirs', () => {
    const calendar = written([aCalendarMeeting(series)])
    expect(calendar.match(/^(?:ORGANIZER|ATTENDEE).*/gm)).toEqual([
      expect.stringMatching(/^ORGANIZER;CN=Ben:urn:uuid:/),
      expect.stringMatching(/^ATTENDEE;CN=Ada;PARTSTAT=ACCEPTED:urn:uuid:/),
    ])
    expect(calendar).not.toMatch(/mailto/i)
  })

  it.each([
    ['ACCEPTED', 'ACCEPTED', 'OPAQUE'],
    ['TENTATIVE', 'TENTATIVE', 'OPAQUE'],
    ['PENDING', 'NEEDS-ACTION', 'TRANSPARENT'],
    ['DECLINED', 'DECLINED', 'TRANSPARENT'],
    [null, undefined, 'TRANSPARENT'],
  ] as const)('say of who answered %s that they are %s, and %s', (rsvp, partstat, transp) => {
    const [event] = new ICAL.Component(ICAL.parse(written([aCalendarMeeting(series, { rsvp })]))).getAllSubcomponents('vevent')
    expect(event!.getFirstProperty('attendee')?.getParameter('partstat')).toBe(partstat)
    expect(event!.getFirstPropertyValue('transp')).toBe(transp)
  })

  it('say which meeting it is, how often and when it was changed, and where it is found', () => {
    const meeting = aCalendarMeeting(seriesOf({ start: '2027-03-01T09:00', recurrence: 'FREQ=DAILY;COUNT=3' }))
    const exceptions = [movedTo(later(meeting.startsAt, 86_400_000), later(meeting.startsAt, 90_000_000), 30)]
    const events = new ICAL.Component(ICAL.parse(written([{ ...meeting, exceptions }]))).getAllSubcomponents('vevent')
    expect(events).toHaveLength(2)
    for (const event of events) {
      const value = (name: string) => String(event.getFirstPropertyValue(name))
      expect([value('uid'), value('sequence'), value('url'), value('location')]).toEqual([meeting.id, '3', meeting.link, meeting.link])
      expect([value('dtstamp'), value('last-modified'), value('created')]).toEqual([
        '2026-11-21T08:00:00Z',
        '2026-11-21T08:00:00Z',
        '2026-11-20T08:00:00Z',
      ])
    }
  })
})

describe('a calendar', () => {
  const many = Array.from({ length: 20 }, (_, index) =>
    aCalendarMeeting(seriesOf({ start: '2027-03-01T09:00', zone: index % 2 ? 'Asia/Tokyo' : 'Europe/Berlin', recurrence: 'FREQ=DAILY' })),
  )

  it('tells of each zone once, and before its first meeting', () => {
    const calendar = written(many)
    expect(calendar.match(/^TZID:.*/gm)).toEqual(['TZID:Europe/Berlin', 'TZID:Asia/Tokyo'])
    for (const meeting of many) expect(eventIn(calendar, meeting)).toBeDefined()
    expect(calendar.indexOf('TZID:Asia/Tokyo')).toBeLessThan(calendar.indexOf('TZID=Asia/Tokyo'))
    expectWellWritten(calendar)
  })

  it('has as many of the first meetings as fit, and one at least', () => {
    const whole = written(many)
    const half = written(many, whole.length / 2)
    expect(half.length).toBeLessThan(whole.length / 2 + 500)
    expect(many.map((meeting) => eventIn(half, meeting) !== undefined).lastIndexOf(true)).toBeGreaterThan(7)
    expect(many.filter((meeting) => eventIn(written(many, 1), meeting))).toEqual([many[0]])
    expect(written(many, 1)).toMatch(/END:VCALENDAR\r\n$/)
  })

  it('may be empty, has a name, and says how often to look', () => {
    const calendar = written([])
    expect(calendar.split('\r\n')).toEqual([
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Parley//Meetings//EN',
      'CALSCALE:GREGORIAN',
      'X-WR-CALNAME:Meetings of Ada',
      'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
      'X-PUBLISHED-TTL:PT1H',
      'END:VCALENDAR',
      '',
    ])
  })

  it('is the same text each time', () => {
    expect(written(many)).toBe(written(many))
  })
})

/** RFC 5545, 3.1: lines of at most 75 bytes, whole characters in each, that end by CRLF and hold no other control character. */
function expectWellWritten(calendar: string): void {
  expect(calendar.endsWith('\r\n')).toBe(true)
  const lines = calendar.slice(0, -2).split('\r\n')
  for (const line of lines) {
    expect(Buffer.byteLength(line), line).toBeLessThanOrEqual(75)
    expect(line, line).not.toMatch(/(?!\t)\p{Cc}/u)
    expect(line.isWellFormed(), line).toBe(true)
    expect(line, line).toMatch(/^(?: |[A-Z-]+[;:])/)
  }
}

it('is written in small pieces, so that nobody waits for a long meeting', () => {
  const series = seriesOf({ start: '2027-03-22T09:00', recurrence: 'FREQ=DAILY' })
  const all = take(occurrencesFrom(series, [], series.startsAt), 50)
  const exceptions = all.map(({ originalStart, startsAt }) => movedTo(originalStart, later(startsAt, 60_000), 20))
  const meeting = aCalendarMeeting(series, { exceptions, description: 'x'.repeat(4000) })
  const pieces = writeCalendar({ name: 'Meetings of Ada', viewer, meetings: [meeting] }, 1_000_000)
  let steps = 0
  for (const piece of pieces) if (piece === '') steps++
  expect(steps).toBe(51)
})

it.each(['Asia/Tokyo', 'Europe/Berlin', 'Africa/Casablanca', 'America/New_York'])(
  'has times that calendars can hold, to the end of time, in %s',
  (timeZone) => {
    for (const [start, end] of [
      ['9999-12-31T22:00:00Z', '9999-12-31T23:59:59Z'],
      ['9999-12-31T08:00:00Z', '9999-12-31T23:59:59Z'],
    ] as const) {
      const meeting = aCalendarMeeting({ startsAt: new Date(start), endsAt: new Date(end), timeZone, recurrence: null })
      const calendar = written([meeting])
      for (const [, value] of calendar.matchAll(/^(?:DTSTART|DTEND|RDATE)[^:]*:(.*)\r$/gm)) expect(value).toMatch(/^\d{8}T\d{6}Z?$/)
      expect(new ICAL.Event(new ICAL.Component(ICAL.parse(calendar)).getFirstSubcomponent('vevent')!).duration.toSeconds()).toBe(
        (Date.parse(end) - Date.parse(start)) / 1000,
      )
    }
  },
)
