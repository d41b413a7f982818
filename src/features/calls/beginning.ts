import { uuid } from '../../lib/uuid.ts'
import type { Call, CallMedia } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { callRinging, callStarted } from './events.ts'

export interface Beginning {
  readonly roomId: string
  readonly media: CallMedia
  readonly personId: string
  /** For whom it rings. */
  readonly others: readonly string[]
  readonly endsAt: Date
  /** Of which meeting it is; absent for a call of the room's own. */
  readonly meetingId?: string
}

/**
 * Within a transaction that holds the room, and the inboxes of all for whom it rings. Where there is nobody to ring for, it is going on from the
 * first.
 */
export async function beginIn(tx: Transaction, { roomId, media, personId, others, endsAt, meetingId }: Beginning): Promise<Call> {
  const rings = others.length > 0
  const call = await tx.rows.call.create({
    data: {
      id: uuid(),
      roomId,
      meetingId: meetingId ?? null,
      media,
      state: rings ? 'RINGING' : 'ONGOING',
      startedById: personId,
      startedAt: tx.at,
      ringsUntil: rings ? endsAt : null,
      answeredAt: rings ? null : tx.at,
    },
  })
  // The first place is the caller's.
  const rung = others.map((userId, index) => {
    return { id: uuid(), callId: call.id, userId, state: 'RINGING', place: index + 2, dueAt: endsAt } as const
  })
  await tx.rows.callParticipant.createMany({ data: rung })
  tx.append(roomId, callStarted({ callId: call.id, actorId: personId }))
  for (const { id, userId } of rung) tx.append(userId, callRinging({ callId: call.id, participantId: id }))
  return call
}
