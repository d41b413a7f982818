import type { Services } from '../../graphql/context.ts'
import type { Message } from '../../store/generated/prisma/client.ts'
import { joinIn } from '../rooms/joining.ts'
import { requirePost, requireScene } from '../rooms/scene.ts'
import { inboxesOf, type Named, requireMentions } from './mentions.ts'
import { postIn } from './posting.ts'
import { refusalOf, requireThreadOf } from './replies.ts'
import type { Send } from './sends.ts'

/**
 * For what the database's own way does not decide: messages that mention people, and senders who are not simply members. By it people join a
 * public channel. It may be repeated as a whole: a send always has a nonce. `found`: whom it mentions, as it was looked up.
 */
export async function sendTheLongerWay(services: Services, send: Send, found: readonly Named[]): Promise<Message> {
  const { roomId, senderId, nonce, nonceHash, id, content, replyTo = null } = send
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
      if (mine.role === null) await joinIn(tx, { roomId, userId: senderId, actorId: senderId, membership: mine.membership })
      return postIn(tx, { roomId, senderId, id, nonce, nonceHash, content, replyToId: replyTo, threadId, mentions })
    },
    { repeatable: true },
  )
}
