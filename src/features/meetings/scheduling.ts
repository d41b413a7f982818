import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { conflict, forbidden } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import { uuid } from '../../lib/uuid.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'
import { type NoncedWrite, resultBefore, transactOnce } from '../../store/nonces.ts'
import type { Transaction } from '../../store/transact.ts'
import { reach } from '../blocks/reach.ts'
import type { Series } from '../recurrence/occurrences.ts'
import { joinIn } from '../rooms/joining.ts'
import { findOthers } from '../rooms/others.ts'
import { canSchedule } from '../rooms/policy.ts'
import { requireScene, whyNoPost } from '../rooms/scene.ts'
import { progressOf } from './course.ts'
import { meetingScheduled } from './events.ts'
import { extentOf } from './extent.ts'
import { inviteIn, othersAmong } from './inviting.ts'
import { descriptionOf, requireAhead, seriesOf, titleOf } from './wording.ts'

export interface ScheduleMeeting {
  readonly roomId: string
  readonly title: string
  readonly description?: string | null | undefined
  readonly startsAt: Date
  readonly endsAt: Date
  readonly timeZone: string
  readonly recurrence?: string | null | undefined
  /** Absent: everybody in the room, unless that is a large one. */
  readonly attendeeIds?: readonly string[] | null | undefined
  readonly nonce?: string | null | undefined
}

/** Answers the meeting. Whoever schedules one in a public channel is in it from then on. A nonce used before gives the meeting of then. */
export async function scheduleMeeting(services: Services, person: string, input: ScheduleMeeting): Promise<string> {
  const { roomId } = input
  const { limits, database, meetings } = services
  const words = { title: titleOf(services, input.title), description: descriptionOf(services, input.description) }
  const series = seriesOf(services, { ...input, recurrence: input.recurrence ?? null })
  const named = input.attendeeIds == null ? undefined : othersAmong(services, person, input.attendeeIds)
  const nonce = input.nonce == null ? undefined : requireText(input.nonce, { field: 'nonce', most: limits.nonceCharacters })
  const inputHash = sha256(JSON.stringify({ ...words, ...series, named: named?.toSorted() }))
  const write: NoncedWrite = { userId: person, mutation: 'scheduleMeeting', place: roomId, nonce, inputHash }
  const known = await requireScene(database.prisma, roomId, person)
  const before = await resultBefore(database.prisma, write)
  if (before !== undefined) return before
  if (canSchedule(known.mine)) await reach(services, person)

  const everybody = (rows: Prisma.TransactionClient) => findOthers(rows, roomId, person, limits.listMost)
  const invited = async (tx?: Transaction) => named ?? (await everybody(tx?.rows ?? database.prisma)).map(({ userId }) => userId)
  return transactOnce(services, write, [roomId, ...(await invited())], async (tx) => {
    const { mine } = await requireScene(tx.rows, roomId, person)
    if (!canSchedule(mine)) throw forbidden(whyNoPost(mine)!)
    const userIds = await invited(tx)
    // Those who came meanwhile: from here on nobody does.
    await tx.lock(userIds)
    const extent = extentOf(series, [])
    requireAhead(series, extent.lastEndsAt, tx.at)
    await requireRoomForOneMore(tx, roomId, limits.meetingsMost)
    if (mine.role === null) await joinIn(tx, { roomId, userId: person, actorId: person, membership: mine.membership })
    const meetingId = uuid()
    await tx.rows.meeting.create({
      data: {
        ...words,
        ...series,
        ...extent,
        ...courseAtFirst(series, tx.at, meetings.terms.meetingReminderMs),
        id: meetingId,
        roomId,
        createdById: person,
        createdAt: tx.at,
        updatedAt: tx.at,
      },
    })
    tx.append(roomId, meetingScheduled({ meetingId, actorId: person }))
    await inviteIn(tx, { meetingId, mine, userIds, guestsMost: limits.listMost, isNew: true })
    return meetingId
  })
}

/** What is nearer than a reminder needs none: the invitation is one. */
function courseAtFirst(series: Series, now: Date, reminderMs: number) {
  const first = { status: 'SCHEDULED', currentStart: series.startsAt, remindedOf: null } as const
  const { course, dueAt } = progressOf(series, [], first, { now, isAttended: false, reminderMs })
  return { ...course, dueAt }
}

async function requireRoomForOneMore({ rows }: Transaction, roomId: string, most: number): Promise<void> {
  const count = await rows.meeting.count({ where: { roomId, status: { in: ['SCHEDULED', 'IN_PROGRESS'] } } })
  if (count >= most) throw conflict(`A room has at most ${most} meetings that are not over.`)
}
