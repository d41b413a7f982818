import { act } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, named } from '../../support/rooms.ts'
import { callParts, type Joined } from '../calls/support.ts'

/** A meeting as tests name it: by the id that clients use, and by the row's. */
export interface AMeeting {
  readonly id: string
  readonly globalId: string
}

export const minute = 60_000

/** So many minutes from now, as clients write it. */
export const soon = (minutes: number) => new Date(Date.now() + minutes * minute).toISOString()

/** In an hour, for half an hour, unless said otherwise. */
export async function schedule(person: APerson, room: ARoom, more: Record<string, unknown> = {}): Promise<AMeeting> {
  const input = { roomId: room.globalId, title: 'Plans', startsAt: soon(60), endsAt: soon(90), timeZone: 'UTC', ...more }
  const { meeting } = await act<{ meeting: { id: string } }>(person, 'scheduleMeeting', input, 'meeting { id }')
  return named(meeting.id)
}

export const joinedParts = `call { ${callParts} meeting { id } } participant { id state deviceId }`

export const joinMeeting = (person: APerson, { globalId }: AMeeting, deviceId = 'phone') =>
  act<Joined>(person, 'joinMeeting', { meetingId: globalId, deviceId }, joinedParts)

export const leave = (person: APerson, { participant: { id } }: Joined) => act(person, 'leaveCall', { participantId: id })

// biome-ignore lint/suspicious/noExplicitAny: a meeting as the tests ask for it.
export type ShownMeeting = any

/** Null for who does not see it. */
export async function meetingFor(person: APerson, { globalId }: AMeeting): Promise<ShownMeeting> {
  const document = `query ($id: ID!) { meeting(id: $id) { id title status startsAt endsAt room { id } activeCall { id state } attendeeCount } }`
  const { data, errors } = await person.run<{ meeting: ShownMeeting }>(document, { id: globalId })
  if (errors) throw errors[0]
  return data!.meeting
}

export const rowOf = ({ database }: Domain, { id }: AMeeting) => database.prisma.meeting.findUniqueOrThrow({ where: { id } })

/** As if so much later, for this meeting alone: all its times are moved there. Then a tick. */
export async function pass(domain: Domain, meeting: AMeeting, minutes: number): Promise<void> {
  await moveBack(domain, meeting, minutes)
  await domain.services.meetings.tick()
}

/** The same without the tick. */
export async function moveBack({ database }: Domain, { id }: AMeeting, minutes: number): Promise<void> {
  const columns = ['starts_at', 'ends_at', 'current_start', 'due_at', 'reminded_of', 'first_starts_at', 'last_ends_at']
  const moved = (names: readonly string[]) => names.map((name) => `${name} = ${name} - make_interval(mins => $2)`).join(', ')
  await database.sql(`update meeting set ${moved(columns)} where id = $1 returning 1`, [id, minutes])
  const ofException = moved(['original_start', 'starts_at', 'ends_at'])
  await database.sql(`update meeting_exception set ${ofException} where meeting_id = $1 returning 1`, [id, minutes])
}

/** What came in a stream about meetings, from its first event on. */
export async function heardIn({ services }: Domain, streamId: string): Promise<string[]> {
  const events = await services.log.after(streamId, 0, 1000)
  return events.flatMap(({ type }) => (type.startsWith('Meeting') ? [type] : []))
}

/** What the room says of itself about meetings and calls. */
export async function saidIn({ database }: Domain, { id }: ARoom): Promise<string[]> {
  const rows = await database.prisma.message.findMany({ where: { roomId: id }, orderBy: { seq: 'asc' } })
  return rows.flatMap(({ systemKind }) => (systemKind && /^(CALL|MEETING)/.test(systemKind) ? [systemKind] : []))
}
