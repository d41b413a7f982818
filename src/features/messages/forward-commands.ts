import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { badInput } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import { uuid } from '../../lib/uuid.ts'
import type { Message } from '../../store/generated/prisma/client.ts'
import { joinIn } from '../rooms/joining.ts'
import { requirePost, requireScene } from '../rooms/scene.ts'
import { copyIn } from '../uploads/attaching.ts'
import { canForward } from './policy.ts'
import { postIn } from './posting.ts'
import { refusalOf } from './replies.ts'
import { requireMessage } from './scene.ts'

export interface ForwardMessage {
  readonly messageId: string
  readonly toRoomId: string
  readonly nonce?: string | null | undefined
}

/**
 * Says in a room what a message says now, with its files: a snapshot, which nothing that becomes of its source changes. It mentions nobody, answers nothing
 * and is in no thread; a forward's forward has the same source. It counts as a send. A nonce that was used to forward into the room before
 * gives the message it named then, for ever and on every node, also when the source is no longer to be seen.
 */
export async function forwardMessage(services: Services, person: string, { messageId, toRoomId, nonce }: ForwardMessage): Promise<Message> {
  if (nonce != null) requireText(nonce, { field: 'nonce', most: services.limits.nonceCharacters })
  await services.rates.spend('send', person)
  const source = await services.database.prisma.message.findUnique({ where: { id: messageId }, select: { roomId: true } })
  const id = uuid()
  const key = { senderId: person, roomId: toRoomId, nonce: nonce ?? id }
  const nonceHash = sha256(messageId)
  return services.transact(
    // The room of the source too: nobody deletes it meanwhile, and nobody is removed who is about to read it.
    [...(source ? [source.roomId] : []), toRoomId, person],
    async (tx) => {
      // What is wrong with the target is said first: whether the source is there is for nobody who sees neither.
      const { mine } = await requireScene(tx.rows, toRoomId, person)
      const before = await tx.rows.message.findFirst({ where: { ...key, forwardedFromId: { not: null } } })
      if (before && before.nonceHash !== nonceHash) throw refusalOf('conflict')
      if (before) return before
      const scene = await requireMessage(tx.rows, messageId, person)
      requirePost(mine)
      if (!canForward(scene)) throw badInput('messageId', whyNoForward(scene.message))
      if (mine.role === null) await joinIn(tx, { roomId: toRoomId, userId: person, actorId: person, membership: mine.membership })
      const { content, attachedKind } = scene.message
      const forwardedFromId = scene.message.forwardedFromId ?? messageId
      const message = await postIn(tx, { ...key, id, nonceHash, content, forwardedFromId, attachedKind })
      if (attachedKind) await copyIn(tx, message, await tx.rows.attachment.findMany({ where: { messageId }, orderBy: { place: 'asc' } }))
      return message
    },
    { repeatable: true },
  )
}

function whyNoForward({ deletedAt }: Message): string {
  return deletedAt === null ? 'What a room tells of itself cannot be forwarded.' : 'This message was deleted: it cannot be forwarded.'
}
