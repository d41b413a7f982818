import ICAL from 'ical.js'
import ical, { type VEvent } from 'node-ical'
import { writeCalendar } from '../../../src/features/calendars/ics.ts'
import type { CalendarMeeting } from '../../../src/features/calendars/ics-events.ts'
import { occurrencesFrom, type Series } from '../../../src/features/recurrence/occurrences.ts'
import { uuid } from '../../../src/lib/uuid.ts'

export const viewer = { id: '0190e6a0-0000-7000-8000-00000000000a', name: 'Ada' }

/** As the database has it. */
export function aCalendarMeeting(series: Series, more: Partial<CalendarMeeting> = {}): CalendarMeeting {
  return {
    ...series,
    id: uuid(),
    title: 'Plans',
    description: null,
    firstStartsAt: series.startsAt,
    lastEndsAt: null,
    status: 'SCHEDULED',
    currentStart: series.startsAt,
    remindedOf: null,
    dueAt: null,
    revision: 3,
    createdAt: new Date('2026-11-20T08:00:00.123Z'),
    updatedAt: new Date('2026-11-21T08:00:00.123Z'),
    cancelledAt: null,
    createdBy: { id: '0190e6a0-0000-7000-8000-00000000000b', name: 'Ben' },
    exceptions: [],
    rsvp: 'ACCEPTED',
    link: 'https://chat.example.org/meetings/TWVldGluZzox',
    ...more,
  }
}

export function written(meetings: readonly CalendarMeeting[], charactersMost = 1_000_000): string {
  return [...writeCalendar({ name: 'Meetings of Ada', viewer, meetings }, charactersMost)].join('')
}

/** An event as a parser reads it that did not write it. */
export function eventIn(calendar: string, { id }: Pick<CalendarMeeting, 'id'>): VEvent | undefined {
  return ical.sync.parseICS(calendar)[id] as VEvent | undefined
}

/** When it takes place, by that parser. */
export function timesIn(calendar: string, meeting: CalendarMeeting, from: Date, to: Date): string[] {
  const event = eventIn(calendar, meeting)!
  const all = event.rrule ? ical.expandRecurringEvent(event, { from, to }) : [{ start: event.start, end: event.end! }]
  return all.map(({ start, end }) => shown(start, end)).sort()
}

/** What the clocks show when it begins, by the library that wrote it; of a series that ends. */
export function clocksByLibrary(calendar: string): string[] {
  const event = new ICAL.Event(new ICAL.Component(ICAL.parse(calendar)).getFirstSubcomponent('vevent')!)
  const clocks: string[] = []
  const steps = event.iterator()
  for (let next = steps.next(); next; next = steps.next()) clocks.push(event.getOccurrenceDetails(next).startDate.toString().slice(0, 16))
  return clocks
}

/** When it takes place, by us. */
export function timesOf(meeting: CalendarMeeting, from: Date, to: Date): string[] {
  const times: string[] = []
  for (const { startsAt, endsAt, isCancelled } of occurrencesFrom(meeting, meeting.exceptions, from)) {
    if (startsAt >= to) break
    if (!isCancelled) times.push(shown(startsAt, endsAt))
  }
  return times
}

const shown = (start: Date, end: Date) => `${start.toISOString()} ${end.toISOString()}`
