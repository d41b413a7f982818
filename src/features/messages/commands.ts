import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { badInput, conflict, notFound, type Refusal } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import { uuid } from '../../lib/uuid.ts'
import type { RoomMember } from '../../store/generated/prisma/client.ts'
import type { Refused } from './sends.ts'
import type { Shown } from './snapshot.ts'

export interface SendMessage {
  readonly roomId: string
  readonly content: string
  readonly nonce?: string | null | undefined
  /** The message it answers. */
  readonly replyTo?: string | undefined
  readonly thread?: ThreadToReplyIn | undefined
}

/** Its id, or that of a message in it, or of one under which it begins. */
export interface ThreadToReplyIn {
  readonly id: string
  /** The id has to be a thread's. */
  readonly isThread: boolean
}

/**
 * One round trip: whether the person may post is decided where the message is numbered, after the room was locked. A nonce that was used
 * before gives the message it named then, for ever and on every node.
 */
export async function sendMessage(
  services: Services,
  person: string,
  { roomId, content, nonce, replyTo, thread }: SendMessage,
): Promise<Shown & { membership: RoomMember | null }> {
  requireText(content, { field: 'content', most: services.limits.messageCharacters })
  if (nonce != null) requireText(nonce, { field: 'nonce', most: services.limits.nonceCharacters })
  await services.rates.spend('send', person)

  const id = uuid()
  const isReply = replyTo !== undefined || thread !== undefined
  const nonceHash = sha256(isReply ? JSON.stringify([content, replyTo ?? null, thread?.id ?? null]) : content)
  const sent = await services.sends.add({ roomId, senderId: person, id, nonce: nonce ?? id, nonceHash, content, replyTo, thread })
  if ('message' in sent) return sent
  throw refusals[sent.outcome]()
}

const refusals: Record<Refused['outcome'], () => Refusal> = {
  not_found: () => notFound('room'),
  conflict: () => conflict('This nonce was used in this room before, for another message.', 'nonce'),
  no_thread: () => notFound('thread'),
  thread_deleted: () => badInput('threadId', 'This message was deleted: no thread can begin there.'),
  no_reply_to: () => notFound('message'),
  reply_to_deleted: () => badInput('replyToId', 'This message was deleted: it cannot be answered.'),
  reply_to_elsewhere: () => badInput('replyToId', 'This message is not in that thread.'),
}
