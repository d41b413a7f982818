import type { Limits } from '../../graphql/limits.ts'
import { conflict } from '../../lib/refusal.ts'
import { uuid } from '../../lib/uuid.ts'
import type { Call, CallParticipant, Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { callStoppedRinging, callUpdated } from './events.ts'
import { moveCallIn, movePlacesIn } from './moving.ts'
import type { Caller } from './scene.ts'
import type { CallTerms } from './terms.ts'

export interface TakePlace {
  readonly limits: Limits
  readonly terms: CallTerms
  /** The call began with this: that is told already. */
  readonly isNew: boolean
}

/**
 * Within a transaction that holds the room and the person's inbox, and has decided. The first answer of all their devices wins: for it the
 * place that rang is taken, and all others are refused. With the place comes its stream, for the signals. Answers its id.
 */
export async function takePlaceIn(
  tx: Transaction,
  call: Call,
  { personId, sessionId, deviceId }: Caller & { readonly deviceId: string },
  { limits, terms, isNew }: TakePlace,
): Promise<string> {
  const { rows, at } = tx
  const key = { callId: call.id, userId: personId }
  const dueAt = new Date(at.getTime() + terms.callBeginMs)
  const held = await rows.callParticipant.findFirst({ where: { ...key, state: 'JOINED' } })
  if (held?.isDropped) throw conflict('You are just being taken out of this call: join it again in a moment.')
  if (held && (held.deviceId !== deviceId || held.sessionId !== sessionId))
    throw conflict('You are in this call on another device, or in another session: leave it there first.', 'deviceId')
  if (held) {
    // From now on: they may have asked for it again because the first answer was lost, or their device was.
    await rows.callParticipant.updateMany({ where: { id: held.id, dueAt: { lt: dueAt } }, data: { dueAt } })
    return held.id
  }
  if ((await rows.callParticipant.count({ where: { callId: call.id, state: 'JOINED' } })) >= limits.callParticipantsMost)
    throw conflict(`At most ${limits.callParticipantsMost} people can be in a call at once.`, 'callId')

  const joined = { deviceId, sessionId, audio: true, video: call.media === 'VIDEO', joinedAt: at, dueAt, isDropped: false }
  const [answered] = await movePlacesIn(tx, key, 'answered', joined)
  const place = answered ?? (await createIn(tx, { ...key, ...joined, place: isNew ? 1 : await nextPlace(tx, call) }))
  await tx.openStream(place.id)
  if (answered) tx.append(personId, callStoppedRinging({ callId: call.id, reason: 'ANSWERED', sessionId }))
  if (isNew) return place.id
  await moveCallIn(tx, call.id, 'answered')
  tx.append(call.roomId, callUpdated({ callId: call.id, participantId: place.id, actorId: personId }))
  return place.id
}

function createIn(
  { rows }: Transaction,
  place: Omit<Prisma.CallParticipantUncheckedCreateInput, 'id' | 'state'>,
): Promise<CallParticipant> {
  return rows.callParticipant.create({ data: { ...place, id: uuid(), state: 'JOINED' } })
}

async function nextPlace({ rows }: Transaction, { id }: Call): Promise<number> {
  const { _max } = await rows.callParticipant.aggregate({ where: { callId: id }, _max: { place: true } })
  return (_max.place ?? 0) + 1
}
