import { defineFact, type HeardEvent } from '../../graphql/facts.ts'
import { known } from '../../graphql/loaders.ts'
import type { User } from '../../store/generated/prisma/client.ts'
import { userById } from '../accounts/queries.ts'
import { roomById } from '../rooms/queries.ts'
import { attachmentsOf } from '../uploads/queries.ts'
import { mentionsOf } from './mention-queries.ts'
import { messageById } from './queries.ts'
import { knownOf, reviveShown, type ShownAsJson } from './snapshot.ts'
import { threadById } from './thread-queries.ts'

interface MessageAddedData extends Record<string, unknown> {
  messageId: string
  actorId: string
  replyToId?: string
  threadId?: string
  hasMentions?: true
  hasAttachments?: true
}

/** Alone of all facts it also rides the bus with its rows, so that the most frequent event is delivered without reading any. */
export const messageAdded = defineFact<MessageAddedData>('MessageAdded', {
  refersTo: ({ messageId, actorId, replyToId, threadId, hasMentions, hasAttachments }, roomId) => [
    [messageById, messageId],
    [userById, actorId],
    [roomById, roomId],
    ...(replyToId ? [[messageById, replyToId] as const] : []),
    ...(threadId ? [[threadById, threadId] as const] : []),
    ...(hasMentions ? [[mentionsOf, messageId] as const] : []),
    ...(hasAttachments ? [[attachmentsOf, messageId] as const] : []),
  ],
  fromSnapshot(snapshot) {
    const shown = reviveShown(snapshot as ShownAsJson)
    // By the way that brings a snapshot nobody can be mentioned.
    return [...knownOf(shown), known<string, User[]>(mentionsOf, shown.message.id, [])]
  },
})

interface AboutMessage extends Record<string, unknown> {
  messageId: string
  actorId: string
}

/** What the message said before is from now on its sender's and the admins' to see: nobody is shown it again as it was. */
export const messageEdited = defineFact<AboutMessage>('MessageEdited', { refersTo, outdates: ({ messageId }) => messageId })

/** What is left of the message is that it was there. */
export const messageDeleted = defineFact<AboutMessage>('MessageDeleted', { refersTo, outdates: ({ messageId }) => messageId })

/** Of the room's pins it keeps nothing: what they say may change, and whoever shows them reads them. */
export const messagePinned = defineFact<AboutMessage>('MessagePinned', { refersTo: refersToPin })

export const messageUnpinned = defineFact<AboutMessage>('MessageUnpinned', { refersTo: refersToPin })

function refersToPin(data: AboutMessage, roomId: string) {
  return [...refersTo(data), [roomById, roomId] as const]
}

function refersTo({ messageId, actorId }: AboutMessage) {
  return [[messageById, messageId] as const, [userById, actorId] as const]
}

/**
 * In the inbox of a person whom a message mentions. It brings no rows: what outdates the message is heard in the room's stream, and the rings
 * of inboxes must hold nothing of what is taken back there.
 */
export const mentioned = defineFact<{ roomId: string; messageId: string }>('Mentioned', { refersTo: () => [] })

/** The event that the database appended with the message, as the bus carries it. Its room stands where the event has brought it. */
export function heardOf({ message, sender, room, thread }: ShownAsJson): HeardEvent {
  const { id: messageId, senderId: actorId, replyToId, threadId } = message
  const { type, data } = messageAdded({ messageId, actorId, ...(replyToId && { replyToId }), ...(threadId && { threadId }) })
  return {
    type,
    data,
    streamId: message.roomId,
    seq: message.seq,
    at: new Date(message.createdAt),
    snapshot: { message, sender, thread, room: { ...room, head: message.seq, activeAt: message.createdAt } } satisfies ShownAsJson,
  }
}
