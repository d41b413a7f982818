import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Limits } from '../../../src/graphql/limits.ts'
import { act } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { aQuietDomain } from '../calls/support.ts'
import { expectNothingDone, refusal } from './refusals.ts'
import { type AMeeting, heardIn, joinMeeting, meetingFor, moveBack, pass, rowOf, schedule, soon } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
/** Invited, and not in the room. */
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid] = [await domain.aPerson('Ann'), await domain.aPerson('Ben'), await domain.aPerson('Cid')]
  room = await aGroup(ann, ben)
})

const everybody = (more: object = {}) => schedule(ann, room, { attendeeIds: [ben.globalId, cid.globalId], ...more })
const cancel = (person: APerson, { globalId }: AMeeting, more: object = {}) =>
  act(person, 'cancelMeeting', { meetingId: globalId, ...more })
const refusedCancel = (person: APerson, { globalId }: AMeeting, more: object = {}) =>
  refusal(person, 'cancelMeeting', { meetingId: globalId, ...more })
const respond = (person: APerson, { globalId }: AMeeting, rsvp: string) =>
  act<{ meeting: { id: string }; attendee: { rsvp: string; user: { name: string } } }>(
    person,
    'respondToMeeting',
    { meetingId: globalId, rsvp },
    'meeting { id attendeeCount viewerAttendance { id rsvp } } attendee { id rsvp user { name } }',
  )
const refusedAnswer = (person: APerson, { globalId }: AMeeting, rsvp = 'ACCEPTED') =>
  refusal(person, 'respondToMeeting', { meetingId: globalId, rsvp })
const nothingDone = (attempt: () => Promise<unknown>) => expectNothingDone(domain, room, [ann, ben, cid], attempt)
const limited = (person: APerson, limits: Partial<Limits>): APerson => {
  const services = { limits: { ...domain.services.limits, ...limits } }
  return { ...person, run: domain.as(person.actor, services) }
}

const day = 24 * 60
/** So many days after the start of the series. */
const startOf = async (meeting: AMeeting, days: number) =>
  new Date((await rowOf(domain, meeting)).startsAt.getTime() + days * day * 60_000).toISOString()
const statusesOf = async (person: APerson, { globalId }: AMeeting, days: number) => {
  const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { meeting(id: $id) { occurrences(from: $from, to: $to) { status } } }`
  // biome-ignore lint/suspicious/noExplicitAny: as it is asked for.
  const { data }: any = await person.run(document, { id: globalId, from: soon(-30 * day), to: soon(days * day) })
  return data.meeting.occurrences.map(({ status }: { status: string }) => status)
}

describe('cancelling a meeting', () => {
  it('takes it back, and those who are asked to come hear of it once', async () => {
    const meeting = await everybody()
    await cancel(ann, meeting)
    const { status, dueAt, cancelledAt, revision } = await rowOf(domain, meeting)
    expect([status, dueAt, cancelledAt, revision]).toEqual(['CANCELLED', null, expect.any(Date), 1])
    await nothingDone(() => cancel(ann, meeting))
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', 'MeetingCancelled'])
    expect(await heardIn(domain, cid.id)).toEqual(['MeetingInvited', 'MeetingChanged'])
    expect(await heardIn(domain, ben.id)).toEqual(['MeetingInvited'])
    expect(await meetingFor(cid, meeting)).toMatchObject({ status: 'CANCELLED' })
    await pass(domain, meeting, 70)
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', 'MeetingCancelled'])
  })

  it('ends a series with the one that was to come next: what took place stays', async () => {
    const meeting = await everybody({ startsAt: soon(-3 * day + 60), endsAt: soon(-3 * day + 90), recurrence: 'FREQ=DAILY' })
    expect(await statusesOf(ben, meeting, 2)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED', 'SCHEDULED', 'SCHEDULED'])
    await cancel(ann, meeting)
    expect(await statusesOf(ben, meeting, 2)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED', 'CANCELLED'])
    const { lastEndsAt, currentStart } = await rowOf(domain, meeting)
    expect(lastEndsAt!.getTime()).toBe(currentStart.getTime() + 30 * 60_000)
    await nothingDone(async () =>
      expect(await refusedCancel(ann, meeting, { occurrence: await startOf(meeting, 3) })).toEqual(['CONFLICT', 'meetingId']),
    )
  })

  it('while it runs ends its call', async () => {
    const meeting = await everybody({ startsAt: soon(-5) })
    await joinMeeting(ben, meeting)
    await cancel(ann, meeting)
    expect(await meetingFor(ben, meeting)).toMatchObject({ status: 'CANCELLED', activeCall: null })
    expect(await refusal(ann, 'joinMeeting', { meetingId: meeting.globalId, deviceId: 'phone' })).toEqual(['CONFLICT', 'meetingId'])
  })

  it('is for whoever scheduled it and those who run the room, also where nothing may be said any more', async () => {
    const [mine, theirs] = [await schedule(ben, room), await everybody()]
    await act(ann, 'muteMember', { roomId: room.globalId, userId: ben.globalId, until: '2100-01-01T00:00:00Z' })
    await nothingDone(async () => {
      expect(await refusedCancel(ben, theirs)).toEqual(['FORBIDDEN', undefined])
      expect(await refusedCancel(cid, theirs)).toEqual(['FORBIDDEN', undefined])
      expect(await refusedCancel(cid, mine)).toEqual(['NOT_FOUND', undefined])
      expect(await refusal(ann, 'cancelMeeting', { meetingId: 'nonsense' })).toEqual(['BAD_USER_INPUT', 'meetingId'])
      expect(await refusal(ann, 'cancelMeeting', { meetingId: ann.globalId })).toEqual(['NOT_FOUND', undefined])
    })
    await cancel(ben, mine)
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    await cancel(ann, theirs)
    const others = await schedule(cid, await aGroup(cid, ben))
    await act(cid, 'removeRoomMember', { roomId: (await meetingFor(ben, others)).room.id, userId: ben.globalId })
    expect(await refusedCancel(ben, others)).toEqual(['NOT_FOUND', undefined])
  })

  it('is too late for what is over', async () => {
    const meeting = await everybody()
    await moveBack(domain, meeting, 120)
    await nothingDone(async () => expect(await refusedCancel(ann, meeting)).toEqual(['CONFLICT', 'meetingId']))
  })
})

describe('cancelling one occurrence', () => {
  it('takes that one out, once', async () => {
    const meeting = await everybody({ recurrence: 'FREQ=DAILY' })
    await cancel(ann, meeting, { occurrence: await startOf(meeting, 1) })
    await nothingDone(async () => cancel(ann, meeting, { occurrence: await startOf(meeting, 1) }))
    expect(await statusesOf(cid, meeting, 3)).toEqual(['SCHEDULED', 'CANCELLED', 'SCHEDULED'])
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', 'MeetingUpdated'])
    expect(await heardIn(domain, cid.id)).toEqual(['MeetingInvited', 'MeetingChanged'])
    expect(await rowOf(domain, meeting)).toMatchObject({ status: 'SCHEDULED', revision: 1 })
  })

  it('leaves it where it was moved', async () => {
    const meeting = await everybody({ recurrence: 'FREQ=DAILY' })
    const occurrence = await startOf(meeting, 1)
    const endsAt = new Date(new Date(occurrence).getTime() + 5 * 60_000).toISOString()
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, occurrence, endsAt })
    await cancel(ann, meeting, { occurrence })
    const exceptions = await domain.database.prisma.meetingException.findMany({ where: { meetingId: meeting.id } })
    expect(exceptions).toMatchObject([{ isCancelled: true, startsAt: new Date(occurrence), endsAt: new Date(endsAt) }])
  })

  it('brings the next one, when it was the next', async () => {
    const meeting = await everybody({ recurrence: 'FREQ=DAILY;COUNT=2' })
    await cancel(ann, meeting, { occurrence: await startOf(meeting, 0) })
    expect((await rowOf(domain, meeting)).currentStart.toISOString()).toBe(await startOf(meeting, 1))
    // Nothing of it is left to come.
    await cancel(ann, meeting, { occurrence: await startOf(meeting, 1) })
    expect(await rowOf(domain, meeting)).toMatchObject({ status: 'COMPLETED', dueAt: null })
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', 'MeetingUpdated', 'MeetingUpdated'])
  })

  it('cancels the meeting where it happens once', async () => {
    const meeting = await everybody()
    await cancel(ann, meeting, { occurrence: await startOf(meeting, 0) })
    expect(await rowOf(domain, meeting)).toMatchObject({ status: 'CANCELLED' })
  })

  it('is refused for what is not there, runs, is over, or is one too many', async () => {
    const meeting = await everybody({ startsAt: soon(-2 * day - 10), endsAt: soon(-2 * day + 20), recurrence: 'FREQ=DAILY' })
    const few = limited(ann, { exceptionsMost: 1 })
    const once = await everybody()
    await joinMeeting(ben, meeting)
    await cancel(few, meeting, { occurrence: await startOf(meeting, 3) })
    await nothingDone(async () => {
      expect(await refusedCancel(ann, meeting, { occurrence: soon(60) })).toEqual(['NOT_FOUND', 'occurrence'])
      expect(await refusedCancel(ann, once, { occurrence: soon(60) })).toEqual(['NOT_FOUND', 'occurrence'])
      expect(await refusedCancel(ann, meeting, { occurrence: await startOf(meeting, 0) })).toEqual(['CONFLICT', 'occurrence'])
      expect(await refusedCancel(ann, meeting, { occurrence: await startOf(meeting, 2) })).toEqual(['CONFLICT', 'occurrence'])
      expect(await refusedCancel(few, meeting, { occurrence: await startOf(meeting, 4) })).toEqual(['CONFLICT', undefined])
    })
  })
})

describe('responding to a meeting', () => {
  it('is heard of when the answer is another', async () => {
    const meeting = await everybody()
    const { attendee, meeting: shown } = await respond(ben, meeting, 'ACCEPTED')
    expect(attendee).toEqual({ id: expect.any(String), rsvp: 'ACCEPTED', user: { name: 'Ben' } })
    expect(shown).toEqual({ id: meeting.globalId, attendeeCount: 3, viewerAttendance: expect.objectContaining({ rsvp: 'ACCEPTED' }) })
    await nothingDone(() => respond(ben, meeting, 'ACCEPTED'))
    for (const rsvp of ['TENTATIVE', 'DECLINED']) expect((await respond(cid, meeting, rsvp)).attendee.rsvp).toBe(rsvp)
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', ...Array(3).fill('MeetingUpdated')])
    expect(await heardIn(domain, cid.id)).toEqual(['MeetingInvited', ...Array(3).fill('MeetingChanged')])
    expect(await rowOf(domain, meeting)).toMatchObject({ revision: 0 })
  })

  it('makes an attendee of who sees it and was not asked, and no member', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    const meeting = await schedule(ann, channel, { attendeeIds: [] })
    await respond(ben, meeting, 'TENTATIVE')
    expect(await meetingFor(ann, meeting)).toMatchObject({ attendeeCount: 2 })
    expect(await domain.database.prisma.roomMember.count({ where: { roomId: channel.id, leftAt: null } })).toBe(1)
    expect(await heardIn(domain, ben.id)).toEqual(['MeetingChanged'])
    const [attendee] = await domain.database.prisma.meetingAttendee.findMany({ where: { userId: ben.id } })
    expect(attendee).toMatchObject({ isGuest: false, invitedById: ben.id })
  })

  it('is refused where it cannot be', async () => {
    const [meeting, over, cancelled] = [await schedule(ann, room, { attendeeIds: [] }), await everybody(), await everybody()]
    await moveBack(domain, over, 120)
    await cancel(ann, cancelled)
    await nothingDone(async () => {
      expect(await refusedAnswer(ben, meeting, 'PENDING')).toEqual(['BAD_USER_INPUT', 'rsvp'])
      expect(await refusedAnswer(cid, meeting)).toEqual(['NOT_FOUND', undefined])
      expect(await refusedAnswer(limited(ben, { attendeesMost: 1 }), meeting)).toEqual(['CONFLICT', undefined])
      for (const late of [over, cancelled]) expect(await refusedAnswer(ben, late)).toEqual(['CONFLICT', 'meetingId'])
      expect(await refusal(ben, 'respondToMeeting', { meetingId: 'nonsense', rsvp: 'ACCEPTED' })).toEqual(['BAD_USER_INPUT', 'meetingId'])
      expect(await refusal(ben, 'respondToMeeting', { meetingId: ben.globalId, rsvp: 'ACCEPTED' })).toEqual(['NOT_FOUND', undefined])
    })
    await act(ann, 'removeRoomMember', { roomId: room.globalId, userId: ben.globalId })
    expect(await refusedAnswer(ben, meeting)).toEqual(['NOT_FOUND', undefined])
  })
})
