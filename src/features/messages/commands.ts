import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { conflict, notFound } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import { uuid } from '../../lib/uuid.ts'
import type { RoomMember } from '../../store/generated/prisma/client.ts'
import type { Shown } from './snapshot.ts'

export interface SendMessage {
  readonly roomId: string
  readonly content: string
  readonly nonce?: string | null | undefined
}

/**
 * One round trip: whether the person may post is decided where the message is numbered, after the room was locked. A nonce that was used
 * before gives the message it named then, for ever and on every node.
 */
export async function sendMessage(
  services: Services,
  person: string,
  { roomId, content, nonce }: SendMessage,
): Promise<Shown & { membership: RoomMember | null }> {
  requireText(content, { field: 'content', most: services.limits.messageCharacters })
  if (nonce != null) requireText(nonce, { field: 'nonce', most: services.limits.nonceCharacters })
  await services.rates.spend('send', person)

  const id = uuid()
  const nonceHash = sha256(content)
  const sent = await services.sends.add({ roomId, senderId: person, id, nonce: nonce ?? id, nonceHash, content })
  if (sent.outcome === 'not_found') throw notFound('room')
  if (sent.outcome === 'conflict') throw conflict('This nonce was used in this room before, for another message.', 'nonce')
  return sent
}
