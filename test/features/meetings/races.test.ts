import { afterAll, beforeAll, expect, it } from 'vitest'
import { progressOf } from '../../../src/features/meetings/course.ts'
import type { Transaction } from '../../../src/store/transact.ts'
import { act, trying } from '../../support/acting.ts'
import { codeOf } from '../../support/codes.ts'
import type { APerson } from '../../support/domain.ts'
import { during } from '../../support/during.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { aChannel, addToTeam, aTeam } from '../../support/teams.ts'
import { type AMeeting, joinMeeting, leave, moveBack, rowOf, schedule, soon } from './support.ts'
import { openTwoNodes, rounds, type TwoNodes } from './two-nodes.ts'

describeWith(['postgres'], 'meetings on two nodes at once', () => {
  let { nodes, ann, ben, cid, room } = {} as TwoNodes
  beforeAll(async () => {
    ;({ nodes, ann, ben, cid, room } = await openTwoNodes())
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))

  const rows = () => nodes[0].database.prisma
  const tryToJoin = (person: APerson, { globalId }: AMeeting) => trying(person, 'joinMeeting', { meetingId: globalId, deviceId: 'phone' })
  /** Those who are in a call that is not over, and are not just being taken out of it. */
  const thereIn = ({ id }: AMeeting) =>
    rows().callParticipant.count({ where: { state: 'JOINED', isDropped: false, call: { meetingId: id, state: { not: 'ENDED' } } } })
  const inRoom = async (person: APerson, { id }: ARoom) =>
    (await rows().roomMember.count({ where: { roomId: id, userId: person.id, leftAt: null } })) === 1

  it('the first two to come are in one call', async () => {
    const meeting = await schedule(ann, room)
    await rounds(200, async () => {
      const seats = await Promise.all([joinMeeting(ann, meeting), joinMeeting(ben, meeting)])
      expect(seats[0].call.id).toBe(seats[1].call.id)
      expect(await rows().call.count({ where: { meetingId: meeting.id, state: { not: 'ENDED' } } })).toBe(1)
      await Promise.all([leave(ann, seats[0]), leave(ben, seats[1])])
    })
    expect(await rows().call.count({ where: { meetingId: meeting.id } })).toBe(200)
    expect(await rows().call.count({ where: { meetingId: meeting.id, state: { not: 'ENDED' } } })).toBe(0)
  }, 120_000)

  it('whoever joins while it is cancelled is in no call, or is told so', async () => {
    const outcomes = new Set<unknown>()
    await rounds(60, async (round) => {
      const meeting = await schedule(ann, room, { attendeeIds: [] })
      if (round % 2 === 0) await joinMeeting(ann, meeting)
      const [joined, cancelled] = await Promise.all([
        tryToJoin(ben, meeting),
        trying(ann, 'cancelMeeting', { meetingId: meeting.globalId }),
      ])
      expect(codeOf(cancelled)).toBeUndefined()
      outcomes.add(codeOf(joined))
      expect([await thereIn(meeting), (await rowOf(nodes[0], meeting)).status]).toEqual([0, 'CANCELLED'])
    })
    for (const outcome of outcomes) expect([undefined, 'CONFLICT']).toContain(outcome)
  }, 120_000)

  it('whoever joins while they are removed is in no call, and in no room', async () => {
    const meeting = await schedule(ann, room)
    await rounds(60, async () => {
      await act(ann, 'addRoomMember', { roomId: room.globalId, userId: cid.globalId })
      const [joined, removed] = await Promise.all([
        tryToJoin(cid, meeting),
        trying(ann, 'removeRoomMember', { roomId: room.globalId, userId: cid.globalId }),
      ])
      expect(codeOf(removed)).toBeUndefined()
      expect([undefined, 'NOT_FOUND']).toContain(codeOf(joined))
      expect([await thereIn(meeting), await inRoom(cid, room)]).toEqual([0, false])
      await nodes[1].services.calls.tick()
    })
  }, 120_000)

  it('a guest who joins while they lose their team is in no channel of it', async () => {
    const team = await aTeam(ann, ben)
    const secrets = await aChannel(team, ann, { isPrivate: true })
    await rounds(40, async () => {
      await addToTeam(ann, team, cid)
      const meeting = await schedule(ann, secrets, { attendeeIds: [cid.globalId] })
      const [joined, removed] = await Promise.all([
        tryToJoin(cid, meeting),
        trying(ann, 'removeTeamMember', { teamId: team.globalId, userId: cid.globalId }),
      ])
      expect(codeOf(removed)).toBeUndefined()
      expect([undefined, 'NOT_FOUND']).toContain(codeOf(joined))
      expect([await thereIn(meeting), await inRoom(cid, secrets)]).toEqual([0, false])
      expect(await rows().meetingAttendee.count({ where: { meetingId: meeting.id, userId: cid.id, isGuest: true } })).toBe(0)
    })
  }, 120_000)

  it('a guest comes in before whoever invited them loses the right to that, or not at all', async () => {
    await rounds(40, async () => {
      const own = await aGroup(ann, ben)
      await act(ann, 'setRoomRole', { roomId: own.globalId, userId: ben.globalId, role: 'ADMIN' })
      const meeting = await schedule(ann, own, { attendeeIds: [cid.globalId] })
      const [joined, demoted] = await Promise.all([
        tryToJoin(cid, meeting),
        trying(ben, 'setRoomRole', { roomId: own.globalId, userId: ann.globalId, role: 'MEMBER' }),
      ])
      expect(codeOf(demoted)).toBeUndefined()
      expect([undefined, 'FORBIDDEN']).toContain(codeOf(joined))
      expect(await inRoom(cid, own)).toBe(codeOf(joined) === undefined)
      const types = (await nodes[0].services.log.after(own.id, 0, 100)).map(({ type }) => type)
      if (codeOf(joined) === undefined) expect(types.indexOf('MemberJoined')).toBeLessThan(types.lastIndexOf('MemberUpdated'))
      else expect(types).not.toContain('MemberJoined')
    })
  }, 120_000)

  it('a guest waits for what is being done to whoever invited them, also in the team of the channel', async () => {
    const team = await aTeam(ben, ann, cid)
    await act(ben, 'setTeamRole', { teamId: team.globalId, userId: ann.globalId, role: 'LEAD' })
    const secrets = await aChannel(team, ben, { isPrivate: true, members: [ann] })
    // Ann invites, and does not come herself.
    const meeting = await schedule(ben, secrets, { attendeeIds: [] })
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, attendeeIds: [cid.globalId] })
    // As setTeamRole does, which holds the team and the person.
    const demote = (tx: Transaction) =>
      tx.rows.teamMember.updateMany({ where: { teamId: team.id, userId: ann.id }, data: { role: 'MEMBER' } })
    const joined = await during(nodes[0], [team.id, ann.id], demote, () => tryToJoin(cid, meeting))
    expect(codeOf(joined)).toBe('FORBIDDEN')
    expect(await inRoom(cid, secrets)).toBe(false)
  })

  it('each occurrence is reminded of once, however many look, also while it is put off', async () => {
    await rounds(40, async (round) => {
      const meeting = await schedule(ann, room)
      await moveBack(nodes[0], meeting, 55)
      const startsAt = soon(30 + (round % 2) * 60)
      const putOff = { meetingId: meeting.globalId, startsAt, endsAt: soon(150) }
      const ticks = nodes.flatMap(({ services }) => [services.meetings.tick(), services.meetings.tick()])
      const [updated] = await Promise.all([trying(ann, 'updateMeeting', putOff), ...ticks])
      expect(codeOf(updated)).toBeUndefined()
      const inbox = await nodes[0].services.log.after(ben.id, 0, 10_000)
      const times = inbox.flatMap(({ type, data }) => (type === 'MeetingReminder' && data.meetingId === meeting.id ? [data.startsAt] : []))
      expect(times.length).toBeLessThanOrEqual(1)
      expect(times).not.toContain(Date.parse(startsAt))
      // What is written down is what follows from the times as they are.
      const row = await rowOf(nodes[0], meeting)
      expect(row.startsAt.toISOString()).toBe(startsAt)
      const { course, dueAt } = progressOf(row, [], row, { now: new Date(), isAttended: false, reminderMs: 600_000 })
      expect({ ...row, ...course, dueAt }).toEqual(row)
    })
  }, 120_000)
})
