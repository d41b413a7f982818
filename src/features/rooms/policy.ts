import type { Room, RoomRole, TeamRole } from '../../store/generated/prisma/client.ts'

/** What decides: the room, and how a person stands to it. */
export interface Standing extends Place {
  readonly isArchived: boolean
  /** Of a direct room: one of the two has blocked the other, or is gone. */
  readonly isSevered: boolean
  readonly isMuted: boolean
}

/** As much of it as decides about seeing. */
export interface Place extends Pick<Room, 'kind' | 'isPrivate'> {
  /** In the room; null for who is not in it. */
  readonly role: RoomRole | null
  /** In the room's team; null for who is not in it, and where the room has none. */
  readonly teamRole: TeamRole | null
}

/** Reading and following. Members of a channel are people of its team. */
export function canSee(place: Place): boolean {
  return place.role !== null || (isPublic(place) && place.teamRole !== null)
}

/** Saying something, editing it, reacting. Saying something in a public channel makes a member of who is none. */
export function canPost(standing: Standing): boolean {
  return canSee(standing) && !standing.isArchived && !standing.isSevered && !isSilenced(standing)
}

/** Beginning, answering and joining calls. Whoever calls in a public channel joins it. */
export function canCall(standing: Standing): boolean {
  return canPost(standing)
}

/** Meetings, which take place in calls. */
export function canSchedule(standing: Standing): boolean {
  return canPost(standing)
}

export function canPin(standing: Standing): boolean {
  return canPost(standing) && (standing.kind === 'DIRECT' || administers(standing))
}

/** Name and topic. A direct room has neither. */
export function canUpdate(standing: Standing): boolean {
  return administers(standing) && !standing.isArchived
}

/** Adding, removing, roles, mutes. */
export function canManageMembers(standing: Standing): boolean {
  return administers(standing) && !standing.isArchived
}

/** Whoever runs the room cannot be silenced in it, also while they are not in it. */
export function canMute(standing: Standing, other: Place): boolean {
  return canManageMembers(standing) && other.role !== 'ADMIN' && other.teamRole !== 'LEAD'
}

/** What others have said; one's own is the message's own rule. */
export function canDeleteAnyMessage(standing: Standing): boolean {
  return administers(standing) && !standing.isArchived
}

/** Closing it to everything new, and opening it again. */
export function canArchive(standing: Standing): boolean {
  return administers(standing)
}

/** What `Room.viewerPermissions` says, and by which of the questions that the mutations ask. */
const questions = {
  POST: canPost,
  UPDATE: canUpdate,
  MANAGE_MEMBERS: canManageMembers,
  DELETE_ANY_MESSAGE: canDeleteAnyMessage,
  PIN: canPin,
  START_CALL: canCall,
  SCHEDULE_MEETING: canSchedule,
  ARCHIVE: canArchive,
} satisfies Record<string, (standing: Standing) => boolean>

export type Permission = keyof typeof questions

export function permissionsOf(standing: Standing): Permission[] {
  return (Object.keys(questions) as Permission[]).filter((permission) => questions[permission](standing))
}

/** Admins; in a channel also the leads of its team, as far as they see it. A direct room is nobody's to run. */
export function administers(place: Place): boolean {
  if (place.kind === 'DIRECT' || !canSee(place)) return false
  return place.role === 'ADMIN' || (place.kind === 'CHANNEL' && place.teamRole === 'LEAD')
}

/** A direct room stays the two's for ever. */
export function canLeave({ kind, role }: Place): boolean {
  return kind !== 'DIRECT' && role !== null
}

/** By oneself: public channels of one's teams. */
export function canJoin(standing: Standing): boolean {
  return isPublic(standing) && standing.teamRole !== null && !standing.isArchived
}

function isPublic({ kind, isPrivate }: Place): boolean {
  return kind === 'CHANNEL' && !isPrivate
}

/** A mute does not hold for those who run the room, also one from before they did. */
function isSilenced(standing: Standing): boolean {
  return standing.isMuted && !administers(standing)
}
