import type { Message, Room, RoomMember } from '../../store/generated/prisma/client.ts'
import { canPost } from '../rooms/policy.ts'

/** What decides: the room, the asking person's membership while it lasts, the message, and who asks. */
export interface MessageFacts {
  readonly room: Pick<Room, 'kind'>
  readonly mine: Pick<RoomMember, 'role'> | null
  readonly message: Pick<Message, 'senderId' | 'deletedAt'>
  readonly person: string
}

/** The sender alone, for ever; of what is deleted there is nothing to edit. */
export function canEdit({ room, mine, message, person }: MessageFacts): boolean {
  return canPost(room, mine) && message.senderId === person && message.deletedAt === null
}

/** The sender, and the room's admins. */
export function canDelete(facts: MessageFacts): boolean {
  return facts.message.senderId === facts.person || isAdmin(facts)
}

/** What it said before it was edited. */
export function canSeeEdits(facts: MessageFacts): boolean {
  return facts.message.deletedAt === null && (facts.message.senderId === facts.person || isAdmin(facts))
}

/** A direct room has none. */
function isAdmin({ room, mine }: MessageFacts): boolean {
  return room.kind !== 'DIRECT' && mine?.role === 'ADMIN'
}
