import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Limits } from '../../../src/graphql/limits.ts'
import { act } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aQuietDomain } from '../calls/support.ts'
import { expectNothingDone, refusal } from './refusals.ts'
import { type AMeeting, heardIn, joinMeeting, leave, meetingFor, moveBack, pass, rowOf, saidIn, schedule, soon } from './support.ts'

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

const limited = (person: APerson, limits: Partial<Limits>): APerson => {
  const services = { limits: { ...domain.services.limits, ...limits } }
  return { ...person, run: domain.as(person.actor, services) }
}
const everybody = () => schedule(ann, room, { attendeeIds: [ben.globalId, cid.globalId] })
const update = (person: APerson, { globalId }: AMeeting, input: object) => act(person, 'updateMeeting', { meetingId: globalId, ...input })
const refused = (person: APerson, { globalId }: AMeeting, input: object) =>
  refusal(person, 'updateMeeting', { meetingId: globalId, ...input })
const nothingDone = (attempt: () => Promise<unknown>) => expectNothingDone(domain, room, [ann, ben, cid], attempt)

/** Since the meeting was scheduled: in the room, and in the inbox of its guest. */
const heardSince = async () => [(await heardIn(domain, room.id)).slice(1), (await heardIn(domain, cid.id)).slice(1)]

/** Each day at nine in Berlin, from the day after tomorrow on. */
const day = 24 * 3_600_000
const first = Math.floor(Date.now() / day) * day + 2 * day + 9 * 3_600_000
const nine = (days: number, minutes = 0) => new Date(first + days * day + minutes * 60_000).toISOString()
const daily = (more: object = {}) =>
  schedule(ann, room, {
    startsAt: nine(0),
    endsAt: nine(0, 30),
    timeZone: 'UTC',
    recurrence: 'FREQ=DAILY',
    attendeeIds: [cid.globalId],
    ...more,
  })
const occurrencesOf = async (person: APerson, { globalId }: AMeeting, days: number) => {
  const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { meeting(id: $id) {
    occurrences(from: $from, to: $to) { originalStart startsAt endsAt status } } }`
  // biome-ignore lint/suspicious/noExplicitAny: as it is asked for.
  const { data }: any = await person.run(document, { id: globalId, from: nine(-1), to: nine(days) })
  return data.meeting.occurrences
}

describe('updating a meeting', () => {
  it('changes what is said, and leaves the rest', async () => {
    const meeting = await everybody()
    const before = await rowOf(domain, meeting)
    await update(ann, meeting, { title: 'Other plans', description: 'More of it' })
    const { updatedAt, revision, ...rest } = await rowOf(domain, meeting)
    const { updatedAt: then, revision: _first, ...held } = before
    expect(rest).toEqual({ ...held, title: 'Other plans', description: 'More of it' })
    expect([revision, updatedAt > then]).toEqual([1, true])
    expect(await heardSince()).toEqual([['MeetingUpdated'], ['MeetingChanged']])
    await update(ann, meeting, { description: null })
    expect(await rowOf(domain, meeting)).toMatchObject({ title: 'Other plans', description: null })
  })

  it('that changes nothing nobody hears of', async () => {
    const meeting = await daily({ description: 'Same' })
    const same = {
      title: 'Plans',
      description: 'Same',
      startsAt: nine(0),
      endsAt: nine(0, 30),
      timeZone: 'UTC',
      recurrence: 'freq=daily;interval=1',
    }
    await nothingDone(() => update(ann, meeting, { ...same, attendeeIds: [cid.globalId] }))
    await nothingDone(() => update(ann, meeting, {}))
    await nothingDone(() => update(ann, meeting, { occurrence: nine(1), startsAt: nine(1) }))
    await nothingDone(() => update(ann, meeting, { occurrence: nine(1) }))
  })

  it('is for whoever scheduled it and those who run the room, as long as they may say something there', async () => {
    const meeting = await schedule(ben, room)
    await update(ben, meeting, { title: 'By Ben' })
    await update(ann, meeting, { title: 'By Ann' })
    await act(ann, 'muteMember', { roomId: room.globalId, userId: ben.globalId, until: '2100-01-01T00:00:00Z' })
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, attendeeIds: [cid.globalId] })
    const others = await schedule(ann, room)
    await nothingDone(async () => {
      expect(await refused(ben, meeting, { title: 'Muted' })).toEqual(['FORBIDDEN', undefined])
      expect(await refused(cid, meeting, { title: 'A guest' })).toEqual(['FORBIDDEN', undefined])
      expect(await refused(cid, others, { title: 'A stranger' })).toEqual(['NOT_FOUND', undefined])
      expect(await refused(ben, others, { title: 'A member' })).toEqual(['FORBIDDEN', undefined])
    })
    await act(ann, 'removeRoomMember', { roomId: room.globalId, userId: ben.globalId })
    expect(await refused(ben, meeting, { title: 'Removed' })).toEqual(['NOT_FOUND', undefined])
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    expect(await refused(ann, meeting, { title: 'Archived' })).toEqual(['FORBIDDEN', undefined])
  })

  it.each([
    ['no title', { title: null }, 'title'],
    ['an empty title', { title: '' }, 'title'],
    ['no start', { startsAt: null }, 'startsAt'],
    ['no end', { endsAt: null }, 'endsAt'],
    ['no zone', { timeZone: null }, 'timeZone'],
    ['an unknown zone', { timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['no list of attendees', { attendeeIds: null }, 'attendeeIds'],
    ['an attendee that is no id', { attendeeIds: ['nonsense'] }, 'attendeeIds'],
    ['a start after its end', { startsAt: nine(3) }, 'startsAt'],
    ['an end before its start', { endsAt: nine(-1) }, 'endsAt'],
    ['both upside down', { startsAt: nine(2), endsAt: nine(1) }, 'endsAt'],
    ['a time that is past', { startsAt: soon(-60), endsAt: soon(-30), recurrence: null }, 'endsAt'],
    [
      'a recurrence that is past',
      { startsAt: soon(-60 * 48), endsAt: soon(-60 * 48 + 30), recurrence: 'FREQ=DAILY;COUNT=1' },
      'recurrence',
    ],
    ['a recurrence that never happens', { recurrence: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }, 'recurrence'],
    ['an occurrence with a title', { occurrence: nine(1), title: 'Other plans' }, 'title'],
    ['an occurrence with a description', { occurrence: nine(1), description: null }, 'description'],
    ['an occurrence with a zone', { occurrence: nine(1), timeZone: 'UTC' }, 'timeZone'],
    ['an occurrence with a recurrence', { occurrence: nine(1), recurrence: null }, 'recurrence'],
    ['an occurrence with attendees', { occurrence: nine(1), attendeeIds: [] }, 'attendeeIds'],
    ['an occurrence that ends before it begins', { occurrence: nine(1), endsAt: nine(1, -1) }, 'endsAt'],
    ['an occurrence that begins after it ends', { occurrence: nine(1), startsAt: nine(1, 31) }, 'startsAt'],
    ['an occurrence of the past', { occurrence: nine(0), startsAt: soon(-60), endsAt: soon(-30) }, 'endsAt'],
    ['an occurrence before its neighbour', { occurrence: nine(1), startsAt: nine(0, -60), endsAt: nine(0, -30) }, 'startsAt'],
    ['an occurrence that touches the one before', { occurrence: nine(1), startsAt: nine(0, 30) }, 'startsAt'],
    ['an occurrence that touches the one after', { occurrence: nine(1), endsAt: nine(2) }, 'endsAt'],
    ['an occurrence behind its neighbour', { occurrence: nine(1), startsAt: nine(2, 60), endsAt: nine(2, 90) }, 'endsAt'],
  ])('refuses %s', async (_name, input, field) => {
    const meeting = await daily()
    await nothingDone(async () => expect(await refused(ann, meeting, input)).toEqual(['BAD_USER_INPUT', field]))
  })

  it('finds only meetings, and only occurrences that there are', async () => {
    const meeting = await daily()
    await nothingDone(async () => {
      expect(await refusal(ann, 'updateMeeting', { meetingId: 'nonsense' })).toEqual(['BAD_USER_INPUT', 'meetingId'])
      expect(await refusal(ann, 'updateMeeting', { meetingId: room.globalId })).toEqual(['NOT_FOUND', undefined])
      expect(await refused(ann, meeting, { occurrence: nine(1, 1), startsAt: nine(1, 5) })).toEqual(['NOT_FOUND', 'occurrence'])
      expect(await refused(ann, meeting, { occurrence: nine(-1), startsAt: nine(1, 5) })).toEqual(['NOT_FOUND', 'occurrence'])
    })
    expect(await refused(ann, await everybody(), { occurrence: nine(1), startsAt: nine(1, 5) })).toEqual(['NOT_FOUND', 'occurrence'])
  })

  it('keeps what is over as it was', async () => {
    const [over, cancelled, lagging] = [await everybody(), await everybody(), await everybody()]
    await pass(domain, over, 120)
    await act(ann, 'cancelMeeting', { meetingId: cancelled.globalId })
    // Nobody has looked yet.
    await moveBack(domain, lagging, 120)
    await nothingDone(async () => {
      for (const meeting of [over, cancelled, lagging])
        expect(await refused(ann, meeting, { title: 'Too late' })).toEqual(['CONFLICT', 'meetingId'])
    })
  })

  it('counts as reaching people when it invites them, and else as saying something', async () => {
    const spent: string[] = []
    const run = domain.as(ann.actor, { rates: { ...domain.services.rates, spend: async (name: string) => void spent.push(name) } })
    const meeting = await everybody()
    await update({ ...ann, run }, meeting, { title: 'Other plans' })
    await update({ ...ann, run }, meeting, { attendeeIds: [] })
    expect(spent).toEqual(['send', 'reach'])
  })
})

describe('the times of a meeting', () => {
  it('may be others', async () => {
    const meeting = await everybody()
    await update(ann, meeting, { startsAt: nine(5), endsAt: nine(5, 45), timeZone: 'Asia/Tokyo' })
    const times = { startsAt: new Date(nine(5)), endsAt: new Date(nine(5, 45)) }
    const moved = {
      currentStart: times.startsAt,
      firstStartsAt: times.startsAt,
      lastEndsAt: times.endsAt,
      timeZone: 'Asia/Tokyo',
      revision: 1,
    }
    const row = await rowOf(domain, meeting)
    expect(row).toMatchObject({ ...times, ...moved })
    expect(row.dueAt!.getTime()).toBe(row.startsAt.getTime() - domain.services.meetings.terms.meetingReminderMs)
    expect(await heardSince()).toEqual([['MeetingUpdated'], ['MeetingChanged']])
  })

  it('come again and again, or once, as is said later', async () => {
    const meeting = await everybody()
    await update(ann, meeting, { recurrence: 'FREQ=DAILY' })
    expect(await rowOf(domain, meeting)).toMatchObject({ recurrence: 'FREQ=DAILY', lastEndsAt: null })
    await update(ann, meeting, { recurrence: null })
    const { endsAt, lastEndsAt, recurrence } = await rowOf(domain, meeting)
    expect([recurrence, lastEndsAt]).toEqual([null, endsAt])
  })

  it('put off while it runs begin anew, and are longer without that', async () => {
    const meeting = await everybody()
    await moveBack(domain, meeting, 70)
    const place = await joinMeeting(ann, meeting)
    expect(await meetingFor(ann, meeting)).toMatchObject({ status: 'IN_PROGRESS' })
    await update(ann, meeting, { endsAt: soon(120) })
    expect(await meetingFor(ann, meeting)).toMatchObject({ status: 'IN_PROGRESS' })
    await update(ann, meeting, { startsAt: soon(-20) })
    expect(await meetingFor(ann, meeting)).toMatchObject({ status: 'IN_PROGRESS' })
    await update(ann, meeting, { startsAt: soon(60) })
    expect(await meetingFor(ann, meeting)).toMatchObject({ status: 'SCHEDULED' })
    await leave(ann, place)
    // It said once that it had started, and the room heard once of each change.
    expect(await saidIn(domain, room)).toEqual(['MEETING_STARTED'])
    expect(await heardIn(domain, room.id)).toEqual(['MeetingScheduled', ...Array(4).fill('MeetingUpdated')])
  })

  it('of a series that has come far begin with the one of now', async () => {
    const meeting = await schedule(ann, room, { startsAt: soon(-60 * 72), endsAt: soon(-60 * 72 + 30), recurrence: 'FREQ=DAILY' })
    const { startsAt } = await rowOf(domain, meeting)
    await update(ann, meeting, { startsAt: new Date(startsAt.getTime() - 5 * 60_000).toISOString() })
    const { currentStart, firstStartsAt } = await rowOf(domain, meeting)
    expect(currentStart.getTime()).toBe(startsAt.getTime() - 5 * 60_000 + 3 * day)
    expect(firstStartsAt.getTime()).toBe(startsAt.getTime() - 5 * 60_000)
  })

  it('that are others make void what was moved or cancelled; a length does not', async () => {
    const meeting = await daily()
    await update(ann, meeting, { occurrence: nine(1), startsAt: nine(1, 60), endsAt: nine(1, 70) })
    await act(ann, 'cancelMeeting', { meetingId: meeting.globalId, occurrence: nine(2) })
    await update(ann, meeting, { endsAt: nine(0, 40), title: 'Longer' })
    expect(await occurrencesOf(ben, meeting, 3)).toEqual([
      { originalStart: nine(0), startsAt: nine(0), endsAt: nine(0, 40), status: 'SCHEDULED' },
      { originalStart: nine(1), startsAt: nine(1, 60), endsAt: nine(1, 70), status: 'SCHEDULED' },
      { originalStart: nine(2), startsAt: nine(2), endsAt: nine(2, 40), status: 'CANCELLED' },
    ])
    await update(ann, meeting, { startsAt: nine(0, 1) })
    expect((await occurrencesOf(ben, meeting, 3)).map(({ startsAt, status }: Record<string, string>) => [startsAt, status])).toEqual(
      [0, 1, 2].map((days) => [nine(days, 1), 'SCHEDULED']),
    )
  })

  it('do not run into an occurrence that was moved', async () => {
    const meeting = await daily()
    await update(ann, meeting, { occurrence: nine(1), startsAt: nine(0, 60), endsAt: nine(0, 70) })
    await nothingDone(async () => expect(await refused(ann, meeting, { endsAt: nine(0, 60) })).toEqual(['BAD_USER_INPUT', 'endsAt']))
    await update(ann, meeting, { endsAt: nine(0, 59) })
  })
})

describe('moving one occurrence', () => {
  it('keeps it between those beside it, under the id that it has', async () => {
    const meeting = await daily({ recurrence: 'FREQ=DAILY;COUNT=3' })
    await update(ann, meeting, { occurrence: nine(2), startsAt: nine(5), endsAt: nine(5, 10) })
    await update(ann, meeting, { occurrence: nine(0), startsAt: nine(0, -60) })
    await update(ann, meeting, { occurrence: nine(1), startsAt: nine(4), endsAt: nine(4, 30) })
    expect(await occurrencesOf(cid, meeting, 9)).toEqual([
      { originalStart: nine(0), startsAt: nine(0, -60), endsAt: nine(0, 30), status: 'SCHEDULED' },
      { originalStart: nine(1), startsAt: nine(4), endsAt: nine(4, 30), status: 'SCHEDULED' },
      { originalStart: nine(2), startsAt: nine(5), endsAt: nine(5, 10), status: 'SCHEDULED' },
    ])
    const { firstStartsAt, lastEndsAt, revision } = await rowOf(domain, meeting)
    expect([firstStartsAt, lastEndsAt, revision]).toEqual([new Date(nine(0, -60)), new Date(nine(5, 10)), 3])
    expect(await heardSince()).toEqual([Array(3).fill('MeetingUpdated'), Array(3).fill('MeetingChanged')])
    // And back.
    expect(await refused(ann, meeting, { occurrence: nine(2), startsAt: nine(2), endsAt: nine(2, 30) })).toEqual([
      'BAD_USER_INPUT',
      'startsAt',
    ])
    await update(ann, meeting, { occurrence: nine(1), startsAt: nine(1), endsAt: nine(1, 30) })
    await update(ann, meeting, { occurrence: nine(2), startsAt: nine(2), endsAt: nine(2, 30) })
    expect((await rowOf(domain, meeting)).lastEndsAt).toEqual(new Date(nine(2, 30)))
  })

  it('passes a cancelled one, which is nobody’s neighbour', async () => {
    const meeting = await daily()
    await act(ann, 'cancelMeeting', { meetingId: meeting.globalId, occurrence: nine(2) })
    await update(ann, meeting, { occurrence: nine(1), startsAt: nine(2), endsAt: nine(2, 30) })
    expect(await refused(ann, meeting, { occurrence: nine(2), startsAt: nine(2, 60) })).toEqual(['CONFLICT', 'occurrence'])
  })

  it('moves the meeting itself where it happens once', async () => {
    const meeting = await everybody()
    const { startsAt } = await rowOf(domain, meeting)
    await update(ann, meeting, { occurrence: startsAt.toISOString(), startsAt: nine(3), endsAt: nine(3, 30) })
    expect(await rowOf(domain, meeting)).toMatchObject({ startsAt: new Date(nine(3)), currentStart: new Date(nine(3)) })
    expect(await domain.database.prisma.meetingException.count({ where: { meetingId: meeting.id } })).toBe(0)
  })

  it('is refused for what runs or is over', async () => {
    const meeting = await schedule(ann, room, { startsAt: soon(-10), endsAt: soon(20), recurrence: 'FREQ=DAILY' })
    const { startsAt } = await rowOf(domain, meeting)
    const occurrence = startsAt.toISOString()
    await update(ann, meeting, { occurrence, endsAt: soon(30) })
    await joinMeeting(ben, meeting)
    expect(await refused(ann, meeting, { occurrence, endsAt: soon(40) })).toEqual(['CONFLICT', 'occurrence'])
    const past = await schedule(ann, room, { startsAt: soon(-60 * 48), endsAt: soon(-60 * 48 + 30), recurrence: 'FREQ=DAILY' })
    const original = (await rowOf(domain, past)).startsAt.toISOString()
    expect(await refused(ann, past, { occurrence: original, endsAt: soon(40) })).toEqual(['CONFLICT', 'occurrence'])
  })

  it('is bounded', async () => {
    const meeting = await daily()
    const few = limited(ann, { exceptionsMost: 1 })
    await update(few, meeting, { occurrence: nine(1), startsAt: nine(1, 5) })
    await update(few, meeting, { occurrence: nine(1), startsAt: nine(1, 10) })
    await nothingDone(async () =>
      expect(await refused(few, meeting, { occurrence: nine(2), startsAt: nine(2, 5) })).toEqual(['CONFLICT', undefined]),
    )
  })
})

describe('other attendees', () => {
  it('come instead: whoever stays keeps their answer, and whoever is off sees it no more', async () => {
    const dan = await domain.aPerson('Dan')
    const meeting = await everybody()
    await act(ben, 'respondToMeeting', { meetingId: meeting.globalId, rsvp: 'TENTATIVE' })
    await update(ann, meeting, { attendeeIds: [dan.globalId, ben.globalId] })
    const rows = await domain.database.prisma.meetingAttendee.findMany({ where: { meetingId: meeting.id } })
    const standing = Object.fromEntries(rows.map(({ userId, rsvp, isGuest }) => [userId, [rsvp, isGuest]]))
    expect(standing).toEqual({ [ann.id]: ['ACCEPTED', false], [ben.id]: ['TENTATIVE', false], [dan.id]: ['PENDING', true] })
    expect([await meetingFor(cid, meeting), await meetingFor(dan, meeting)]).toMatchObject([null, { title: 'Plans' }])
    expect(await heardIn(domain, cid.id)).toEqual(['MeetingInvited', 'MeetingChanged', 'MeetingChanged'])
    expect([await heardIn(domain, dan.id), await heardIn(domain, ben.id)]).toEqual([['MeetingInvited'], ['MeetingInvited']])
    // Neither its times nor its words have changed.
    expect(await rowOf(domain, meeting)).toMatchObject({ revision: 0 })
  })

  it('leave whoever scheduled it, also when somebody else says who comes', async () => {
    const meeting = await schedule(ben, room)
    await update(ann, meeting, { attendeeIds: [] })
    expect(await meetingFor(ben, meeting)).toMatchObject({ attendeeCount: 1 })
    await update(ann, meeting, { attendeeIds: [ann.globalId, ben.globalId] })
    expect(await meetingFor(ben, meeting)).toMatchObject({ attendeeCount: 2 })
  })

  it('are refused as when it is scheduled', async () => {
    const meeting = await schedule(ben, room)
    const few = limited(ben, { attendeesMost: 1 })
    await nothingDone(async () => {
      expect(await refused(ben, meeting, { attendeeIds: [cid.globalId] })).toEqual(['FORBIDDEN', undefined])
      expect(await refused(ben, meeting, { attendeeIds: [room.globalId] })).toEqual(['NOT_FOUND', undefined])
      expect(await refused(few, meeting, { attendeeIds: [ann.globalId] })).toEqual(['BAD_USER_INPUT', 'attendeeIds'])
    })
  })

  it('who left the room stay listed, and are no way back', async () => {
    const meeting = await everybody()
    await act(ann, 'removeRoomMember', { roomId: room.globalId, userId: ben.globalId })
    await update(ann, meeting, { attendeeIds: [ben.globalId] })
    expect(await meetingFor(ben, meeting)).toBeNull()
    // Asked anew, they are guests.
    await update(ann, meeting, { attendeeIds: [] })
    await update(ann, meeting, { attendeeIds: [ben.globalId] })
    expect(await meetingFor(ben, meeting)).toMatchObject({ room: null })
  })
})
