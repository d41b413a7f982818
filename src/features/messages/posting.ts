import { uuid } from '../../lib/uuid.ts'
import type { Message, SystemMessageKind } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { mentioned, messageAdded } from './events.ts'

export interface Post {
  readonly roomId: string
  readonly senderId: string
  readonly content: string
  readonly id?: string
  readonly nonce?: string
  readonly nonceHash?: string
  readonly replyToId?: string | null
  /** The message under which the thread hangs that it goes into. */
  readonly threadId?: string | null
  readonly systemKind?: SystemMessageKind
  readonly forwardedFromId?: string
  /** Whom it names. Their inboxes are held too. */
  readonly mentions?: readonly string[]
}

/** Within a transaction that holds the room's stream, and has decided. What the database's own way writes for most messages, for the others. */
export async function postIn(tx: Transaction, { mentions = [], ...post }: Post): Promise<Message> {
  const { roomId, senderId, replyToId = null, threadId = null } = post
  const id = post.id ?? uuid()
  const seq = tx.append(
    roomId,
    messageAdded({ messageId: id, actorId: senderId, ...(replyToId && { replyToId }), ...(threadId && { threadId }) }),
  )
  if (threadId !== null) await hangIn(tx, roomId, threadId)
  const message = await tx.rows.message.create({
    data: { nonce: id, nonceHash: '', ...post, id, replyToId, threadId, seq, createdAt: tx.at },
  })
  await nameIn(tx, message, mentions)
  return message
}

/** Whom a message names from now on. */
export async function nameIn(
  tx: Transaction,
  { id: messageId, roomId }: Pick<Message, 'id' | 'roomId'>,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return
  await tx.rows.mention.createMany({ data: userIds.map((userId) => ({ messageId, userId })) })
  for (const userId of userIds) tx.append(userId, mentioned({ roomId, messageId }))
}

/** One reply more, in a thread that may begin with it. */
async function hangIn({ rows, at }: Transaction, roomId: string, threadId: string): Promise<void> {
  await rows.thread.upsert({
    where: { id: threadId },
    create: { id: threadId, roomId, replyCount: 1, lastReplyAt: at },
    update: { replyCount: { increment: 1 }, lastReplyAt: at },
  })
}
