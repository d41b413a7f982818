import type { Services } from '../../graphql/context.ts'
import { conflict, notFound } from '../../lib/refusal.ts'
import { runBy } from '../../store/database.ts'
import type { Meeting, MeetingAttendee, Prisma } from '../../store/generated/prisma/client.ts'
import { type Transaction, transactFound } from '../../store/transact.ts'
import { readStandings, type StandingRow } from '../rooms/standing.ts'
import { type Hearer, readHearers } from './hearers.ts'
import { canSeeMeeting } from './policy.ts'

/** A meeting, how the asking person stands to its room, and how they are invited. */
export interface MeetingScene {
  readonly meeting: Meeting
  readonly mine: StandingRow
  readonly invitation: MeetingAttendee | null
}

/** Like none is a meeting that the person may not see. */
export async function requireMeeting(rows: Prisma.TransactionClient, meetingId: string, userId: string): Promise<MeetingScene> {
  const meeting = await rows.meeting.findUnique({ where: { id: meetingId } })
  const [mine] = meeting ? await readStandings(runBy(rows), [{ roomId: meeting.roomId, userId }]) : []
  const invitation = await rows.meetingAttendee.findUnique({ where: { meetingId_userId: { meetingId, userId } } })
  if (!meeting || !mine || !canSeeMeeting(mine, invitation)) throw notFound('meeting')
  return { meeting, mine, invitation }
}

/** What is over stays as it was. */
export function requireNotOver({ status }: Pick<Meeting, 'status'>): void {
  if (status === 'CANCELLED') throw conflict('This meeting is cancelled.', 'meetingId')
  if (status === 'COMPLETED') throw conflict('This meeting is over.', 'meetingId')
}

export const onlyForItsHost = 'Only whoever scheduled this meeting, and those who run its room, may do that.'

/**
 * A transaction about a meeting, by whoever asks or by nobody: it holds the room, the inboxes of all who hear of the meeting there, and
 * `others`: those of people who are not asked, or what is found by reading. Who they are is of the same moment.
 */
export async function inMeeting<Result>(
  services: Pick<Services, 'database' | 'transact'>,
  { id, roomId }: Pick<Meeting, 'id' | 'roomId'>,
  others: readonly string[] | ((rows: Prisma.TransactionClient) => Promise<readonly string[]>),
  work: (tx: Transaction, hearers: readonly Hearer[]) => Promise<Result>,
): Promise<Result> {
  let hearers: readonly Hearer[] = []
  return transactFound(
    services,
    async (rows) => {
      hearers = await readHearers(rows, id)
      const found = typeof others === 'function' ? await others(rows) : others
      return [roomId, ...found, ...hearers.map(({ userId }) => userId)]
    },
    (tx) => work(tx, hearers),
  )
}
