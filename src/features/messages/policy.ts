import type { Message } from '../../store/generated/prisma/client.ts'
import { administers, canDeleteAnyMessage, canPin, canPost, type Standing } from '../rooms/policy.ts'

/** What decides: how the asking person stands to the room, the message, and who asks. */
export interface MessageFacts {
  readonly standing: Standing
  readonly message: Pick<Message, 'senderId' | 'deletedAt' | 'systemKind' | 'forwardedFromId'>
  readonly person: string
}

/** What a message says that was typed into this room: its sender alone, for ever. Of what is deleted there is nothing to edit. */
export function canEdit({ standing, message, person }: MessageFacts): boolean {
  const isOwn = message.senderId === person && message.systemKind === null && message.forwardedFromId === null
  return canPost(standing) && isOwn && message.deletedAt === null
}

/** The sender, whatever may have happened to the room or to them in it; and whoever may delete any. */
export function canDelete({ standing, message, person }: MessageFacts): boolean {
  return (message.senderId === person && message.systemKind === null) || canDeleteAnyMessage(standing)
}

/** Keeping it at hand for the room. Of what is deleted there is nothing to keep. */
export function canPinMessage({ standing, message }: MessageFacts): boolean {
  return canPin(standing) && message.deletedAt === null
}

/** What it said before it was edited. */
export function canSeeEdits({ standing, message, person }: MessageFacts): boolean {
  return message.deletedAt === null && (message.senderId === person || administers(standing))
}
