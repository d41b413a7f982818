import { afterAll, beforeAll, expect, it } from 'vitest'
import { act, trying } from '../../support/acting.ts'
import { codeOf } from '../../support/codes.ts'
import type { APerson } from '../../support/domain.ts'
import { aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { heardIn, rowOf, schedule, soon } from './support.ts'
import { openTwoNodes, rounds, type TwoNodes } from './two-nodes.ts'

describeWith(['postgres'], 'meetings changed on two nodes at once', () => {
  let { nodes, ann, ben, cid, room } = {} as TwoNodes
  beforeAll(async () => {
    ;({ nodes, ann, ben, cid, room } = await openTwoNodes())
    await act(ann, 'setRoomRole', { roomId: room.globalId, userId: ben.globalId, role: 'ADMIN' })
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))

  const rows = () => nodes[0].database.prisma

  it('both changes are in it, and each is heard of', async () => {
    await rounds(20, async (round) => {
      const { globalId: meetingId, ...meeting } = await schedule(ann, room)
      const before = (await heardIn(nodes[0], room.id)).length
      await Promise.all([
        act(ann, 'updateMeeting', { meetingId, title: `Round ${round}` }),
        act(ben, 'updateMeeting', { meetingId, endsAt: soon(120) }),
      ])
      const { title, revision, endsAt, lastEndsAt } = await rowOf(nodes[0], { ...meeting, globalId: meetingId })
      expect([title, revision, endsAt]).toEqual([`Round ${round}`, 2, lastEndsAt])
      expect((await heardIn(nodes[0], room.id)).slice(before)).toEqual(['MeetingUpdated', 'MeetingUpdated'])
    })
  }, 60_000)

  it('of two neighbours that are moved towards each other one stays', async () => {
    const day = 24 * 60
    await rounds(20, async () => {
      const meeting = await schedule(ann, room, { recurrence: 'FREQ=DAILY;COUNT=2' })
      const { startsAt } = await rowOf(nodes[0], meeting)
      const at = (minutes: number) => new Date(startsAt.getTime() + minutes * 60_000).toISOString()
      const move = (person: APerson, occurrence: string) =>
        trying(person, 'updateMeeting', { meetingId: meeting.globalId, occurrence, startsAt: at(day / 2), endsAt: at(day / 2 + 30) })
      const answers = await Promise.all([move(ann, at(0)), move(ben, at(day))])
      expect(answers.map(codeOf).sort()).toEqual(['BAD_USER_INPUT', undefined])
      expect(await rows().meetingException.count({ where: { meetingId: meeting.id } })).toBe(1)
    })
  }, 60_000)

  it('it is cancelled once', async () => {
    await rounds(20, async () => {
      const { globalId: meetingId } = await schedule(ann, room)
      const before = (await heardIn(nodes[0], room.id)).length
      await Promise.all([act(ann, 'cancelMeeting', { meetingId }), act(ben, 'cancelMeeting', { meetingId })])
      expect((await heardIn(nodes[0], room.id)).slice(before)).toEqual(['MeetingCancelled'])
    })
  }, 60_000)

  it('whoever is invited while they block, is invited before that or not at all', async () => {
    await rounds(20, async () => {
      const [invited] = await Promise.all([
        trying(ann, 'scheduleMeeting', {
          ...{ roomId: room.globalId, title: 'Plans', startsAt: soon(60), endsAt: soon(90), timeZone: 'UTC' },
          attendeeIds: [cid.globalId],
        }),
        act(cid, 'blockUser', { userId: ann.globalId }),
      ])
      expect([undefined, 'FORBIDDEN']).toContain(codeOf(invited))
      const types = (await nodes[0].services.log.after(cid.id, 0, 10_000)).map(({ type }) => type)
      expect(types.at(-1)).toBe('ViewerUpdated')
      await act(cid, 'unblockUser', { userId: ann.globalId })
    })
  }, 60_000)

  it('a room has no meeting more than it may have', async () => {
    const own = await aGroup(ann, ben)
    const limits = { ...nodes[0].services.limits, meetingsMost: 3 }
    const run = nodes[0].as(ann.actor, { limits })
    const input = { roomId: own.globalId, title: 'Plans', startsAt: soon(60), endsAt: soon(90), timeZone: 'UTC' }
    const answers = await Promise.all(Array.from({ length: 8 }, () => trying({ ...ann, run }, 'scheduleMeeting', input)))
    expect(answers.map(codeOf).filter((code) => code === 'CONFLICT')).toHaveLength(5)
    expect(await rows().meeting.count({ where: { roomId: own.id } })).toBe(3)
  })
})
