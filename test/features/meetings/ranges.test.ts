import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { uuid } from '../../../src/lib/uuid.ts'
import type { Database } from '../../../src/store/database.ts'
import { act } from '../../support/acting.ts'
import { codeOf } from '../../support/codes.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { aQuietDomain } from '../calls/support.ts'
import { counted } from '../messages/support.ts'
import { type AMeeting, schedule } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid] = [await domain.aPerson('Ann'), await domain.aPerson('Ben'), await domain.aPerson('Cid')]
  room = await aGroup(ann, ben)
})

/** On a day of March 2030, which begins on a Friday; New York puts its clocks forward on the 10th. */
const at = (time: string) => new Date(`2030-03-${time}:00Z`).toISOString()
const plan = (title: string, starts: string, ends: string, more: object = {}, where = room, person = ann) =>
  schedule(person, where, { title, startsAt: at(starts), endsAt: at(ends), ...more })

// biome-ignore lint/suspicious/noExplicitAny: as it is asked for.
type Shown = any
const parts = 'id originalStart startsAt endsAt status meeting { id title }'
const march = { from: at('01T00:00'), to: at('31T00:00') }

async function ask(person: APerson, field: string, id: string, range: object = march): Promise<Shown> {
  const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { node(id: $id) { ${field} } }`
  const answer = await person.run<{ node: Shown }>(document, { id, ...range })
  if (answer.errors) throw answer.errors[0]
  return answer.data!.node
}
const inRoom = async (person: APerson, { globalId }: ARoom, range?: object) =>
  (await ask(person, `... on Room { meetings(from: $from, to: $to) { ${parts} } }`, globalId, range)).meetings
const inTeam = async (person: APerson, id: string) =>
  (await ask(person, `... on Team { meetings(from: $from, to: $to) { ${parts} } }`, id)).meetings
const ofMeeting = async (person: APerson, { globalId }: AMeeting, range?: object) =>
  (await ask(person, `... on Meeting { occurrences(from: $from, to: $to) { ${parts} } }`, globalId, range)).occurrences
async function ofViewer(person: APerson): Promise<Shown> {
  const document = `query ($from: DateTime!, $to: DateTime!) { viewer { meetings(from: $from, to: $to) { ${parts} } } }`
  return (await person.run<{ viewer: Shown }>(document, march)).data!.viewer.meetings
}
const titles = (occurrences: Shown) => occurrences.map(({ meeting, startsAt }: Shown) => `${meeting.title} ${startsAt.slice(8, 16)}`)

describe('what is planned in a room', () => {
  it('stands in order of time, whatever recurs how', async () => {
    await plan('late', '20T12:00', '20T13:00')
    await plan('weekly', '04T09:00', '04T10:00', { recurrence: 'FREQ=WEEKLY;COUNT=3' })
    await plan('early', '01T09:00', '01T10:00')
    await plan('same time', '11T09:00', '11T09:30')
    expect(titles(await inRoom(ben, room))).toEqual([
      'early 01T09:00',
      'weekly 04T09:00',
      'weekly 11T09:00',
      'same time 11T09:00',
      'weekly 18T09:00',
      'late 20T12:00',
    ])
  })

  it('keeps its time by the clocks of its zone', async () => {
    const more = { timeZone: 'America/New_York', recurrence: 'FREQ=WEEKLY;COUNT=3' }
    const meeting = await plan('nine there', '04T14:00', '04T15:00', more)
    expect(titles(await ofMeeting(ben, meeting))).toEqual(['nine there 04T14:00', 'nine there 11T13:00', 'nine there 18T13:00'])
  })

  it('lies in the range wholly or in part, and does not only touch it', async () => {
    await plan('before', '02T08:00', '02T09:00')
    await plan('into', '02T08:30', '02T09:01')
    await plan('inside', '02T09:30', '02T09:40')
    await plan('out of', '02T09:59', '02T11:00')
    await plan('around', '01T08:00', '04T09:00')
    await plan('after', '02T10:00', '02T11:00')
    await plan('daily before', '01T08:00', '01T09:00', { recurrence: 'FREQ=DAILY' })
    await plan('daily into', '01T08:30', '01T09:01', { recurrence: 'FREQ=DAILY' })
    const range = { from: at('02T09:00'), to: at('02T10:00') }
    expect(titles(await inRoom(ben, room, range))).toEqual([
      'around 01T08:00',
      ...['into 02T08:30', 'daily into 02T08:30'].sort((one) => (one.startsWith('into') ? -1 : 1)),
      'inside 02T09:30',
      'out of 02T09:59',
    ])
  })

  it('is found where it was moved to, also beyond its recurrence', async () => {
    const meeting = await plan('moved', '04T09:00', '04T10:00', { recurrence: 'FREQ=WEEKLY;COUNT=2' })
    const move = (occurrence: string, starts: string, ends: string) =>
      act(ann, 'updateMeeting', { meetingId: meeting.globalId, occurrence: at(occurrence), startsAt: at(starts), endsAt: at(ends) })
    await move('11T09:00', '25T09:00', '25T10:00')
    await move('04T09:00', '02T09:00', '02T10:00')
    expect(titles(await inRoom(ben, room, { from: at('02T00:00'), to: at('03T00:00') }))).toEqual(['moved 02T09:00'])
    expect(titles(await inRoom(ben, room, { from: at('25T00:00'), to: at('26T00:00') }))).toEqual(['moved 25T09:00'])
    expect(await inRoom(ben, room, { from: at('04T00:00'), to: at('12T00:00') })).toEqual([])
  })

  it('are the earliest hundred, of how many there may be', async () => {
    const meeting = await plan('daily', '01T09:00', '01T10:00', { recurrence: 'FREQ=DAILY' })
    const year = { from: at('01T00:00'), to: '2031-03-31T00:00:00Z' }
    const found = await ofMeeting(ben, meeting, year)
    expect([found.length, found[99].startsAt]).toEqual([100, '2030-06-08T09:00:00.000Z'])
    await plan('once', '01T08:00', '01T08:30')
    const both = await inRoom(ben, room, year)
    expect([both.length, both[0].meeting.title, both[99].startsAt]).toEqual([100, 'once', '2030-06-07T09:00:00.000Z'])
    await plant(domain.database, room, ann, 101)
    expect(titles(await inRoom(ben, room, { from: at('01T10:00'), to: year.to }))[99]).toBe('planted 02T00:39')
  })

  it('shows what was cancelled, under the same ids', async () => {
    const meeting = await plan('weekly', '04T09:00', '04T10:00', { recurrence: 'FREQ=WEEKLY;COUNT=3' })
    const once = await plan('once', '05T09:00', '05T10:00')
    const before = await inRoom(ben, room)
    await act(ann, 'cancelMeeting', { meetingId: meeting.globalId, occurrence: at('11T09:00') })
    await act(ann, 'cancelMeeting', { meetingId: once.globalId })
    const since = await inRoom(ben, room)
    expect(since.map(({ id }: Shown) => id)).toEqual(before.map(({ id }: Shown) => id))
    expect(since.map(({ status }: Shown) => status)).toEqual(['SCHEDULED', 'CANCELLED', 'CANCELLED', 'SCHEDULED'])
  })

  it.each([
    ['a range that is upside down', { from: at('02T00:00'), to: at('01T00:00') }],
    ['an empty range', { from: at('02T00:00'), to: at('02T00:00') }],
    ['a range that is too wide', { from: at('01T00:00'), to: new Date(Date.parse(at('01T00:00')) + 400 * 86_400_000 + 1).toISOString() }],
    ['all of time', { from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59.999Z' }],
  ])('refuses %s', async (_name, range) => {
    const meeting = await plan('daily', '01T09:00', '01T10:00', { recurrence: 'FREQ=DAILY' })
    const refused = { extensions: { code: 'BAD_USER_INPUT', field: 'to' } }
    await expect(inRoom(ben, room, range)).rejects.toMatchObject(refused)
    await expect(ofMeeting(ben, meeting, range)).rejects.toMatchObject(refused)
  })

  it('finds nothing where time begins and ends', async () => {
    await plan('daily', '01T09:00', '01T10:00', { recurrence: 'FREQ=DAILY' })
    expect(await inRoom(ben, room, { from: '0001-01-01T00:00:00Z', to: '0001-12-31T00:00:00Z' })).toEqual([])
    expect(await inRoom(ben, room, { from: '9999-01-01T00:00:00Z', to: '9999-12-31T23:59:59.999Z' })).toEqual([])
  })
})

describe('an occurrence', () => {
  it('is found by its id, by whoever sees its meeting, as long as it is one', async () => {
    const meeting = await plan('weekly', '04T09:00', '04T10:00', { recurrence: 'FREQ=WEEKLY' })
    const [, second] = await inRoom(ben, room)
    const read = async (person: APerson, id: string) =>
      (await person.run<{ node: Shown }>(`query ($id: ID!) { node(id: $id) { id ... on MeetingOccurrence { ${parts} } } }`, { id })).data!
        .node
    expect(await read(ben, second.id)).toEqual(second)
    expect(await read(cid, second.id)).toBeNull()
    const idAt = (part: string) => Buffer.from(`MeetingOccurrence:${meeting.id}:${part}`).toString('base64url')
    for (const part of [String(Date.parse(at('05T09:00'))), '0', '-1', String(Number.MAX_SAFE_INTEGER), '-8640000000000000'])
      expect(await read(ben, idAt(part))).toBeNull()
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, occurrence: at('11T09:00'), startsAt: at('11T09:30') })
    expect(await read(ben, second.id)).toMatchObject({ id: second.id, originalStart: at('11T09:00'), startsAt: at('11T09:30') })
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, startsAt: at('04T09:15') })
    expect(await read(ben, second.id)).toBeNull()
  })

  it('has an id of its own form, and nothing else has it', async () => {
    const meeting = await plan('once', '04T09:00', '04T10:00')
    const [{ id }] = await inRoom(ben, room)
    const time = Date.parse(at('04T09:00'))
    const code = async (text: string) =>
      codeOf(await ben.run('query ($id: ID!) { node(id: $id) { id } }', { id: Buffer.from(text).toString('base64url') }))
    for (const form of ['', ':', ':1.5', ':1e3', ':01', ':+1', ':x', ':9007199254740993', `:${time}:1`])
      expect(await code(`MeetingOccurrence:${meeting.id}${form}`)).toBe('BAD_USER_INPUT')
    expect(await code(`Meeting:${meeting.id}:${time}`)).toBe('BAD_USER_INPUT')
    for (const field of ['room', 'meeting', 'team', 'call'])
      expect((await ben.run(`query ($id: ID!) { ${field}(id: $id) { id } }`, { id })).data).toEqual({ [field]: null })
    expect(codeOf(await ben.run('query ($id: ID!) { meeting(id: $id) { id } }', { id: 'nonsense' }))).toBe('BAD_USER_INPUT')
  })
})

describe('what is planned in a team', () => {
  it('is what is planned in those of its channels that the viewer sees', async () => {
    const team = await aTeam(ann, ben, cid)
    const open = await aChannel(team, ann)
    const secret = await aChannel(team, ann, { isPrivate: true, members: [ben] })
    await plan('open', '04T09:00', '04T10:00', { recurrence: 'FREQ=WEEKLY;COUNT=2' }, open)
    await plan('secret', '05T09:00', '05T10:00', { attendeeIds: [cid.globalId] }, secret)
    await plan('general', '03T09:00', '03T10:00', {}, team.general)
    await plan('elsewhere', '03T09:00', '03T10:00')
    expect(titles(await inTeam(ben, team.globalId))).toEqual(['general 03T09:00', 'open 04T09:00', 'secret 05T09:00', 'open 11T09:00'])
    expect(titles(await inTeam(cid, team.globalId))).toEqual(['general 03T09:00', 'open 04T09:00', 'open 11T09:00'])
    await act(ann, 'removeRoomMember', { roomId: secret.globalId, userId: ben.globalId })
    expect(titles(await inTeam(ben, team.globalId))).not.toContain('secret 05T09:00')
  })
})

describe('what is planned for the viewer', () => {
  it('is what they are asked to come to or have answered, have not declined, and see', async () => {
    const team = await aTeam(ann, ben, cid)
    const open = await aChannel(team, ann)
    await plan('guest', '01T09:00', '01T10:00', { attendeeIds: [cid.globalId] })
    const declined = await plan('declined', '02T09:00', '02T10:00', { attendeeIds: [cid.globalId] })
    const answered = await plan('answered', '03T09:00', '03T10:00', { attendeeIds: [], recurrence: 'FREQ=WEEKLY;COUNT=2' }, open)
    await plan('not asked', '04T09:00', '04T10:00', { attendeeIds: [] }, open)
    const off = await plan('off', '05T09:00', '05T10:00', { attendeeIds: [cid.globalId] })
    await act(cid, 'respondToMeeting', { meetingId: declined.globalId, rsvp: 'DECLINED' })
    await act(cid, 'respondToMeeting', { meetingId: answered.globalId, rsvp: 'TENTATIVE' })
    await act(ann, 'updateMeeting', { meetingId: off.globalId, attendeeIds: [] })
    expect(titles(await ofViewer(cid))).toEqual(['guest 01T09:00', 'answered 03T09:00', 'answered 10T09:00'])
    await act(ann, 'removeTeamMember', { teamId: team.globalId, userId: cid.globalId })
    expect(titles(await ofViewer(cid))).toEqual(['guest 01T09:00'])
    await act(ann, 'addRoomMember', { roomId: room.globalId, userId: cid.globalId })
    await act(ann, 'removeRoomMember', { roomId: room.globalId, userId: cid.globalId })
    expect(await ofViewer(cid)).toEqual([])
  })
})

describe('what somebody plans who is blocked', () => {
  it('is not among the meetings of whom they have invited from outside, and can still be seen', async () => {
    await act(ann, 'setRoomRole', { roomId: room.globalId, userId: ben.globalId, role: 'ADMIN' })
    const meeting = await plan('unwanted', '04T09:00', '04T10:00', { attendeeIds: [cid.globalId], recurrence: 'FREQ=DAILY;COUNT=2' })
    await plan('of another', '07T09:00', '07T10:00', { attendeeIds: [cid.globalId] }, room, ben)
    expect(titles(await ofViewer(cid))).toHaveLength(3)
    await act(cid, 'blockUser', { userId: ann.globalId })
    expect(titles(await ofViewer(cid))).toEqual(['of another 07T09:00'])
    expect(await ofMeeting(cid, meeting)).toHaveLength(2)
    await act(ben, 'addRoomMember', { roomId: room.globalId, userId: cid.globalId })
    expect(titles(await ofViewer(cid))).toHaveLength(3)
  })
})

describe('reading what is planned', () => {
  it('takes as many statements for fifty meetings as for one', async () => {
    const team = await aTeam(ann, ben)
    const channel = await aChannel(team, ann)
    const database = counted(domain.database)
    const run = domain.as(ben.actor, { database })
    const statements = async (field: string, id: string) => {
      database.statements.length = 0
      const found = await ask({ ...ben, run }, field, id)
      return [database.statements.length, (Object.values(found)[0] as unknown[]).length]
    }
    const ofRoom = `... on Room { meetings(from: $from, to: $to) { ${parts} } }`
    const ofTeam = `... on Team { meetings(from: $from, to: $to) { ${parts} } }`
    const ofPerson = `... on Viewer { meetings(from: $from, to: $to) { ${parts} } }`
    const viewerId = Buffer.from(`Viewer:${ben.id}`).toString('base64url')
    await plan('weekly', '04T09:00', '04T10:00', { recurrence: 'FREQ=WEEKLY;COUNT=2', attendeeIds: [ben.globalId] }, channel)
    const one = [await statements(ofRoom, channel.globalId), await statements(ofTeam, team.globalId), await statements(ofPerson, viewerId)]
    await plant(domain.database, channel, ann, 25)
    await plant(domain.database, channel, ann, 25, 'FREQ=YEARLY', ben)
    const many = [await statements(ofRoom, channel.globalId), await statements(ofTeam, team.globalId), await statements(ofPerson, viewerId)]
    expect(many.map(([count]) => count)).toEqual(one.map(([count]) => count))
    expect(many.map(([, found]) => found)).toEqual([52, 52, 27])
    // Who sees it, the meetings, and what of them is moved.
    expect(Math.max(...one.map(([count]) => count!))).toBeLessThanOrEqual(6)
  })

  it('of many rooms takes no statement more than of one', async () => {
    const database = counted(domain.database)
    const run = domain.as(ben.actor, { database })
    const statements = async () => {
      database.statements.length = 0
      const document = `query ($from: DateTime!, $to: DateTime!) { viewer { rooms { nodes { meetings(from: $from, to: $to) { ${parts} } } } } }`
      expect((await run(document, march)).errors).toBeUndefined()
      return database.statements.length
    }
    await plan('weekly', '04T09:00', '04T10:00', { recurrence: 'FREQ=WEEKLY' })
    const one = await statements()
    for (let number = 0; number < 5; number++)
      await plan('weekly', '04T09:00', '04T10:00', { recurrence: 'FREQ=WEEKLY' }, await aGroup(ann, ben))
    expect(await statements()).toBe(one)
  })

  it('counts what it finds, and what it looks through', async () => {
    await plant(domain.database, room, ann, 8, 'FREQ=YEARLY')
    const tight = (queryCost: number) => ({
      ...ben,
      run: domain.as(ben.actor, { limits: { ...domain.services.limits, queryCost } }),
    })
    await expect(inRoom(tight(55), room)).rejects.toMatchObject({ extensions: { code: 'QUERY_TOO_COMPLEX' } })
    expect(await inRoom(tight(56), room)).toHaveLength(8)
  })

  it('counts what is asked of each that it finds', async () => {
    await plant(domain.database, room, ann, 100)
    const askEach = (of: string, many: number) => {
      const meetings = 'meetings(from: "2030-03-01T00:00:00Z", to: "2030-03-31T00:00:00Z")'
      const document = `query ($id: ID!, $first: Int) { room(id: $id) { ${meetings} { meeting { ${of} } } } }`
      return ben.run(document, { id: room.globalId, first: many })
    }
    // A hundred meetings, of each a connection and so many nodes, each with a person.
    expect((await askEach('attendees(first: $first) { nodes { user { id } } }', 40)).errors).toBeUndefined()
    expect(codeOf(await askEach('attendees(first: $first) { nodes { user { id } } }', 60))).toBe('QUERY_TOO_COMPLEX')
    expect(codeOf(await askEach('room { messages(last: $first) { nodes { sender { id } } } }', 60))).toBe('QUERY_TOO_COMPLEX')
  })
})

/** Rows of meetings that begin a minute after each other, from the 1st at 23:00 on. */
async function plant(
  { prisma }: Database,
  { id: roomId }: ARoom,
  { id: createdById }: APerson,
  count: number,
  recurrence?: string,
  guest?: APerson,
) {
  const now = new Date()
  const meetings = Array.from({ length: count }, (_, index) => {
    const startsAt = new Date(Date.parse(at('01T23:00')) + index * 60_000)
    const endsAt = new Date(startsAt.getTime() + 60_000)
    const times = {
      startsAt,
      endsAt,
      firstStartsAt: startsAt,
      lastEndsAt: recurrence ? null : endsAt,
      currentStart: startsAt,
      timeZone: 'UTC',
    }
    return { id: uuid(), roomId, title: 'planted', ...times, recurrence: recurrence ?? null, createdById, createdAt: now, updatedAt: now }
  })
  await prisma.meeting.createMany({ data: meetings })
  const attendees = meetings.map(({ id }) => ({
    id: uuid(),
    meetingId: id,
    userId: guest?.id ?? createdById,
    invitedById: createdById,
    invitedAt: now,
  }))
  await prisma.meetingAttendee.createMany({ data: attendees })
}
