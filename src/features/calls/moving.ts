import type { CallParticipant, Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { signalsEnded } from './events.ts'
import { type CallMove, callMoves, type ParticipantMove, participantMoves } from './moves.ts'

/** Within a transaction: one conditional UPDATE, which is what decides. Answers whether it was this one that moved the call. */
export async function moveCallIn({ rows, at }: Transaction, callId: string, move: CallMove): Promise<boolean> {
  const { from, ...next } = callMoves[move]
  const { count } = await rows.call.updateMany({
    where: { id: callId, state: { in: [...from] } },
    data: { state: next.to, ...('endReason' in next ? { endReason: next.endReason, endedAt: at } : { answeredAt: at }) },
  })
  return count > 0
}

type Places = Pick<Prisma.CallParticipantWhereInput, 'id' | 'callId' | 'userId' | 'dueAt'>

/** As `moveCallIn`, places in calls; answers those that were moved by this, as they are now. */
export async function movePlacesIn(
  { rows }: Transaction,
  where: Places,
  move: ParticipantMove,
  data: Prisma.CallParticipantUpdateManyMutationInput = { dueAt: null },
): Promise<CallParticipant[]> {
  const { from, to } = participantMoves[move]
  return rows.callParticipant.updateManyAndReturn({ where: { ...where, state: { in: [...from] } }, data: { ...data, state: to } })
}

/**
 * Within a transaction that holds the streams of these participants: they leave. What was sent to them is deleted, and the last word of their
 * streams ends whoever follows them. The empty streams stay until every node has heard that: `forgetMs`.
 */
export async function leaveIn(tx: Transaction, where: Places, forgetMs: number): Promise<CallParticipant[]> {
  const dueAt = new Date(tx.at.getTime() + forgetMs)
  const left = await movePlacesIn(tx, where, 'left', { leftAt: tx.at, audio: false, video: false, screen: false, dueAt })
  const ids = left.map(({ id }) => id)
  if (ids.length === 0) return left
  await tx.rows.event.deleteMany({ where: { streamId: { in: ids } } })
  await tx.rows.signalNonce.deleteMany({ where: { toId: { in: ids } } })
  // From now on somebody who may not be there any more may still be in the media: the next tick of any node sees to that.
  await tx.rows.call.updateMany({
    where: { id: { in: left.map(({ callId }) => callId) }, transport: 'SFU' },
    data: { sfuDueAt: tx.at, sfuLeftAt: tx.at },
  })
  for (const { id, userId } of left) tx.append(id, signalsEnded({ userId }))
  return left
}
