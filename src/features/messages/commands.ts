import type { Services } from '../../graphql/context.ts'
import type { Known } from '../../graphql/loaders.ts'
import { known } from '../../graphql/loaders.ts'
import { sha256 } from '../../lib/hash.ts'
import { requireText } from '../../lib/text.ts'
import { uuid } from '../../lib/uuid.ts'
import { membershipOf } from '../rooms/queries.ts'
import { requireList } from '../uploads/attaching.ts'
import { findMentions, type Named } from './mentions.ts'
import { type MessageRow, messageById } from './queries.ts'
import { refusalOf, type ThreadToReplyIn } from './replies.ts'
import { sendTheLongerWay } from './sending.ts'
import type { SendWithFiles } from './sends.ts'
import { knownOf } from './snapshot.ts'

export interface SendMessage {
  readonly roomId: string
  readonly content: string
  readonly nonce?: string | null | undefined
  /** The message it answers. */
  readonly replyTo?: string | undefined
  readonly thread?: ThreadToReplyIn | undefined
  /** Files of the sender, that are READY and not in use. With them there need be no content. */
  readonly attachmentIds?: readonly string[] | null | undefined
}

/** The message, and what was read on the way. */
export interface SentMessage {
  readonly message: MessageRow
  readonly known: readonly Known[]
}

/**
 * One round trip for members: whether the person may post is decided where the message is numbered, after the room was locked. Whoever mentions
 * people, attaches files, or is not simply a member, takes the longer way. A nonce that was used before gives the message it named then, for ever and on
 * every node.
 */
export async function sendMessage(services: Services, person: string, input: SendMessage): Promise<SentMessage> {
  const { roomId, content, nonce, replyTo, thread } = input
  const attachmentIds = requireList(input.attachmentIds ?? [], services.limits.attachmentsMost)
  requireText(content, { field: 'content', most: services.limits.messageCharacters, least: attachmentIds.length > 0 ? 0 : 1 })
  if (nonce != null) requireText(nonce, { field: 'nonce', most: services.limits.nonceCharacters })
  await services.rates.spend('send', person)

  const id = uuid()
  const isReply = replyTo !== undefined || thread !== undefined
  const isMore = isReply || attachmentIds.length > 0
  const nonceHash = sha256(isMore ? JSON.stringify([content, replyTo ?? null, thread?.id ?? null, ...attachmentIds]) : content)
  const send = { roomId, senderId: person, id, nonce: nonce ?? id, nonceHash, content, replyTo, thread, attachmentIds }
  const found = await findMentions(services.database.sql, send)
  if (found.length > 0 || attachmentIds.length > 0) return theLongerWay(services, send, found)

  const sent = await services.sends.add(send)
  if ('message' in sent) {
    const membership = sent.membership ? [known(membershipOf, { roomId, userId: person }, sent.membership)] : []
    return { message: sent.message, known: [...knownOf(sent), ...membership] }
  }
  if (sent.outcome === 'unsure') return theLongerWay(services, send, [])
  throw refusalOf(sent.outcome)
}

async function theLongerWay(services: Services, send: SendWithFiles, found: readonly Named[]): Promise<SentMessage> {
  const message = await sendTheLongerWay(services, send, found)
  return { message, known: [known(messageById, message.id, message)] }
}
