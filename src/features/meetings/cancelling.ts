import type { Services } from '../../graphql/context.ts'
import { forbidden } from '../../lib/refusal.ts'
import type { Meeting, Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { endCallOfIn, streamsOfCallOf } from './calling.ts'
import { meetingCancelled, meetingUpdated } from './events.ts'
import { lastEndOfCancelled } from './extent.ts'
import { type Hearer, tellOfMeetingIn } from './hearers.ts'
import { moved } from './moves.ts'
import { exceptIn } from './moving.ts'
import { namedOf, requireToCome } from './naming.ts'
import { canCancelMeeting } from './policy.ts'
import { inMeeting, onlyForItsHost, requireMeeting, requireNotOver } from './scene.ts'
import { settleIn } from './settling.ts'

export interface CancelMeeting {
  readonly meetingId: string
  /** One of a series, by when it was first to begin; absent, all that is still to come of it. */
  readonly occurrence?: Date | null | undefined
}

/**
 * By whoever scheduled it, and by those who run the room. Its call ends; of one occurrence, the call of those who came early to it. What is
 * cancelled already stays so, and nobody hears of it.
 */
export async function cancelMeeting(services: Services, person: string, { meetingId, ...input }: CancelMeeting): Promise<void> {
  const known = await requireMeeting(services.database.prisma, meetingId, person)
  if (canCancelMeeting(known.mine, known.meeting, person)) await services.rates.spend('send', person)

  const terms = services.meetings.terms
  const others = async (rows: Prisma.TransactionClient) => [person, ...(await streamsOfCallOf(rows, meetingId))]
  await inMeeting(services, known.meeting, others, async (tx, hearers) => {
    const scene = await requireMeeting(tx.rows, meetingId, person)
    if (!canCancelMeeting(scene.mine, scene.meeting, person)) throw forbidden(onlyForItsHost)
    const occurrence = namedOf(scene.meeting, input.occurrence)
    if (!occurrence && scene.meeting.status === 'CANCELLED') return
    const meeting = await settleIn(tx, scene.meeting, { hearers, terms, actorId: null })
    requireNotOver(meeting)
    const endCall = () => endCallOfIn(tx, meetingId, person, services.calls.terms.callForgetMs)
    if (!occurrence) {
      await cancelIn(tx, meeting, hearers, person)
      return endCall()
    }
    const exceptions = await tx.rows.meetingException.findMany({ where: { meetingId } })
    const found = requireToCome(meeting, exceptions, occurrence, tx.at)
    if (found.isCancelled) return
    const wasMoved = exceptions.find(({ originalStart }) => originalStart.getTime() === occurrence.getTime())
    const exception = {
      originalStart: occurrence,
      startsAt: wasMoved?.startsAt ?? null,
      endsAt: wasMoved?.endsAt ?? null,
      isCancelled: true,
    }
    const extent = await exceptIn(tx, meeting, exceptions, exception, services.limits)
    const data = { ...extent, revision: { increment: 1 }, updatedAt: tx.at }
    const updated = await tx.rows.meeting.update({ where: { id: meetingId }, data })
    tellOfMeetingIn(tx, updated, hearers, meetingUpdated({ meetingId, actorId: person }))
    if (occurrence.getTime() === meeting.currentStart.getTime()) await endCall()
    await settleIn(tx, updated, { hearers, terms, actorId: person, isTold: true })
  })
}

/** The occurrence that runs or was to come next is its last one from now on: so what is cancelled is not found for ever. */
async function cancelIn(tx: Transaction, meeting: Meeting, hearers: readonly Hearer[], person: string): Promise<void> {
  const exceptions = await tx.rows.meetingException.findMany({ where: { meetingId: meeting.id } })
  await tx.rows.meeting.update({
    where: { id: meeting.id },
    data: {
      status: moved(meeting.status, 'cancelled'),
      cancelledAt: tx.at,
      updatedAt: tx.at,
      revision: { increment: 1 },
      dueAt: null,
      lastEndsAt: lastEndOfCancelled(meeting, exceptions),
    },
  })
  tellOfMeetingIn(tx, meeting, hearers, meetingCancelled({ meetingId: meeting.id, actorId: person }))
}
