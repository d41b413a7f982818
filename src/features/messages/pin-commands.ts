import type { Services } from '../../graphql/context.ts'
import { conflict, forbidden } from '../../lib/refusal.ts'
import type { Message } from '../../store/generated/prisma/client.ts'
import { canPin, type Standing } from '../rooms/policy.ts'
import { onlyForThoseWhoRunIt, whyNoPost } from '../rooms/scene.ts'
import { messagePinned } from './events.ts'
import { unpinIn } from './pinning.ts'
import { canPinMessage } from './policy.ts'
import { requireMessage, requireRoomOf } from './scene.ts'

/** Pinning what is pinned changes nothing: it stays in its place. A room has a bound of pins, also when several are pinned at once. */
export async function pinMessage(services: Services, person: string, messageId: string): Promise<Message> {
  const { pinsMost } = services.limits
  const roomId = await requireRoomOf(services.database.prisma, messageId)
  return services.transact([roomId, person], async (tx) => {
    const scene = await requireMessage(tx.rows, messageId, person)
    if (!canPinMessage(scene)) throw forbidden(whyNoPin(scene.standing) ?? 'This message was deleted.')
    if (scene.message.pinnedSeq !== null) return scene.message
    const pins = await tx.rows.message.count({ where: { roomId, pinnedSeq: { not: null } } })
    if (pins >= pinsMost) throw conflict(`At most ${pinsMost} messages can be pinned in a room: unpin another first.`)
    const pinnedSeq = tx.append(roomId, messagePinned({ messageId, actorId: person }))
    return tx.rows.message.update({ where: { id: messageId }, data: { pinnedSeq } })
  })
}

/** By whoever may pin, whoever has pinned it. Unpinning what is not pinned, as what is deleted never is, changes nothing. */
export async function unpinMessage(services: Services, person: string, messageId: string): Promise<Message> {
  const roomId = await requireRoomOf(services.database.prisma, messageId)
  return services.transact([roomId, person], async (tx) => {
    const { standing, message } = await requireMessage(tx.rows, messageId, person)
    const reason = whyNoPin(standing)
    if (reason !== undefined) throw forbidden(reason)
    return unpinIn(tx, message, person)
  })
}

/** What keeps somebody from pinning anything in the room; undefined when nothing does. */
function whyNoPin(standing: Standing): string | undefined {
  return canPin(standing) ? undefined : (whyNoPost(standing) ?? onlyForThoseWhoRunIt)
}
