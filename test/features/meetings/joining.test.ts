import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { act, trying } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { aChannel, addToTeam, aTeam } from '../../support/teams.ts'
import { another, aQuietDomain, call, expectNothingNew, statesOf } from '../calls/support.ts'
import { type AMeeting, heardIn, joinMeeting, leave, meetingFor, minute, moveBack, pass, rowOf, saidIn, schedule, soon } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
/** Not in the room. */
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid] = [await domain.aPerson('Ann'), await domain.aPerson('Ben'), await domain.aPerson('Cid')]
  room = await aGroup(ann, ben)
})

/** The only error's code and field. */
async function refusal(person: APerson, { globalId }: { globalId: string }, more: object = {}): Promise<unknown[]> {
  const { errors } = await trying(person, 'joinMeeting', { meetingId: globalId, deviceId: 'phone', ...more })
  return [errors?.[0]?.extensions.code, errors?.[0]?.extensions.field]
}

/** Who is said to have changed a meeting of the room, each time; null for nobody. */
const movedBy = async () =>
  (await domain.services.log.after(room.id, 0, 100)).flatMap(({ type, data }) => (type === 'MeetingUpdated' ? [data.actorId] : []))
const invite = (meeting: AMeeting, ...people: APerson[]) =>
  act(ann, 'updateMeeting', { meetingId: meeting.globalId, attendeeIds: people.map(({ globalId }) => globalId) })
const remove = (person: APerson, from: ARoom, by = ann) => act(by, 'removeRoomMember', { roomId: from.globalId, userId: person.globalId })
const seesRoom = async (person: APerson, { globalId }: ARoom) =>
  (await person.run<{ room: object | null }>('query ($id: ID!) { room(id: $id) { id } }', { id: globalId })).data!.room !== null

describe('joining a meeting', () => {
  it('begins its call, which rings for nobody and is beside that of the room', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 60)
    const mine = await joinMeeting(ann, meeting)
    expect(mine).toMatchObject({
      call: { state: 'ONGOING', media: 'VIDEO', ringsUntil: null, meeting: { id: meeting.globalId } },
      participant: { state: 'JOINED', deviceId: 'phone' },
    })
    expect(await meetingFor(ben, meeting)).toMatchObject({ status: 'IN_PROGRESS', activeCall: { id: mine.call.id } })
    expect(await saidIn(domain, room)).toEqual(['MEETING_STARTED'])
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', 'MeetingUpdated'])
    expect(await movedBy()).toEqual([ann.id])
    const theirs = await joinMeeting(ben, meeting)
    expect(theirs.call.id).toBe(mine.call.id)
    expect(statesOf(theirs.call, ann, ben)).toEqual(['JOINED', 'JOINED'])
    const { data } = await ben.run<{ room: { activeCall: object | null } }>('query ($id: ID!) { room(id: $id) { activeCall { id } } }', {
      id: room.globalId,
    })
    expect(data!.room.activeCall).toBeNull()
    expect((await call(ben, room)).call.id).not.toBe(mine.call.id)
  })

  it('begins with sound alone where somebody says so', async () => {
    const meeting = await schedule(ann, room)
    const { call: begun } = await act<{ call: object }>(
      ann,
      'joinMeeting',
      { meetingId: meeting.globalId, deviceId: 'phone', media: 'AUDIO' },
      'call { media participants { audio video } }',
    )
    expect(begun).toEqual({ media: 'AUDIO', participants: [{ audio: true, video: false }] })
  })

  it('gives the same place again on the same device, and is a CONFLICT on another', async () => {
    const meeting = await schedule(ann, room)
    const mine = await joinMeeting(ann, meeting)
    expect((await joinMeeting(ann, meeting)).participant.id).toBe(mine.participant.id)
    expect(await refusal(another(domain, ann), meeting)).toEqual(['CONFLICT', 'deviceId'])
  })

  it('before its start waits for that, and nobody is told of a start', async () => {
    const meeting = await schedule(ann, room)
    await joinMeeting(ben, meeting)
    expect(await meetingFor(ann, meeting)).toMatchObject({ status: 'SCHEDULED', activeCall: { state: 'ONGOING' } })
    expect(await saidIn(domain, room)).toEqual([])
  })

  it('is joining the next one, where nobody has looked since one was over', async () => {
    const meeting = await schedule(ann, room, { recurrence: 'FREQ=DAILY;COUNT=2' })
    await moveBack(domain, meeting, 100)
    await joinMeeting(ann, meeting)
    const { status } = await meetingFor(ann, meeting)
    const { startsAt, currentStart } = await domain.database.prisma.meeting.findUniqueOrThrow({ where: { id: meeting.id } })
    expect([status, currentStart.getTime() - startsAt.getTime()]).toEqual(['SCHEDULED', 24 * 3_600_000])
    expect(await movedBy()).toEqual([null])
  })

  it('begins anew after the call has ended, while the meeting is not over', async () => {
    const meeting = await schedule(ann, room)
    const first = await joinMeeting(ann, meeting)
    await leave(ann, first)
    const second = await joinMeeting(ann, meeting)
    expect(second.call.id).not.toBe(first.call.id)
  })

  it('in a public channel makes a member of who is none', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    const meeting = await schedule(ann, channel)
    await joinMeeting(ben, meeting)
    expect(await domain.database.prisma.roomMember.findFirst({ where: { roomId: channel.id, userId: ben.id } })).toMatchObject({
      leftAt: null,
    })
  })

  it.each([
    ['what is over', 'CONFLICT', 'meetingId', (meeting: AMeeting) => pass(domain, meeting, 100)],
    ['what is over though nobody has looked', 'CONFLICT', 'meetingId', (meeting: AMeeting) => moveBack(domain, meeting, 100)],
    ['what is cancelled', 'CONFLICT', 'meetingId', ({ globalId }: AMeeting) => act(ann, 'cancelMeeting', { meetingId: globalId })],
    [
      'while muted',
      'FORBIDDEN',
      undefined,
      () => act(ann, 'muteMember', { roomId: room.globalId, userId: ben.globalId, until: soon(999) }),
    ],
    ['in an archived room', 'FORBIDDEN', undefined, () => act(ann, 'archiveRoom', { roomId: room.globalId })],
    ['of a room that one has left', 'NOT_FOUND', undefined, () => remove(ben, room, ben)],
    ['of a room that one was removed from', 'NOT_FOUND', undefined, () => remove(ben, room)],
  ])('%s is %s', async (_what, code, field, happen) => {
    const meeting = await schedule(ann, room)
    await happen(meeting)
    await expectNothingNew(domain, room, async () => expect(await refusal(ben, meeting)).toEqual([code, field]))
  })

  it('of a direct room is FORBIDDEN once one has blocked the other', async () => {
    const ours = await aDirectRoom(ann, ben)
    const meeting = await schedule(ann, ours)
    await act(ben, 'blockUser', { userId: ann.globalId })
    for (const person of [ann, ben]) expect(await refusal(person, meeting)).toEqual(['FORBIDDEN', undefined])
  })

  it('is refused to strangers like what is not there; and what is no id, or no name of a device', async () => {
    const meeting = await schedule(ann, room)
    const nothing = { globalId: Buffer.from(`Meeting:${room.id}`).toString('base64url') }
    for (const what of [nothing, room]) expect(await refusal(ann, what)).toEqual(['NOT_FOUND', undefined])
    expect(await refusal(cid, meeting)).toEqual(['NOT_FOUND', undefined])
    expect(await refusal(ann, { globalId: 'nothing' })).toEqual(['BAD_USER_INPUT', 'meetingId'])
    expect(await refusal(ann, meeting, { deviceId: ' ' })).toEqual(['BAD_USER_INPUT', 'deviceId'])
    expect(await refusal(ann, meeting, { deviceId: 'x'.repeat(65) })).toEqual(['BAD_USER_INPUT', 'deviceId'])
  })
})

describe('a guest', () => {
  it('sees the meeting and not the room, joins, and is a member', async () => {
    const meeting = await schedule(ann, room, { attendeeIds: [cid.globalId] })
    expect(await meetingFor(cid, meeting)).toMatchObject({ title: 'Plans', room: null, activeCall: null })
    expect(await seesRoom(cid, room)).toBe(false)
    await joinMeeting(cid, meeting)
    expect(await meetingFor(cid, meeting)).toMatchObject({ room: { id: room.globalId }, activeCall: { state: 'ONGOING' } })
    expect(await domain.database.prisma.roomMember.findFirst({ where: { roomId: room.id, userId: cid.id } })).toMatchObject({
      role: 'MEMBER',
      leftAt: null,
    })
    const types = (await domain.services.log.after(room.id, 0, 100)).map(({ type }) => type)
    expect(types).toContain('MemberJoined')
    expect((await domain.services.log.after(cid.id, 0, 100)).map(({ type }) => type)).toContain('RoomAdded')
  })

  it.each([
    ['runs the room no longer', () => act(ben, 'setRoomRole', { roomId: room.globalId, userId: ann.globalId, role: 'MEMBER' })],
    ['has left it', () => remove(ann, room, ann)],
    ['was removed from it', () => remove(ann, room, ben)],
    ['has blocked them', () => act(ann, 'blockUser', { userId: cid.globalId })],
    ['was blocked by them', () => act(cid, 'blockUser', { userId: ann.globalId })],
  ])('sees it still when who invited them %s, and cannot join', async (_what, happen) => {
    await act(ann, 'setRoomRole', { roomId: room.globalId, userId: ben.globalId, role: 'ADMIN' })
    const meeting = await schedule(ann, room, { attendeeIds: [cid.globalId] })
    await happen()
    expect(await meetingFor(cid, meeting)).toMatchObject({ room: null })
    await expectNothingNew(domain, room, async () => expect(await refusal(cid, meeting)).toEqual(['FORBIDDEN', undefined]))
    expect(await seesRoom(cid, room)).toBe(false)
  })

  it('who was muted before they left the room does not get around that', async () => {
    await act(ann, 'addRoomMember', { roomId: room.globalId, userId: cid.globalId })
    await act(ann, 'muteMember', { roomId: room.globalId, userId: cid.globalId, until: soon(999) })
    await remove(cid, room, cid)
    const meeting = await schedule(ann, room, { attendeeIds: [cid.globalId] })
    expect(await refusal(cid, meeting)).toEqual(['FORBIDDEN', undefined])
    expect(await seesRoom(cid, room)).toBe(false)
  })

  it('cannot join in an archived room', async () => {
    const meeting = await schedule(ann, room, { attendeeIds: [cid.globalId] })
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    expect(await refusal(cid, meeting)).toEqual(['FORBIDDEN', undefined])
  })

  it('who has come and is removed sees none of it any more, until somebody invites them again', async () => {
    const meeting = await schedule(ann, room, { attendeeIds: [cid.globalId] })
    await joinMeeting(cid, meeting)
    await remove(cid, room)
    expect(await meetingFor(cid, meeting)).toBeNull()
    expect(await refusal(cid, meeting)).toEqual(['NOT_FOUND', undefined])
    await invite(meeting)
    await invite(meeting, cid)
    expect(await meetingFor(cid, meeting)).toMatchObject({ room: null })
  })

  it('who comes, and leaves by themselves, is none any more', async () => {
    const meeting = await schedule(ann, room, { attendeeIds: [cid.globalId] })
    await joinMeeting(cid, meeting)
    await remove(cid, room, cid)
    expect(await meetingFor(cid, meeting)).toBeNull()
  })

  it('of one room stays a guest of another', async () => {
    const other = await aGroup(ann, ben)
    const meetings = [
      await schedule(ann, room, { attendeeIds: [cid.globalId] }),
      await schedule(ann, other, { attendeeIds: [cid.globalId] }),
    ]
    await joinMeeting(cid, meetings[0]!)
    await remove(cid, room)
    expect([await meetingFor(cid, meetings[0]!), (await meetingFor(cid, meetings[1]!)).title]).toEqual([null, 'Plans'])
  })

  it('of a private channel is one of the team, and none any more after leaving it, also who comes back to the team', async () => {
    const team = await aTeam(ann, ben, cid)
    const secrets = await aChannel(team, ann, { isPrivate: true, members: [ben] })
    const meeting = await schedule(ann, secrets, { attendeeIds: [cid.globalId] })
    expect(await meetingFor(cid, meeting)).toMatchObject({ room: null })
    await act(ann, 'removeTeamMember', { teamId: team.globalId, userId: cid.globalId })
    expect(await meetingFor(cid, meeting)).toBeNull()
    await addToTeam(ann, team, cid)
    expect(await meetingFor(cid, meeting)).toBeNull()
    expect(await refusal(cid, meeting)).toEqual(['NOT_FOUND', undefined])
  })

  it('who closes their account is none any more', async () => {
    const meeting = await schedule(ann, room, { attendeeIds: [cid.globalId] })
    const { passwords, database } = domain.services
    await database.prisma.account.update({ where: { userId: cid.id }, data: { passwordHash: await passwords.hash('correct horse') } })
    await act(cid, 'deleteAccount', { password: 'correct horse' }, 'deletedUserId')
    const [row] = await database.prisma.meetingAttendee.findMany({ where: { meetingId: meeting.id, userId: cid.id } })
    expect(row!.isGuest).toBe(false)
  })
})

describe('in the call of a meeting', () => {
  const stateOf = async (meeting: AMeeting, person: APerson) => {
    const place = { call: { meetingId: meeting.id }, userId: person.id }
    return (await domain.database.prisma.callParticipant.findFirstOrThrow({ where: place })).state
  }

  it.each([
    ['who is removed from the room', () => remove(ben, room)],
    ['who leaves the room', () => remove(ben, room, ben)],
    ['who is muted', () => act(ann, 'muteMember', { roomId: room.globalId, userId: ben.globalId, until: soon(999) })],
  ])('%s is in it no longer', async (_what, happen) => {
    const meeting = await schedule(ann, room)
    await joinMeeting(ann, meeting)
    await joinMeeting(ben, meeting)
    await happen()
    await domain.services.calls.tick()
    expect([await stateOf(meeting, ann), await stateOf(meeting, ben)]).toEqual(['JOINED', 'LEFT'])
  })

  it('nobody is when the room is archived, and the meeting is over at its end', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 60)
    for (const person of [ann, ben]) await joinMeeting(person, meeting)
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    await domain.services.calls.tick()
    expect([await stateOf(meeting, ann), await stateOf(meeting, ben)]).toEqual(['LEFT', 'LEFT'])
    expect(await meetingFor(ann, meeting)).toMatchObject({ activeCall: null, status: 'IN_PROGRESS' })
    await pass(domain, meeting, 30)
    expect(await meetingFor(ann, meeting)).toMatchObject({ status: 'COMPLETED' })
  })

  it('nobody is when it is cancelled, and the room is told', async () => {
    const meeting = await schedule(ann, room)
    await moveBack(domain, meeting, 60)
    for (const person of [ann, ben]) await joinMeeting(person, meeting)
    await act(ann, 'cancelMeeting', { meetingId: meeting.globalId })
    expect([await stateOf(meeting, ann), await stateOf(meeting, ben)]).toEqual(['LEFT', 'LEFT'])
    expect(await meetingFor(ben, meeting)).toMatchObject({ status: 'CANCELLED', activeCall: null })
    const types = (await domain.services.log.after(room.id, 0, 100)).map(({ type }) => type)
    expect(types.slice(-2).sort()).toEqual(['CallEnded', 'MeetingCancelled'])
    await pass(domain, meeting, 0)
    expect(await domain.database.prisma.meeting.findUnique({ where: { id: meeting.id } })).toMatchObject({
      status: 'CANCELLED',
      dueAt: null,
    })
  })

  it('of one that is cancelled nobody waits who came early; in one that runs they stay when the next is cancelled', async () => {
    const meeting = await schedule(ann, room, { recurrence: 'FREQ=DAILY;COUNT=3' })
    const cancel = async (index: number) => {
      const { startsAt } = await rowOf(domain, meeting)
      const occurrence = new Date(startsAt.getTime() + index * 24 * 60 * minute).toISOString()
      await act(ann, 'cancelMeeting', { meetingId: meeting.globalId, occurrence })
    }
    await joinMeeting(ben, meeting)
    await cancel(0)
    expect(await stateOf(meeting, ben)).toBe('LEFT')
    await moveBack(domain, meeting, 25 * 60)
    await joinMeeting(ann, meeting)
    await cancel(2)
    expect(await stateOf(meeting, ann)).toBe('JOINED')
    expect(await meetingFor(ben, meeting)).toMatchObject({ status: 'IN_PROGRESS', activeCall: { state: 'ONGOING' } })
  })
})
