import type { Services } from '../../graphql/context.ts'
import { conflict, forbidden } from '../../lib/refusal.ts'
import { endIn, followIn } from './ending.ts'
import { callStoppedRinging } from './events.ts'
import { leaveIn, movePlacesIn } from './moving.ts'
import { canEndCall } from './policy.ts'
import { type Caller, inCall, requireCall, requireOwnPlace } from './scene.ts'

/** For all devices of the person. Declining twice is declining once; what does not ring for them (any more) cannot be declined. */
export async function declineCall(services: Services, personId: string, callId: string): Promise<void> {
  const known = await requireCall(services.database.prisma, callId, personId)
  await inCall(services, known.call, personId, async (tx) => {
    await requireCall(tx.rows, callId, personId)
    const [declined] = await movePlacesIn(tx, { callId, userId: personId }, 'declined')
    if (!declined) {
      const last = await tx.rows.callParticipant.findFirst({ where: { callId, userId: personId }, orderBy: { place: 'desc' } })
      if (last?.state === 'DECLINED') return
      throw conflict('This call does not ring for you.', 'callId')
    }
    tx.append(personId, callStoppedRinging({ callId, reason: 'DECLINED' }))
    const gone = { going: 'declined', places: [declined.id], actorId: personId } as const
    await followIn(tx, callId, gone, services.calls.terms.callForgetMs)
  })
}

/** Hangs up, also from another device of theirs. The last to leave ends the call. Who has left already stays gone, and nobody hears of it. */
export async function leaveCall(services: Services, caller: Caller, participantId: string): Promise<void> {
  const { personId } = caller
  const { callForgetMs } = services.calls.terms
  const known = await requireOwnPlace(services.database.prisma, participantId, caller, { isThisDevice: false })
  const { call } = await requireCall(services.database.prisma, known.callId, personId)
  await inCall(services, call, personId, async (tx) => {
    const { id, state, callId } = await requireOwnPlace(tx.rows, participantId, caller, { isThisDevice: false })
    const [left] = await leaveIn(tx, { id }, callForgetMs)
    if (left) return followIn(tx, callId, { going: 'left', places: [id], actorId: personId }, callForgetMs)
    if (state !== 'LEFT') throw conflict('You are not in this call: decline it, or let it ring.', 'participantId')
  })
}

/** For everybody, by those who may. What is over stays as it is. */
export async function endCall(services: Services, personId: string, callId: string): Promise<void> {
  const known = await requireCall(services.database.prisma, callId, personId)
  await inCall(services, known.call, personId, async (tx) => {
    const { call, mine } = await requireCall(tx.rows, callId, personId)
    if (!canEndCall(mine, call, personId))
      throw forbidden('Only who began this call, and those who run the room, may end it for everybody.')
    await endIn(tx, call, call.state === 'RINGING' ? 'cancelled' : 'hungUp', personId, services.calls.terms.callForgetMs)
  })
}
