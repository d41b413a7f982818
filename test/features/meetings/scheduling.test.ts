import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../../src/config.ts'
import type { Limits } from '../../../src/graphql/limits.ts'
import { createMemoryRates, readRates } from '../../../src/store/rates.ts'
import { act, trying } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { aQuietDomain } from '../calls/support.ts'
import { expectNothingDone, refusal } from './refusals.ts'
import { heardIn, meetingFor, rowOf, schedule, soon } from './support.ts'

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

const nine = { startsAt: '2030-03-04T08:00:00.000Z', endsAt: '2030-03-04T08:30:00.000Z', timeZone: 'Europe/Berlin' }
const input = (more: object = {}) => ({ roomId: room.globalId, title: 'Plans', ...nine, ...more })
const limited = (person: APerson, limits: Partial<Limits>): APerson => {
  const services = { limits: { ...domain.services.limits, ...limits } }
  return { ...person, run: domain.as(person.actor, services) }
}
const shown = `meeting { id title description startsAt endsAt timeZone recurrence status attendeeCount link createdBy { name } room { id }
  viewerAttendance { rsvp } attendees { totalCount nodes { rsvp user { name } } } } room { id }`

describe('scheduling a meeting', () => {
  it('tells all of it, to everybody who sees the room', async () => {
    const more = { title: ' Stand-up ', description: 'What is new', recurrence: 'freq=weekly;byday=mo,we', attendeeIds: [ben.globalId] }
    // biome-ignore lint/suspicious/noExplicitAny: a meeting as it is asked for.
    const { meeting, room: shownRoom } = await act<any>(ann, 'scheduleMeeting', input(more), shown)
    expect(meeting).toEqual({
      id: expect.any(String),
      title: 'Stand-up',
      description: 'What is new',
      ...nine,
      recurrence: 'FREQ=WEEKLY;BYDAY=MO,WE',
      status: 'SCHEDULED',
      attendeeCount: 2,
      link: `https://chat.example.org/meetings/${meeting.id}`,
      createdBy: { name: 'Ann' },
      room: { id: room.globalId },
      viewerAttendance: { rsvp: 'ACCEPTED' },
      attendees: {
        totalCount: 2,
        nodes: [
          { rsvp: 'ACCEPTED', user: { name: 'Ann' } },
          { rsvp: 'PENDING', user: { name: 'Ben' } },
        ],
      },
    })
    expect(shownRoom).toEqual({ id: room.globalId })
    expect(await meetingFor(ben, { id: '', globalId: meeting.id })).toMatchObject({ title: 'Stand-up', room: { id: room.globalId } })
    expect(await meetingFor(cid, { id: '', globalId: meeting.id })).toBeNull()
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled'])
    expect([await heardIn(domain, ann.id), await heardIn(domain, ben.id)]).toEqual([[], ['MeetingInvited']])
  })

  it('pages its attendees in the order in which they were named', async () => {
    const people = await Promise.all(['Dan', 'Eve', 'Fay', 'Gus'].map((name) => domain.aPerson(name)))
    const attendeeIds = people.map(({ globalId }) => globalId)
    const meeting = await schedule(ann, room, { attendeeIds })
    const document = `query ($id: ID!, $after: String) { meeting(id: $id) { attendees(first: 2, after: $after) {
      nodes { user { name } } pageInfo { hasNextPage endCursor } } } }`
    const names: string[] = []
    let after: string | null = null
    do {
      // biome-ignore lint/suspicious/noExplicitAny: a page.
      const { data }: any = await ben.run(document, { id: meeting.globalId, after })
      const { nodes, pageInfo } = data.meeting.attendees
      names.push(...nodes.map(({ user }: { user: { name: string } }) => user.name))
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null
    } while (after !== null)
    expect(names).toEqual(['Ann', 'Dan', 'Eve', 'Fay', 'Gus'])
  })

  it('asks everybody in the room to come when nobody is named, but for who is blocked; in a large one nobody', async () => {
    const dan = await domain.aPerson('Dan')
    await act(ann, 'addRoomMember', { roomId: room.globalId, userId: dan.globalId })
    await act(dan, 'blockUser', { userId: ann.globalId })
    expect(await meetingFor(ann, await schedule(ann, room))).toMatchObject({ attendeeCount: 2 })
    expect([await heardIn(domain, ben.id), await heardIn(domain, dan.id)]).toEqual([['MeetingInvited'], []])
    expect(await meetingFor(ann, await schedule(limited(ann, { listMost: 2 }), room))).toMatchObject({ attendeeCount: 1 })
    expect(await meetingFor(ann, await schedule(ann, room, { attendeeIds: [] }))).toMatchObject({ attendeeCount: 1 })
    expect(await heardIn(domain, ben.id)).toEqual(['MeetingInvited'])
  })

  it('makes a member of who schedules one in a public channel', async () => {
    const team = await aTeam(ann, ben, cid)
    const channel = await aChannel(team, ann)
    await schedule(cid, channel, { attendeeIds: [ben.globalId] })
    const members = await domain.database.prisma.roomMember.findMany({ where: { roomId: channel.id, leftAt: null } })
    expect(members.map(({ userId }) => userId).sort()).toEqual([ann.id, cid.id].sort())
    // Ben sees the channel: they are asked to come, and are nobody's guest.
    const [benAttends] = await domain.database.prisma.meetingAttendee.findMany({ where: { userId: ben.id } })
    expect(benAttends).toMatchObject({ isGuest: false, rsvp: 'PENDING', invitedById: cid.id })
  })

  it('is in a direct room for the two', async () => {
    const two = await aDirectRoom(ann, cid)
    const meeting = await schedule(ann, two)
    expect(await meetingFor(cid, meeting)).toMatchObject({ attendeeCount: 2 })
    expect(await refusal(ann, 'scheduleMeeting', { ...input({ attendeeIds: [ben.globalId] }), roomId: two.globalId })).toEqual([
      'FORBIDDEN',
      undefined,
    ])
    await act(cid, 'blockUser', { userId: ann.globalId })
    expect(await refusal(ann, 'scheduleMeeting', { ...input(), roomId: two.globalId })).toEqual(['FORBIDDEN', undefined])
  })

  it('gives the first one for the same nonce', async () => {
    const more = { nonce: 'once', attendeeIds: [ben.globalId], description: 'What is new', recurrence: 'FREQ=DAILY' }
    const first = await schedule(ann, room, { ...nine, ...more })
    expect(await schedule(ann, room, { ...nine, ...more, recurrence: 'freq=daily' })).toEqual(first)
    expect(await heardIn(domain, ben.id)).toEqual(['MeetingInvited'])
    const others = [
      { title: 'Other plans' },
      { endsAt: '2030-03-04T08:31:00Z' },
      { attendeeIds: [] },
      { recurrence: null },
      { description: null },
    ]
    for (const other of others) expect(await refusal(ann, 'scheduleMeeting', input({ ...more, ...other }))).toEqual(['CONFLICT', 'nonce'])
    // It outlives the meeting's changes, and belongs to person and room.
    await act(ann, 'cancelMeeting', { meetingId: first.globalId })
    expect(await schedule(ann, room, { ...nine, ...more })).toEqual(first)
    expect(await schedule(ben, room, { ...nine, ...more, attendeeIds: [] })).not.toEqual(first)
  })

  it('is once what is asked for twice at once', async () => {
    const twice = await Promise.all([1, 2].map(() => schedule(ann, room, { ...nine, nonce: 'at once' })))
    expect(twice[0]).toEqual(twice[1])
    expect(await domain.database.prisma.meeting.count({ where: { roomId: room.id } })).toBe(1)
  })

  it('needs no reminder when it is near: the invitation is one', async () => {
    const near = await schedule(ann, room, { startsAt: soon(5), endsAt: soon(30) })
    const { startsAt, remindedOf, dueAt } = await rowOf(domain, near)
    expect([remindedOf, dueAt]).toEqual([startsAt, startsAt])
    const far = await rowOf(domain, await schedule(ann, room))
    expect(far.remindedOf).toBeNull()
    expect(far.dueAt!.getTime()).toBe(far.startsAt.getTime() - domain.services.meetings.terms.meetingReminderMs)
  })

  it('may have begun already, and of a series be past', async () => {
    expect(await meetingFor(ann, await schedule(ann, room, { startsAt: soon(-5), endsAt: soon(5) }))).toMatchObject({ status: 'SCHEDULED' })
    const series = await schedule(ann, room, { startsAt: soon(-60 * 24 * 7), endsAt: soon(-60 * 24 * 7 + 30), recurrence: 'FREQ=DAILY' })
    const { currentStart } = await rowOf(domain, series)
    expect(currentStart.getTime()).toBeGreaterThan(Date.now() - 3_600_000)
  })

  it.each([
    ['an end before its start', { endsAt: '2030-03-04T07:59:59.999Z' }, 'endsAt'],
    ['no length', { endsAt: nine.startsAt }, 'endsAt'],
    ['more than a week', { endsAt: '2030-03-11T08:00:00.001Z' }, 'endsAt'],
    ['a time that is past', { startsAt: '2020-03-04T08:00:00Z', endsAt: '2020-03-04T09:00:00Z' }, 'endsAt'],
    ['a time of the first year', { startsAt: '0001-01-01T00:00:00Z', endsAt: '0001-01-01T01:00:00Z' }, 'endsAt'],
    ['an unknown zone', { timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['an offset for a zone', { timeZone: '+01:00' }, 'timeZone'],
    ['a zone with a NUL', { timeZone: 'UTC\0' }, 'timeZone'],
    ['a huge zone', { timeZone: 'Europe/'.padEnd(100_000, 'x') }, 'timeZone'],
    ['no zone', { timeZone: '' }, 'timeZone'],
    ['a recurrence that is none', { recurrence: 'every day' }, 'recurrence'],
    ['an empty recurrence', { recurrence: '' }, 'recurrence'],
    ['a huge recurrence', { recurrence: `FREQ=YEARLY;BYYEARDAY=${Array(10_000).fill(63).join()}` }, 'recurrence'],
    ['a recurrence that never happens', { recurrence: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }, 'recurrence'],
    ['a recurrence that happens each second', { recurrence: 'FREQ=SECONDLY' }, 'recurrence'],
    ['a recurrence that always happens', { recurrence: 'FREQ=DAILY', endsAt: '2030-03-05T08:00:00Z' }, 'endsAt'],
    ['a recurrence that does not pick its start', { recurrence: 'FREQ=WEEKLY;BYDAY=TU' }, 'recurrence'],
    ['a recurrence that counts too far', { recurrence: 'FREQ=DAILY;COUNT=1001' }, 'recurrence'],
    [
      'a recurrence that is over',
      { startsAt: '2020-03-04T08:00:00Z', endsAt: '2020-03-04T09:00:00Z', recurrence: 'FREQ=DAILY;COUNT=10' },
      'recurrence',
    ],
    [
      'a recurrence since the first year',
      { startsAt: '0001-01-01T00:00:00Z', endsAt: '0001-01-01T01:00:00Z', recurrence: 'FREQ=DAILY;COUNT=9' },
      'startsAt',
    ],
    ['no title', { title: ' ' }, 'title'],
    ['a title that is long', { title: 'x'.repeat(121) }, 'title'],
    ['a title that turns others around', { title: '\u202eplans' }, 'title'],
    ['a title with half a character', { title: 'a \ud800' }, 'title'],
    ['a description that is long', { description: 'x'.repeat(4001) }, 'description'],
    ['a description with a NUL', { description: 'a\0' }, 'description'],
    ['a nonce that is empty', { nonce: '' }, 'nonce'],
    ['a nonce that is long', { nonce: 'x'.repeat(65) }, 'nonce'],
    ['an attendee that is no id', { attendeeIds: ['nonsense'] }, 'attendeeIds'],
    ['a room that is no id', { roomId: 'nonsense' }, 'roomId'],
  ])('refuses %s', async (_name, more, field) => {
    await expectNothingDone(domain, room, [ann, ben], async () => {
      expect(await refusal(ann, 'scheduleMeeting', input(more))).toEqual(['BAD_USER_INPUT', field])
    })
  })

  it('takes as much as fits', async () => {
    const more = { title: '😀'.repeat(120), description: 'x'.repeat(4000), endsAt: '2030-03-11T08:00:00Z', nonce: 'x'.repeat(64) }
    const meeting = await schedule(ann, room, { ...nine, ...more })
    expect(await meetingFor(ann, meeting)).toMatchObject({ title: more.title })
    expect(await rowOf(domain, await schedule(ann, room, { description: ' \n' }))).toMatchObject({ description: null })
  })

  it('bounds how many are invited, and how many there are', async () => {
    const few = limited(ann, { attendeesMost: 2, meetingsMost: 2 })
    expect(await refusal(few, 'scheduleMeeting', input({ attendeeIds: [ben.globalId, cid.globalId] }))).toEqual([
      'BAD_USER_INPUT',
      'attendeeIds',
    ])
    // Who schedules it counts once, and so does who is named twice.
    const two = await schedule(few, room, { attendeeIds: [ben.globalId, ann.globalId, ben.globalId] })
    await schedule(few, room)
    expect(await refusal(few, 'scheduleMeeting', input())).toEqual(['CONFLICT', undefined])
    await act(ann, 'cancelMeeting', { meetingId: two.globalId })
    await schedule(few, room)
  })

  it('is not for strangers, and neither are ids of something else', async () => {
    const nobody = Buffer.from('User:01890000-0000-7000-8000-000000000000').toString('base64url')
    await expectNothingDone(domain, room, [ann, ben, cid], async () => {
      expect(await refusal(cid, 'scheduleMeeting', input())).toEqual(['NOT_FOUND', undefined])
      expect(await refusal(ann, 'scheduleMeeting', input({ roomId: ann.globalId }))).toEqual(['NOT_FOUND', undefined])
      expect(await refusal(ann, 'scheduleMeeting', input({ attendeeIds: [room.globalId] }))).toEqual(['NOT_FOUND', undefined])
      expect(await refusal(ann, 'scheduleMeeting', input({ attendeeIds: [nobody] }))).toEqual(['NOT_FOUND', undefined])
    })
    await act(ann, 'removeRoomMember', { roomId: room.globalId, userId: ben.globalId })
    expect(await refusal(ben, 'scheduleMeeting', input())).toEqual(['NOT_FOUND', undefined])
  })

  it('is not for who is muted, and not where a room is archived', async () => {
    await act(ann, 'muteMember', { roomId: room.globalId, userId: ben.globalId, until: '2100-01-01T00:00:00Z' })
    expect(await refusal(ben, 'scheduleMeeting', input())).toEqual(['FORBIDDEN', undefined])
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    expect(await refusal(ann, 'scheduleMeeting', input())).toEqual(['FORBIDDEN', undefined])
    expect(await heardIn(domain, room.id)).toEqual([])
  })

  it('reaches people at a limited rate', async () => {
    const rates = createMemoryRates(readRates(readConfig({ REACH_PER_MINUTE: '1' })))
    const run = domain.as(ann.actor, { rates })
    expect((await trying({ ...ann, run }, 'scheduleMeeting', input({ nonce: 'one' }))).errors).toBeUndefined()
    expect(await refusal({ ...ann, run }, 'scheduleMeeting', input())).toEqual(['RATE_LIMITED', undefined])
    expect((await trying({ ...ann, run }, 'scheduleMeeting', input({ nonce: 'one' }))).errors).toBeUndefined()
  })
})

describe('guests', () => {
  it('are invited by who may manage members: they see the meeting, and not the room', async () => {
    const meeting = await schedule(ann, room, { attendeeIds: [cid.globalId] })
    expect(await meetingFor(cid, meeting)).toMatchObject({ title: 'Plans', room: null, activeCall: null, attendeeCount: 2 })
    const document = 'query ($id: ID!) { node(id: $id) { ... on Meeting { attendees { nodes { id user { name } } } } } }'
    // biome-ignore lint/suspicious/noExplicitAny: as it is asked for.
    const { data }: any = await cid.run(document, { id: meeting.globalId })
    expect(data.node.attendees.nodes.map(({ user }: { user: { name: string } }) => user.name)).toEqual(['Ann', 'Cid'])
    const attendee = 'query ($id: ID!) { node(id: $id) { ... on MeetingAttendee { rsvp } } }'
    expect((await cid.run(attendee, { id: data.node.attendees.nodes[0].id })).data).toEqual({ node: { rsvp: 'ACCEPTED' } })
    const dan = await domain.aPerson('Dan')
    expect((await dan.run(attendee, { id: data.node.attendees.nodes[0].id })).data).toEqual({ node: null })
    expect((await cid.run('query ($id: ID!) { room(id: $id) { id } }', { id: room.globalId })).data).toEqual({ room: null })
  })

  it('are so many at once as a new room can have members', async () => {
    const dan = await domain.aPerson('Dan')
    const attendeeIds = [ben.globalId, cid.globalId, dan.globalId]
    const few = limited(ann, { listMost: 1 })
    await expectNothingDone(domain, room, [ann, ben, cid, dan], async () => {
      expect(await refusal(few, 'scheduleMeeting', input({ attendeeIds }))).toEqual(['BAD_USER_INPUT', 'attendeeIds'])
    })
    // Who sees the room is none, and who is one already is not asked again.
    const meeting = await schedule(few, room, { attendeeIds: [ben.globalId, cid.globalId] })
    await act(few, 'updateMeeting', { meetingId: meeting.globalId, attendeeIds })
    expect(await meetingFor(dan, meeting)).toMatchObject({ room: null, attendeeCount: 4 })
  })

  it('are nobody whom plain members name', async () => {
    await expectNothingDone(domain, room, [ann, ben, cid], async () => {
      expect(await refusal(ben, 'scheduleMeeting', input({ attendeeIds: [ann.globalId, cid.globalId] }))).toEqual(['FORBIDDEN', undefined])
    })
  })

  it.each(['ann blocks cid', 'cid blocks ann'])('are nobody with whom one is at odds: %s', async (which) => {
    const [blocker, blocked] = which.startsWith('ann') ? [ann, cid] : [cid, ann]
    await act(blocker, 'blockUser', { userId: blocked.globalId })
    await expectNothingDone(domain, room, [ann, ben, cid], async () => {
      expect(await refusal(ann, 'scheduleMeeting', input({ attendeeIds: [cid.globalId] }))).toEqual(['FORBIDDEN', undefined])
    })
  })

  it('have an account', async () => {
    await domain.database.prisma.user.update({ where: { id: cid.id }, data: { deletedAt: new Date() } })
    expect(await refusal(ann, 'scheduleMeeting', input({ attendeeIds: [cid.globalId] }))).toEqual(['NOT_FOUND', undefined])
  })

  it('are, in a private channel, people of its team', async () => {
    const dan = await domain.aPerson('Dan')
    const team = await aTeam(ann, ben, cid)
    const channel = await aChannel(team, ann, { isPrivate: true })
    const where = { roomId: channel.globalId }
    expect(await refusal(ann, 'scheduleMeeting', { ...input({ attendeeIds: [dan.globalId] }), ...where })).toEqual(['FORBIDDEN', undefined])
    const meeting = await schedule(ann, channel, { attendeeIds: [cid.globalId] })
    expect(await meetingFor(cid, meeting)).toMatchObject({ room: null })
    expect(await meetingFor(ben, meeting)).toBeNull()
  })
})
