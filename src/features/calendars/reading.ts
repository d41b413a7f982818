import type { Services } from '../../graphql/context.ts'
import { groupBy } from '../../lib/group-by.ts'
import { createPauses } from '../../lib/pauses.ts'
import type { Database } from '../../store/database.ts'
import type { Meeting, MeetingException, Rsvp } from '../../store/generated/prisma/client.ts'
import { isSeen, isWelcome, joinStanding, meetingColumns } from '../meetings/queries.ts'
import { type Calendar, writeCalendar } from './ics.ts'
import type { CalendarMeeting } from './ics-events.ts'
import type { CalendarLink, CalendarTerms } from './links.ts'

/**
 * What a token leads to, as RFC 5545 has it; undefined, and nothing to tell why, for one that is not ours or has been revoked, and for a meeting
 * that its person does not see (any more). Rejects with RATE_LIMITED for who asks too often. Of each person it reads one at a time: a long one
 * takes memory. Never asks the database for what we have not signed.
 */
export async function readCalendar(services: Services, token: string): Promise<string | undefined> {
  const link = services.calendars.read(token)
  if (!link) return undefined
  // Whoever still has a link that was revoked spends nothing of what its person has.
  await services.rates.spend('calendar', `${link.userId} ${link.generation}`)
  return services.calendars.inTurn(`${link.userId} ${link.generation}`, async () => {
    const viewer = await readPerson(services.database, link)
    const meetings = viewer && (await readMeetings(services, link))
    if (!meetings || (link.meetingId !== null && meetings.length === 0)) return undefined
    const name = link.meetingId === null ? `Meetings of ${viewer.name}` : meetings[0]!.title
    return inPieces(writeCalendar({ name, viewer, meetings }, services.limits.answerCharacters))
  })
}

/** Nobody waits for a long calendar but who asked for it. */
async function inPieces(pieces: Iterable<string>): Promise<string> {
  const pause = createPauses(5)
  let text = ''
  for (const piece of pieces) {
    text += piece
    await pause()
  }
  return text
}

async function readPerson({ sql }: Database, { userId, generation }: CalendarLink): Promise<Calendar['viewer'] | undefined> {
  const [person] = await sql<Calendar['viewer']>(
    `select u.id, u.name from app_user u left join calendar_links l on l.user_id = u.id
     where u.id = $1 and u.deleted_at is null and coalesce(l.generation, 0) = $2`,
    [userId, generation],
  )
  return person
}

async function readMeetings({ database, calendars, limits, meetings }: Services, { userId, meetingId }: CalendarLink) {
  const rows = await (meetingId === null ? readAll(database, userId, calendars.terms) : readOne(database, userId, meetingId))
  const found: CalendarMeeting[] = []
  // Those for which there is no room any more are not read.
  for (let characters = 0; found.length < rows.length && characters <= limits.answerCharacters; ) {
    const some = rows.slice(found.length, found.length + atOnce)
    const exceptions = await readExceptions(database, some)
    for (const { createdByName, ...meeting } of some) {
      const mine = exceptions.get(meeting.id) ?? []
      found.push({
        ...meeting,
        createdBy: { id: meeting.createdById, name: createdByName },
        exceptions: mine,
        link: meetings.linkTo(meeting.id),
      })
      characters += leastCharacters(meeting, mine)
    }
  }
  return found
}

async function readExceptions({ prisma }: Database, rows: readonly Row[]): Promise<Map<string, MeetingException[]>> {
  const meetingId = { in: rows.map(({ id }) => id) }
  return groupBy(
    await prisma.meetingException.findMany({ where: { meetingId }, orderBy: { originalStart: 'asc' } }),
    (exception) => exception.meetingId,
  )
}

/** Meetings may have hundreds of exceptions each, and what a query brings is taken in without a pause. */
const atOnce = 25

/** What a meeting takes in a calendar at the least: each occurrence that is moved is an event of its own. */
function leastCharacters({ status }: Meeting, exceptions: readonly MeetingException[]): number {
  // Of one that is cancelled not all have to be in it.
  if (status === 'CANCELLED') return leastOfEvent
  return exceptions.reduce((characters, { isCancelled }) => characters + (isCancelled ? 16 : leastOfEvent), leastOfEvent)
}

const leastOfEvent = 300

type Row = Meeting & { readonly createdByName: string; readonly rsvp: Rsvp | null }

/** Those of `Viewer.meetings` that are not long over. Those to come first, and those soonest or latest that are nearest. */
function readAll({ sql }: Database, userId: string, { calendarMeetingsMost, calendarPastDays }: CalendarTerms): Promise<Row[]> {
  return sql<Row>(
    `${rowsSeen} and a.rsvp <> 'DECLINED' and ${isWelcome}
       and coalesce(m.cancelled_at, m.last_ends_at, 'infinity') > now() - make_interval(days => $2)
     order by m.status in ('COMPLETED', 'CANCELLED'), abs(extract(epoch from m.current_start - now())), m.id limit $3`,
    [userId, calendarPastDays, calendarMeetingsMost],
  )
}

function readOne({ sql }: Database, userId: string, meetingId: string): Promise<Row[]> {
  return sql<Row>(`${rowsSeen} and m.id = $2`, [userId, meetingId])
}

/** What the person $1 sees. */
const rowsSeen = `select ${meetingColumns}, creator.name as "createdByName", a.rsvp
  from meeting m join app_user creator on creator.id = m.created_by_id ${joinStanding('$1')}
  left join meeting_attendee a on a.meeting_id = m.id and a.user_id = $1
  where ${isSeen}`
