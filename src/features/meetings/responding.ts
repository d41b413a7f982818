import type { Services } from '../../graphql/context.ts'
import { badInput, conflict } from '../../lib/refusal.ts'
import { uuid } from '../../lib/uuid.ts'
import type { Rsvp } from '../../store/generated/prisma/client.ts'
import { meetingUpdated } from './events.ts'
import { readHearers, tellOfMeetingIn } from './hearers.ts'
import { inMeeting, requireMeeting, requireNotOver } from './scene.ts'
import { settleIn } from './settling.ts'

export interface RespondToMeeting {
  readonly meetingId: string
  readonly rsvp: Rsvp
}

/** By whoever sees it: also who was not asked is an attendee from then on. Answers their place among them. The same answer nobody hears of. */
export async function respondToMeeting(services: Services, person: string, { meetingId, rsvp }: RespondToMeeting): Promise<string> {
  const { limits, meetings, database } = services
  if (rsvp === 'PENDING') throw badInput('rsvp', 'PENDING is no answer: give ACCEPTED, TENTATIVE or DECLINED.')
  const known = await requireMeeting(database.prisma, meetingId, person)
  await services.rates.spend('send', person)

  return inMeeting(services, known.meeting, [person], async (tx, hearers) => {
    const scene = await requireMeeting(tx.rows, meetingId, person)
    const meeting = await settleIn(tx, scene.meeting, { hearers, terms: meetings.terms, actorId: null })
    requireNotOver(meeting)
    const { invitation } = scene
    if (invitation?.rsvp === rsvp) return invitation.id
    const data = { meetingId, userId: person, rsvp, invitedById: person, invitedAt: tx.at }
    if (!invitation && (await tx.rows.meetingAttendee.count({ where: { meetingId } })) >= limits.attendeesMost)
      throw conflict(`A meeting has at most ${limits.attendeesMost} attendees.`)
    const { id } = invitation
      ? await tx.rows.meetingAttendee.update({ where: { id: invitation.id }, data: { rsvp } })
      : await tx.rows.meetingAttendee.create({ data: { ...data, id: uuid() } })
    tellOfMeetingIn(tx, meeting, await readHearers(tx.rows, meetingId), meetingUpdated({ meetingId, actorId: person }))
    return id
  })
}
