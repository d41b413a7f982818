import { uuid } from '../../lib/uuid.ts'
import type { Call, CallMedia } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { callRinging, callStarted } from './events.ts'
import { type SfuTerms, transportOf } from './sfu.ts'

export interface Beginning {
  readonly roomId: string
  readonly media: CallMedia
  readonly personId: string
  /** For whom it rings. */
  readonly others: readonly string[]
  readonly endsAt: Date
  /** Of which meeting it is; absent for a call of the room's own. */
  readonly meetingId?: string
  readonly sfu: SfuTerms
  /** How many are asked to come, where those are not the members of the room. */
  readonly invited?: number
}

/**
 * Within a transaction that holds the room, and the inboxes of all for whom it rings. Where there is nobody to ring for, it is going on from the
 * first. How its media travels follows from how many may come, and does not change any more.
 */
export async function beginIn(tx: Transaction, beginning: Beginning): Promise<Call> {
  const { roomId, media, personId, others, endsAt, meetingId, sfu, invited = 0 } = beginning
  const rings = others.length > 0
  const { memberCount } = await tx.rows.room.findUniqueOrThrow({ where: { id: roomId }, select: { memberCount: true } })
  const call = await tx.rows.call.create({
    data: {
      id: uuid(),
      roomId,
      meetingId: meetingId ?? null,
      media,
      transport: transportOf(sfu, Math.max(memberCount, invited)),
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
