import { badInput, conflict, notFound, type Refusal } from '../../lib/refusal.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'

/** Its id, or that of a message in it, or of one under which it begins. */
export interface ThreadToReplyIn {
  readonly id: string
  /** The id has to be a thread's. */
  readonly isThread: boolean
}

/** What may be wrong with a send, in the words of the database's function. */
export type SendFault = 'conflict' | ReplyFault
type ReplyFault = 'no_thread' | 'thread_deleted' | 'no_reply_to' | 'reply_to_deleted' | 'reply_to_elsewhere'

export function refusalOf(fault: SendFault): Refusal {
  return refusals[fault]()
}

const refusals: Record<SendFault, () => Refusal> = {
  conflict: () => conflict('This nonce was used in this room before, for another message.', 'nonce'),
  no_thread: () => notFound('thread'),
  thread_deleted: () => badInput('threadId', 'This message was deleted: no thread can begin there.'),
  no_reply_to: () => notFound('message'),
  reply_to_deleted: () => badInput('replyToId', 'This message was deleted: it cannot be answered.'),
  reply_to_elsewhere: () => badInput('replyToId', 'This message is not in that thread.'),
}

export interface Reply {
  readonly roomId: string
  readonly replyTo?: string | undefined
  readonly thread?: ThreadToReplyIn | undefined
}

/** The thread that a message goes into; null for none. The same answers as `send_messages` gives: a test sends everything both ways. */
export async function requireThreadOf(rows: Prisma.TransactionClient, { roomId, replyTo, thread }: Reply): Promise<string | null> {
  const find = async (id: string | undefined) => (id === undefined ? null : rows.message.findFirst({ where: { id, roomId } }))
  const quoted = await find(replyTo)
  const named = await find(thread?.id)
  const root = named && (named.threadId ?? named.id)
  if (thread) {
    const begun = root === null ? null : await rows.thread.findUnique({ where: { id: root } })
    if (root === null || (thread.isThread && begun?.id !== thread.id)) throw refusalOf('no_thread')
    if (!begun && named?.deletedAt) throw refusalOf('thread_deleted')
  }
  if (replyTo !== undefined && !quoted) throw refusalOf('no_reply_to')
  if (quoted?.deletedAt) throw refusalOf('reply_to_deleted')
  if (root !== null && quoted && (quoted.threadId ?? quoted.id) !== root) throw refusalOf('reply_to_elsewhere')
  return root ?? quoted?.threadId ?? null
}
