import { clockChangesOf } from '../../lib/clock-changes.ts'
import { dayLength, toInstant, toWallClock, type WallTime } from '../../lib/zoned-time.ts'
import type { Meeting, Rsvp } from '../../store/generated/prisma/client.ts'
import { type Exception, type Occurrence, occurrenceAt } from '../recurrence/occurrences.ts'
import { dayNumberOf } from '../recurrence/rule-days.ts'
import { type Component, cleaned, clockText, instantText, type Property, ruleProperty } from './ics-parts.ts'

/** A meeting as somebody has it in their calendar. */
export interface CalendarMeeting extends Omit<Meeting, 'createdById' | 'roomId'> {
  readonly createdBy: Named
  readonly exceptions: readonly Exception[]
  /** What they have answered; null for who is not asked. */
  readonly rsvp: Rsvp | null
  readonly link: string
}

export interface Named {
  readonly id: string
  readonly name: string
}

/**
 * A meeting, and after it those of its occurrences that were moved. Of a series that is cancelled after it began, there is what took place; of
 * one that is cancelled before, all of it, as cancelled.
 */
export function* eventComponents(meeting: CalendarMeeting, viewer: Named): Generator<Component, void> {
  const { recurrence, startsAt, endsAt, timeZone } = meeting
  if (recurrence === null) return yield eventOf(meeting, viewer, occurrenceAt(meeting, meeting.exceptions, startsAt)!, [])
  const endedBefore = meeting.status === 'CANCELLED' && meeting.currentStart > startsAt ? meeting.currentStart : undefined
  const exceptions = meeting.exceptions.filter(({ originalStart }) => !endedBefore || originalStart < endedBefore)
  const cancelled = exceptions.filter(({ isCancelled }) => isCancelled)
  const moved = exceptions.filter((exception) => exception.startsAt && !exception.isCancelled)
  const wallsOf = (some: readonly Exception[]) => some.map(({ originalStart }) => clockText(wallByRule(meeting, originalStart)))
  const first = { originalStart: startsAt, startsAt, endsAt, isCancelled: false }
  yield eventOf(meeting, viewer, first, [
    ruleProperty(endedBefore ? endingBefore(recurrence, endedBefore) : recurrence),
    ...(cancelled.length > 0 ? [['exdate', { tzid: timeZone }, 'date-time', ...wallsOf(cancelled)] satisfies Property] : []),
  ])
  for (const exception of moved) {
    const occurrence = occurrenceAt(meeting, exceptions, exception.originalStart)
    if (!occurrence) continue
    yield eventOf(meeting, viewer, occurrence, [['recurrence-id', { tzid: timeZone }, 'date-time', ...wallsOf([exception])]])
  }
}

function eventOf(meeting: CalendarMeeting, viewer: Named, occurrence: Occurrence, recurring: readonly Property[]): Component {
  const { id, title, description, timeZone, revision, createdAt, updatedAt, createdBy, rsvp, link } = meeting
  const isCancelled = occurrence.isCancelled || (meeting.status === 'CANCELLED' && occurrence.originalStart >= meeting.currentStart)
  const takesTime = (rsvp === 'ACCEPTED' || rsvp === 'TENTATIVE') && !isCancelled
  return [
    'vevent',
    [
      ['uid', {}, 'text', id],
      ['sequence', {}, 'integer', revision],
      ['dtstamp', {}, 'date-time', instantText(updatedAt)],
      ['created', {}, 'date-time', instantText(createdAt)],
      ['last-modified', {}, 'date-time', instantText(updatedAt)],
      ...timesOf(
        occurrence,
        timeZone,
        recurring.some(([name]) => name === 'rrule'),
      ),
      ...recurring,
      ['summary', {}, 'text', cleaned(title)],
      ...(description ? [['description', {}, 'text', cleaned(description)] satisfies Property] : []),
      ['status', {}, 'text', isCancelled ? 'CANCELLED' : 'CONFIRMED'],
      ['transp', {}, 'text', takesTime ? 'OPAQUE' : 'TRANSPARENT'],
      ['url', {}, 'uri', link],
      ['location', {}, 'text', link],
      ['organizer', { cn: nameText(createdBy) }, 'cal-address', addressOf(createdBy)],
      ...(rsvp ? [attendee(viewer, rsvp)] : []),
    ],
    [],
  ]
}

function attendee(person: Named, rsvp: Rsvp): Property {
  return ['attendee', { cn: nameText(person), partstat: rsvp === 'PENDING' ? 'NEEDS-ACTION' : rsvp }, 'cal-address', addressOf(person)]
}

/** Quotes end a name, and few readers know how to write them in one. */
const nameText = ({ name }: Named) => cleaned(name).replaceAll('"', "'").replaceAll('\n', ' ')

/** An address is asked for. Nobody's e-mail address is anybody else's to know. */
const addressOf = ({ id }: Named) => `urn:uuid:${id}`

/** Years are of four digits, in UTC too. */
const yearsEnd = Date.UTC(10_000)

/** By the clocks of the zone, but for what these show twice: readers do not agree which is meant. A rule needs clocks, and means the first. */
function timesOf({ startsAt, endsAt }: Occurrence, zone: string, hasRule: boolean): Property[] {
  const start = hasRule ? clockText(toWallClock(startsAt, zone)) : localText(startsAt, zone)
  const end = localText(endsAt, zone)
  const at = (name: string, text: string): Property => [name, { tzid: zone }, 'date-time', text]
  if (start && end) return [at('dtstart', start), at('dtend', end)]
  if (start) return [at('dtstart', start), ['duration', {}, 'duration', `PT${Math.round((endsAt.getTime() - startsAt.getTime()) / 1000)}S`]]
  return [
    ['dtstart', {}, 'date-time', instantText(startsAt)],
    ['dtend', {}, 'date-time', instantText(endsAt)],
  ]
}

function localText(instant: Date, zone: string): string | undefined {
  const wall = toWallClock(instant, zone)
  if (wall >= yearsEnd) return undefined
  const changes = clockChangesOf(zone, instant.getTime() - dayLength, instant.getTime() + dayLength)
  return changes.some(({ at, before, after }) => wall >= at + after && wall < at + before) ? undefined : clockText(wall)
}

/** What the rule says of the one that begins at an instant: the clocks may skip that time, and show a later one. */
function wallByRule({ startsAt, timeZone }: CalendarMeeting, originalStart: Date): WallTime {
  const first = toWallClock(startsAt, timeZone)
  const shown = toWallClock(originalStart, timeZone)
  const onDay = first + (dayNumberOf(shown) - dayNumberOf(first)) * dayLength
  return [onDay, onDay - dayLength].find((wall) => toInstant(wall, timeZone).getTime() === originalStart.getTime()) ?? shown
}

function endingBefore(recurrence: string, instant: Date): string {
  const parts = recurrence.split(';').filter((part) => !/^(?:COUNT|UNTIL)=/.test(part))
  const until = instantText(new Date(instant.getTime() - 1000)).replace(/[-:]/g, '')
  return [...parts, `UNTIL=${until}`].join(';')
}
