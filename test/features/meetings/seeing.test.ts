import { beforeAll, expect, it } from 'vitest'
import { readCalendar } from '../../../src/features/calendars/reading.ts'
import { readHearers } from '../../../src/features/meetings/hearers.ts'
import { canSeeMeeting } from '../../../src/features/meetings/policy.ts'
import { requireMeeting } from '../../../src/features/meetings/scene.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { Refusal } from '../../../src/lib/refusal.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { createStage, type Scene, type Stance } from '../rooms/standings.ts'

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

const kinds = {
  group: { kind: 'GROUP', isPrivate: false },
  'private channel': { kind: 'CHANNEL', isPrivate: true },
  'public channel': { kind: 'CHANNEL', isPrivate: false },
} as const
const inRooms: Stance['room'][] = ['ADMIN', 'MEMBER', 'left', null]
const inTeams: Stance['team'][] = ['LEAD', 'MEMBER', 'left', null]
const invitations = { 'not invited': null, invited: { isGuest: false }, guest: { isGuest: true } }

const present = <Role>(role: Role | 'left' | null) => (role === 'left' ? null : role)

it('is decided in one way by the policy and by every way to a meeting', async () => {
  const stage = await createStage(domain)
  const state = { isArchived: false, isSevered: false, isMuted: false }
  const attempts = Object.entries(kinds).flatMap(([sort, kind]) =>
    (sort === 'group' ? [null] : inTeams).flatMap((team) =>
      inRooms.flatMap((room) =>
        Object.entries(invitations).map(([how, invitation]) => {
          const seen = canSeeMeeting({ ...kind, role: present(room), teamRole: present(team) }, invitation)
          const scene = stage.draw({ ...kind, ...state }, { room, team })
          return { name: `${sort}, room ${room}, team ${team}, ${how}`, scene, invitation, seen }
        }),
      ),
    ),
  )
  await stage.build()
  const asked = attempts.flatMap(({ scene: { meetingId, actor, other }, invitation }) =>
    invitation ? [{ ...invitation, id: uuid(), meetingId, userId: actor.id, invitedById: other.id, invitedAt: new Date() }] : [],
  )
  await domain.database.prisma.meetingAttendee.createMany({ data: asked })

  for (const { name, scene, invitation, seen } of attempts) {
    const ways = { asked: seen, acting: seen, link: seen, hears: seen, lists: seen, calendar: seen }
    // These know nothing of who is not invited.
    const known = invitation ? ways : { ...ways, hears: false, lists: false, calendar: false }
    expect(await waysTo(scene), name).toEqual(known)
  }
  expect(new Set(attempts.map(({ seen }) => seen))).toEqual(new Set([true, false]))
})

/** By which ways somebody comes to the meeting of their scene. */
async function waysTo({ actor, meetingId }: Scene) {
  const { database, services } = domain
  const asked = await actor.run<{ meeting: object | null; viewer: { meetings: { meeting: { id: string } }[] } }>(
    `query ($id: ID!) {
      meeting(id: $id) { id }
      viewer { meetings(from: "2100-01-01T00:00:00Z", to: "2100-01-02T00:00:00Z") { meeting { id } } }
    }`,
    { id: encodeId('Meeting', meetingId) },
  )
  const acting = await requireMeeting(database.prisma, meetingId, actor.id).catch((error) => {
    if (!(error instanceof Refusal)) throw error
  })
  const calendarOf = (only: string | null) =>
    readCalendar(services, services.calendars.urlOf({ userId: actor.id, meetingId: only, generation: 0 }).replace(/^.*\/|\.ics$/g, ''))
  return {
    asked: asked.data!.meeting !== null,
    acting: acting !== undefined,
    link: (await calendarOf(meetingId)) !== undefined,
    hears: (await readHearers(database.prisma, meetingId)).some(({ userId }) => userId === actor.id),
    lists: asked.data!.viewer.meetings.some(({ meeting }) => meeting.id === encodeId('Meeting', meetingId)),
    calendar: (await calendarOf(null))!.includes(meetingId),
  }
}
