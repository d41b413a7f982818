import type { Room, RoomMember } from '../../store/generated/prisma/client.ts'

/** What decides: the room, and the asking person's membership while it lasts. */
type RoomFacts = Pick<Room, 'kind'>
type Membership = Pick<RoomMember, 'role'> | null

/** Reading and following: direct rooms and groups are their members' alone. */
export function canSee(_room: RoomFacts, membership: Membership): boolean {
  return membership !== null
}

/** Saying something, editing it, reacting. */
export function canPost(room: RoomFacts, membership: Membership): boolean {
  return canSee(room, membership)
}

/** Name and topic. A direct room has neither. */
export function canUpdate(room: RoomFacts, membership: Membership): boolean {
  return room.kind === 'GROUP' && membership?.role === 'ADMIN'
}

/** Adding, removing, roles. */
export function canManageMembers(room: RoomFacts, membership: Membership): boolean {
  return room.kind === 'GROUP' && membership?.role === 'ADMIN'
}

/** A direct room stays the two's for ever. */
export function canLeave(room: RoomFacts, membership: Membership): boolean {
  return room.kind === 'GROUP' && membership !== null
}
