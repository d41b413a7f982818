import type { Services } from '../../graphql/context.ts'
import { badInput, conflict } from '../../lib/refusal.ts'
import { callUpdated } from './events.ts'
import { type Caller, requireCall, requireOwnPlace } from './scene.ts'

export interface UpdateParticipant {
  readonly participantId: string
  readonly audio?: boolean | null | undefined
  readonly video?: boolean | null | undefined
  readonly screen?: boolean | null | undefined
}

/** What this device sends. What is absent stays; what changes nothing nobody hears of. As many hear of it as of a message: it counts as one. */
export async function updateParticipant(services: Services, caller: Caller, { participantId, ...input }: UpdateParticipant): Promise<void> {
  for (const field of ['audio', 'video', 'screen'] as const)
    if (input[field] === null) throw badInput(field, 'This is on or off: true or false, please.')
  const { prisma } = services.database
  const known = await requireOwnPlace(prisma, participantId, caller, { isThisDevice: true })
  const { call } = await requireCall(prisma, known.callId, caller.personId)
  await services.rates.spend('send', caller.personId)

  await services.transact([call.roomId, caller.personId], async (tx) => {
    const place = await requireOwnPlace(tx.rows, participantId, caller, { isThisDevice: true })
    if (place.state !== 'JOINED' || place.isDropped) throw conflict('You are not in this call any more.', 'participantId')
    const { audio = place.audio, video = place.video, screen = place.screen } = input as Record<string, boolean | undefined>
    if (audio === place.audio && video === place.video && screen === place.screen) return
    await tx.rows.callParticipant.update({ where: { id: place.id }, data: { audio, video, screen } })
    tx.append(call.roomId, callUpdated({ callId: call.id, participantId: place.id, actorId: caller.personId }))
  })
}
