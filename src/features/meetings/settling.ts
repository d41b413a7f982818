import type { Meeting } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { saySystemIn } from '../messages/system.ts'
import { type Progress, progressOf } from './course.ts'
import { meetingReminder, meetingUpdated } from './events.ts'
import { type Hearer, tellOfMeetingIn } from './hearers.ts'
import type { MeetingTerms } from './terms.ts'

export interface Settling {
  readonly hearers: readonly Hearer[]
  readonly terms: MeetingTerms
  /** Null: its time came. */
  readonly actorId: string | null
  /** Somebody hears of the meeting anyway, by what this transaction tells. */
  readonly isTold?: boolean | undefined
}

/** Within a transaction as `inMeeting` makes: moves the meeting on to where it should stand now, and tells whoever is to hear of that. */
export async function settleIn(tx: Transaction, meeting: Meeting, { hearers, terms, actorId, isTold }: Settling): Promise<Meeting> {
  const exceptions = await tx.rows.meetingException.findMany({ where: { meetingId: meeting.id } })
  const progress = progressOf(meeting, exceptions, meeting, {
    now: tx.at,
    isAttended: await isAttendedIn(tx, meeting),
    reminderMs: terms.meetingReminderMs,
  })
  const settled = await tx.rows.meeting.update({ where: { id: meeting.id }, data: { ...progress.course, dueAt: progress.dueAt } })
  await tellIn(tx, settled, progress, { hearers, terms, actorId, isTold })
  return settled
}

async function tellIn(tx: Transaction, meeting: Meeting, { moves, toRemindOf }: Progress, { hearers, actorId, isTold }: Settling) {
  if (moves.length > 0 && !isTold) tellOfMeetingIn(tx, meeting, hearers, meetingUpdated({ meetingId: meeting.id, actorId }))
  if (moves.includes('began'))
    await saySystemIn(tx, {
      roomId: meeting.roomId,
      senderId: meeting.createdById,
      kind: 'MEETING_STARTED',
      content: 'The meeting has started.',
    })
  if (!toRemindOf || (await isClosedIn(tx, meeting.roomId))) return
  const reminder = meetingReminder({ meetingId: meeting.id, startsAt: toRemindOf.startsAt.getTime() })
  for (const { userId, rsvp } of hearers) if (rsvp !== 'DECLINED') tx.append(userId, reminder)
}

/** Whoever is just being taken out begins nothing; what has begun is not over before they are. */
async function isAttendedIn({ rows }: Transaction, { id: meetingId, status }: Meeting): Promise<boolean> {
  const isThere = { state: 'JOINED', ...(status === 'SCHEDULED' && { isDropped: false }) } as const
  return (await rows.callParticipant.findFirst({ where: { ...isThere, call: { meetingId, state: { not: 'ENDED' } } } })) !== null
}

/** Nobody meets there any more. */
async function isClosedIn({ rows }: Transaction, roomId: string): Promise<boolean> {
  const { archivedAt, isSevered } = await rows.room.findUniqueOrThrow({ where: { id: roomId } })
  return archivedAt !== null || isSevered
}
