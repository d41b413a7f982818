import { uuid } from '../../lib/uuid.ts'
import type { AttachedKind, Message, Prisma, SystemMessageKind } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { makeFindableIn } from '../search/writing.ts'
import { messageAdded } from './events.ts'
import { mentionIn } from './mentions.ts'

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
  /** Of files that are attached in the same transaction. */
  readonly attachedKind?: AttachedKind | null
  /** Whom it mentions, in the order in which it does. Their inboxes are held too. */
  readonly mentions?: readonly string[]
}

/** Within a transaction that holds the room's stream, and has decided. What the database's own way writes for most messages, for the others. */
export async function postIn(tx: Transaction, post: Post): Promise<Message> {
  const { roomId, threadId, mentions = [] } = post
  const row = placeIn(tx, post)
  if (threadId != null) await hangIn(tx, roomId, threadId)
  const message = await tx.rows.message.create({ data: row })
  await makeFindableIn(tx, message)
  await mentionIn(tx, message, mentions)
  return message
}

/** Appends the event, and makes the row that is to be written with it. */
export function placeIn(tx: Transaction, { mentions = [], ...post }: Post): Prisma.MessageUncheckedCreateInput {
  const { roomId, senderId, replyToId = null, threadId = null } = post
  const id = post.id ?? uuid()
  const seq = tx.append(
    roomId,
    messageAdded({
      messageId: id,
      actorId: senderId,
      ...(replyToId && { replyToId }),
      ...(threadId && { threadId }),
      ...(mentions.length > 0 && { hasMentions: true }),
      ...(post.attachedKind && { hasAttachments: true }),
    }),
  )
  return { nonce: id, nonceHash: '', ...post, id, replyToId, threadId, seq, createdAt: tx.at }
}

/** One reply more, in a thread that may begin with it. */
async function hangIn({ rows, at }: Transaction, roomId: string, threadId: string): Promise<void> {
  await rows.thread.upsert({
    where: { id: threadId },
    create: { id: threadId, roomId, replyCount: 1, lastReplyAt: at },
    update: { replyCount: { increment: 1 }, lastReplyAt: at },
  })
}
