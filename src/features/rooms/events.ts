import { defineFact } from '../../graphql/facts.ts'
import { userById } from '../accounts/queries.ts'
import { memberById, roomById } from './queries.ts'

export interface AboutRoom extends Record<string, unknown> {
  roomId: string
  actorId: string
}

interface AboutMember extends Record<string, unknown> {
  roomId: string
  memberId: string
  userId: string
  actorId: string
}

// In the room's stream.

export const memberJoined = defineFact<AboutMember>('MemberJoined', { refersTo: refersToMember })

export const memberLeft = defineFact<AboutMember & { wasRemoved: boolean }>('MemberLeft', {
  refersTo: ({ roomId, userId, actorId }) => [[roomById, roomId], ...people(userId, actorId)],
})

export const memberUpdated = defineFact<AboutMember>('MemberUpdated', { refersTo: refersToMember })

export const roomUpdated = defineFact<AboutRoom>('RoomUpdated', { refersTo: refersToRoom })

export const roomArchived = defineFact<AboutRoom>('RoomArchived', { refersTo: refersToRoom })

export const roomUnarchived = defineFact<AboutRoom>('RoomUnarchived', { refersTo: refersToRoom })

// In a person's inbox.

export const roomAdded = defineFact<{ roomId: string }>('RoomAdded', { refersTo: ({ roomId }) => [[roomById, roomId]] })

/** `wasRemoved`: by somebody else; otherwise they left. */
export const roomRemoved = defineFact<{ roomId: string; wasRemoved: boolean }>('RoomRemoved', { refersTo: () => [], takesRights: 'told' })

export function refersToRoom({ roomId, actorId }: AboutRoom) {
  return [[roomById, roomId] as const, [userById, actorId] as const]
}

function refersToMember({ roomId, memberId, userId, actorId }: AboutMember) {
  return [[roomById, roomId] as const, [memberById, memberId] as const, ...people(userId, actorId)]
}

function people(...userIds: string[]) {
  return [...new Set(userIds)].map((id) => [userById, id] as const)
}
