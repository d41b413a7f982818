import type { Services } from '../../graphql/context.ts'
import type { Message } from '../../store/generated/prisma/client.ts'
import { joinIn } from '../rooms/joining.ts'
import { requirePost, requireScene } from '../rooms/scene.ts'
import { attachIn, requireUnused } from '../uploads/attaching.ts'
import { kindOfAll } from '../uploads/file-types.ts'
import { inboxesOf, type Named, requireMentions } from './mentions.ts'
import { postIn } from './posting.ts'
import { refusalOf, requireThreadOf } from './replies.ts'
import type { SendWithFiles } from './sends.ts'

/**
 * For what the database's own way does not decide: messages that mention people or bring files, and senders who are not simply members. By it people join a
 * public channel. It may be repeated as a whole: a send always has a nonce. `found`: whom it mentions, as it was looked up.
 */
export async function sendTheLongerWay(services: Services, send: SendWithFiles, found: readonly Named[]): Promise<Message> {
  const { roomId, senderId, nonce, nonceHash, id, content, replyTo = null, attachmentIds } = send
  const most = services.limits.mentionsMost
  return services.transact(
    [roomId, senderId, ...inboxesOf(found, most)],
    async (tx) => {
      const { mine } = await requireScene(tx.rows, roomId, senderId)
      const before = await tx.rows.message.findFirst({ where: { senderId, roomId, nonce, forwardedFromId: null } })
      if (before && before.nonceHash !== nonceHash) throw refusalOf('conflict')
      if (before) return before
      requirePost(mine)
      const threadId = await requireThreadOf(tx.rows, send)
      const mentions = await requireMentions(tx.rows, send, { found, most })
      const attachments = await requireUnused(tx.rows, senderId, attachmentIds, 'attachmentIds')
      if (mine.role === null) await joinIn(tx, { roomId, userId: senderId, actorId: senderId, membership: mine.membership })
      const attachedKind = kindOfAll(attachments.map(({ mimeType }) => mimeType))
      const post = { roomId, senderId, id, nonce, nonceHash, content, replyToId: replyTo, threadId, mentions, attachedKind }
      const message = await postIn(tx, post)
      await attachIn(tx, message, attachments)
      return message
    },
    { repeatable: true },
  )
}
