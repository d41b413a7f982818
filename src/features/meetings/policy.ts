import type { Meeting, MeetingAttendee } from '../../store/generated/prisma/client.ts'
import { administers, canManageMembers, canSchedule, canSee, type Place, type Standing } from '../rooms/policy.ts'

/** How somebody is invited; null for who is not. */
export type Invitation = Pick<MeetingAttendee, 'isGuest'> | null

/** Whoever sees the room, and its guests: those invited by somebody who may add them to it. Guests of a channel are people of its team. */
export function canSeeMeeting(place: Place, invitation: Invitation): boolean {
  return canSee(place) || (invitation?.isGuest === true && (place.kind !== 'CHANNEL' || place.teamRole !== null))
}

/** Its time, its words, whom it invites: whoever scheduled it, and those who run the room, as long as they may say something there. */
export function canChangeMeeting(standing: Standing, meeting: Pick<Meeting, 'createdById'>, userId: string): boolean {
  return canSchedule(standing) && canCancelMeeting(standing, meeting, userId)
}

/** Taking it back: they may also when they may say nothing any more. */
export function canCancelMeeting(place: Place, { createdById }: Pick<Meeting, 'createdById'>, userId: string): boolean {
  return canSee(place) && (createdById === userId || administers(place))
}

/** Inviting whoever does not see the room: as far as one may add them to it. A direct room stays between its two. */
export function canInviteGuests(standing: Standing): boolean {
  return canManageMembers(standing)
}
