import { type CalendarMeeting, eventComponents, type Named } from './ics-events.ts'
import { cleaned, escaped, type Property, write } from './ics-parts.ts'
import { zoneComponent } from './ics-zones.ts'

/** Meetings as one person has them in their calendar. */
export interface Calendar {
  readonly name: string
  readonly viewer: Named
  /** Those first that must be in it. */
  readonly meetings: readonly CalendarMeeting[]
}

/**
 * Writes a calendar as RFC 5545 has it, in pieces, some of them empty, so that whoever writes a long one may do something else in between. The
 * same meetings come to the same text. What would make it longer than that many characters is left out, except for the first meeting.
 */
export function* writeCalendar({ name, viewer, meetings }: Calendar, charactersMost: number): Generator<string, void> {
  const empty = write(['vcalendar', propertiesOf(name), []])
  yield empty.slice(0, -end.length)
  const earliest = earliestByZone(meetings)
  const zones = new Set<string>()
  let characters = 0
  for (const meeting of meetings) {
    const { timeZone } = meeting
    const zone = zones.has(timeZone) ? '' : write(zoneComponent(timeZone, earliest.get(timeZone)!))
    let piece = zone
    for (const component of eventComponents(meeting, viewer)) {
      piece += write(component)
      // A meeting may be long, and is in it whole or not at all.
      yield ''
    }
    if (characters > 0 && characters + piece.length > charactersMost) break
    zones.add(timeZone)
    characters += piece.length
    yield piece
  }
  yield end
}

const end = 'END:VCALENDAR\r\n'

function propertiesOf(name: string): Property[] {
  return [
    ['version', {}, 'text', '2.0'],
    ['prodid', {}, 'text', '-//Parley//Meetings//EN'],
    ['calscale', {}, 'text', 'GREGORIAN'],
    ['x-wr-calname', {}, 'unknown', escaped(cleaned(name))],
    ['refresh-interval', {}, 'duration', lookAgain],
    ['x-published-ttl', {}, 'unknown', lookAgain],
  ]
}

/** After how long calendars shall look whether something has changed. */
const lookAgain = 'PT1H'

/** From when on the zones have to be told of, each once. */
function earliestByZone(meetings: readonly CalendarMeeting[]): Map<string, Date> {
  const earliest = new Map<string, Date>()
  for (const { timeZone, startsAt, exceptions } of meetings) {
    const starts = [earliest.get(timeZone) ?? startsAt, startsAt, ...exceptions.flatMap((exception) => exception.startsAt ?? [])]
    earliest.set(timeZone, new Date(Math.min(...starts.map((start) => start.getTime()))))
  }
  return earliest
}
