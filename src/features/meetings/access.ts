import type { Context } from '../../graphql/context.ts'
import type { Meeting, MeetingAttendee } from '../../store/generated/prisma/client.ts'
import { canSeeRoom } from '../rooms/access.ts'
import { roomNatureById } from '../rooms/queries.ts'
import { teamMembershipOf } from '../teams/queries.ts'
import { canSeeMeeting } from './policy.ts'
import { attendanceOf, attendeeById, meetingById } from './queries.ts'

/** Whoever sees the room sees its meetings, and so do their guests. */
export async function maySeeMeeting(context: Context, meeting: Meeting): Promise<boolean> {
  return (await canSeeRoom(context, meeting.roomId)) || (await isGuest(context, meeting))
}

/** The meeting, or null for what is not there or not to be seen. */
export async function seeMeeting(context: Context, meetingId: string): Promise<Meeting | null> {
  const meeting = await context.loaders.load(meetingById, meetingId)
  return meeting && (await maySeeMeeting(context, meeting)) ? meeting : null
}

export async function seeAttendee(context: Context, attendeeId: string): Promise<MeetingAttendee | null> {
  const attendee = await context.loaders.load(attendeeById, attendeeId)
  return attendee && (await seeMeeting(context, attendee.meetingId)) ? attendee : null
}

/** Of who does not see the room. */
async function isGuest({ actor, loaders }: Context, { id, roomId }: Meeting): Promise<boolean> {
  const userId = actor.id('to see a meeting')
  const invitation = await loaders.load(attendanceOf, { meetingId: id, userId })
  if (!invitation?.isGuest) return false
  const { kind, isPrivate, teamId } = (await loaders.load(roomNatureById, roomId))!
  const teamRole = teamId === null ? null : ((await loaders.load(teamMembershipOf, { teamId, userId }))?.role ?? null)
  return canSeeMeeting({ kind, isPrivate, role: null, teamRole }, invitation)
}
