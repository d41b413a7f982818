import { afterAll, beforeAll, expect, it } from 'vitest'
import { decodeId } from '../../src/graphql/ids.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { callOf, type Hearing, hear, joinCall, joinMeeting, listen } from './calling.ts'
import { startDyingNode } from './dying.ts'
import { orThrow, type Person } from './person.ts'
import { aPlace, write } from './place.ts'
import { inEachWorldWith, startNodes, type World } from './world.ts'

/** So that a meeting comes, begins and ends while a test runs. */
const hasty = { MEETING_REMINDER_MS: '1500', MEETING_TICK_MS: '100', CALL_TICK_MS: '100' }

inEachWorldWith(hasty, 'meetings', (world) => {
  async function aPair() {
    const [here, there = here] = world().nodes
    const [ada, ben] = [await world().aPerson('Ada', here!), await world().aPerson('Ben', there!)]
    return { ada, ben, roomId: await ada.make(ben) }
  }

  it('one schedules it, the others are invited, reminded once, join from everywhere, and it is over when the last one leaves', async () => {
    const { ada, ben, roomId } = await aPair()
    const [atAda, atBen, inRoom] = [await inboxOf(ada), await inboxOf(ben), await roomOf(ben, roomId)]
    const { id, startsAt } = await schedule(ada, roomId, { startsIn: 4000, lasts: 2500 })
    await atBen.count(1)
    expect(atBen.heard).toMatchObject([{ __typename: 'MeetingInvited', meetingId: id, meeting: { title: 'Plans', status: 'SCHEDULED' } }])
    await inRoom.count(1)
    expect(inRoom.heard).toMatchObject([{ __typename: 'MeetingScheduled', actor: { id: ada.id }, meeting: { id, status: 'SCHEDULED' } }])

    await atBen.count(2)
    expect(atBen.heard[1]).toMatchObject({ __typename: 'MeetingReminder', meetingId: id, startsAt })
    expect(Date.now()).toBeLessThan(Date.parse(startsAt) + 1000)
    await isPast(startsAt)
    const mine = await joinMeeting(ada, id)
    await inRoom.count(4)
    expect(inRoom.heard.slice(1).map(({ __typename, message }) => message?.systemKind ?? __typename)).toEqual([
      'CallStarted',
      'MeetingUpdated',
      'MEETING_STARTED',
    ])
    expect(inRoom.heard[2]).toMatchObject({ meeting: { status: 'IN_PROGRESS', activeCall: { id: mine.callId } } })
    const theirs = await joinMeeting(ben, id)
    expect(theirs.callId).toBe(mine.callId)

    await isPast(new Date(Date.parse(startsAt) + 2500).toISOString())
    await write(ada, 'leaveCall', { participantId: mine.participantId })
    expect(await statusOf(ben, id)).toBe('IN_PROGRESS')
    await write(ben, 'leaveCall', { participantId: theirs.participantId })
    await until(async () => (await statusOf(ben, id)) === 'COMPLETED', { within: 10_000, what: 'the end' })
    await until(() => inRoom.heard.at(-1)?.meeting?.status === 'COMPLETED', { within: 10_000, what: 'hearing of the end' })
    await expect(joinMeeting(ben, id)).rejects.toThrow('CONFLICT')
    // Everything that there is by now was heard.
    expect(atBen.heard.map(({ __typename }) => __typename)).toEqual(['MeetingInvited', 'MeetingReminder'])
    expect(atAda.heard.map(({ __typename }) => __typename)).toEqual(['MeetingReminder'])
    for (const hearing of [atAda, atBen, inRoom]) hearing.stop()
  }, 60_000)

  it('a series comes round when one of it is over, though nobody came', async () => {
    const { ada, ben, roomId } = await aPair()
    const inRoom = await roomOf(ben, roomId)
    const { id, startsAt } = await schedule(ada, roomId, { startsIn: 1000, lasts: 500, recurrence: 'FREQ=DAILY;COUNT=3' })
    await inRoom.count(2)
    expect(inRoom.heard[1]).toMatchObject({ __typename: 'MeetingUpdated', actor: null, meeting: { status: 'SCHEDULED' } })
    const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { meeting(id: $id) { occurrences(from: $from, to: $to) { originalStart status } } }`
    const range = { from: startsAt, to: new Date(Date.parse(startsAt) + 7 * day).toISOString() }
    const { meeting } = orThrow(await ben.ask<{ meeting: { occurrences: object[] } }>(document, { id, ...range }))
    expect(meeting.occurrences).toEqual(
      ['COMPLETED', 'SCHEDULED', 'SCHEDULED'].map((status, index) => {
        return { originalStart: new Date(Date.parse(startsAt) + index * day).toISOString(), status }
      }),
    )
    inRoom.stop()
  }, 60_000)

  it('a guest sees the meeting and nothing else of the room, joins from another node, and is a member', async () => {
    const { ada, ben, roomId } = await aPair()
    const cid = await world().aPerson('Cid', world().nodes.at(-1))
    const atCid = await inboxOf(cid)
    await ada.say(roomId, 'Between us')
    const { id } = await schedule(ada, roomId, { attendeeIds: [ben.id, cid.id] })
    await atCid.count(1)
    expect(atCid.heard[0]).toMatchObject({ __typename: 'MeetingInvited', meeting: { id, room: null, activeCall: null } })
    const mine = await joinMeeting(ada, id)
    expect(await meetingFor(cid, id)).toMatchObject({ room: null, activeCall: null })
    await expect(cid.cursorOf(roomId)).rejects.toThrow('NOT_FOUND')
    await expect(joinCall(cid, mine.callId)).rejects.toThrow('NOT_FOUND')
    await write(ada, 'updateMeeting', { meetingId: id, title: 'Great plans' })
    await atCid.count(2)
    expect(atCid.heard[1]).toMatchObject({ __typename: 'MeetingChanged', meeting: { title: 'Great plans', room: null } })

    const theirs = await joinMeeting(cid, id)
    expect(theirs.callId).toBe(mine.callId)
    expect(await cid.readAll(roomId)).toContain('Between us')
    expect(await meetingFor(cid, id)).toMatchObject({ room: { id: roomId }, activeCall: { id: mine.callId } })
    atCid.stop()
  }, 60_000)

  it('a guest who came and was removed finds no way back', async () => {
    const { ada, roomId } = await aPair()
    const cid = await world().aPerson('Cid', world().nodes.at(-1))
    const { id } = await schedule(ada, roomId, { attendeeIds: [cid.id], recurrence: 'FREQ=DAILY' })
    const occurrences = await occurrenceIdsOf(cid, id)
    expect(occurrences.length).toBeGreaterThan(1)
    const links = await linksOf(cid, id)
    await joinMeeting(ada, id)
    const seat = await joinMeeting(cid, id)
    const signals = listen(cid, seat)
    await ada.remove(roomId, cid)
    expect(await signals.ended).toEqual(['NOT_FOUND'])
    await expectNoWay(cid, { id, roomId, occurrences, links, ...seat })
    signals.stop()
  }, 60_000)

  it('a member who is removed loses the meetings too, and one of a team with the team', async () => {
    const [here, there = here] = world().nodes
    const [ada, ben] = [await world().aPerson('Ada', here!), await world().aPerson('Ben', there!)]
    const place = await aPlace(ada, ben)
    const cid = await world().aPerson('Cid', there!)
    await write(ada, 'addTeamMember', { teamId: place.teamId, userId: cid.id })
    const meetings = await Promise.all([
      schedule(ada, place.secretsId, { attendeeIds: [ben.id, cid.id] }),
      schedule(ada, place.newsId, { attendeeIds: [ben.id, cid.id] }),
    ])
    for (const person of [ben, cid]) for (const { id } of meetings) expect(await meetingFor(person, id)).not.toBeNull()
    const links = [await linksOf(ben, meetings[0].id), await linksOf(cid, meetings[0].id)] as const
    const seats = { ben: await joinMeeting(ben, meetings[0].id), ada: await joinMeeting(ada, meetings[1].id) }
    await ada.remove(place.secretsId, ben)
    await expectNoWay(ben, { id: meetings[0].id, roomId: place.secretsId, occurrences: [], links: links[0], ...seats.ben })
    for (const person of [ben, cid]) await write(ada, 'removeTeamMember', { teamId: place.teamId, userId: person.id })
    await expectNoWay(ben, { id: meetings[1].id, roomId: place.newsId, occurrences: [], links: links[0], ...seats.ada })
    await expectNoWay(cid, { id: meetings[0].id, roomId: place.secretsId, occurrences: [], links: links[1], ...seats.ben })
    // Coming back to the team brings back what all of it see, and no invitation.
    await write(ada, 'addTeamMember', { teamId: place.teamId, userId: cid.id })
    expect([await meetingFor(cid, meetings[0].id), (await meetingFor(cid, meetings[1].id))?.title]).toEqual([null, 'Plans'])
  }, 60_000)

  it('that is cancelled while it runs ends its call, and everybody hears so', async () => {
    const { ada, ben, roomId } = await aPair()
    const cid = await world().aPerson('Cid')
    const { id, startsAt } = await schedule(ada, roomId, { startsIn: 200, lasts: 600_000, attendeeIds: [ben.id, cid.id] })
    await isPast(startsAt)
    const seats = [await joinMeeting(ada, id), await joinMeeting(ben, id)] as const
    expect(await statusOf(ben, id)).toBe('IN_PROGRESS')
    const [atCid, inRoom] = [await inboxOf(cid), await roomOf(ben, roomId)]
    const signals = [listen(ada, seats[0]), listen(ben, seats[1])]
    await write(ada, 'cancelMeeting', { meetingId: id })
    for (const hearing of signals) {
      expect(await hearing.ended).toEqual(['NOT_FOUND'])
      hearing.stop()
    }
    expect(await callOf(ben, seats[0].callId)).toMatchObject({ state: 'ENDED', endReason: 'HUNG_UP' })
    expect(await meetingFor(ben, id)).toMatchObject({ status: 'CANCELLED', activeCall: null })
    await inRoom.count(2)
    expect(inRoom.heard.map(({ __typename }) => __typename).sort()).toEqual(['CallEnded', 'MeetingCancelled'])
    await atCid.count(1)
    expect(atCid.heard[0]).toMatchObject({ __typename: 'MeetingChanged', meeting: { status: 'CANCELLED' } })
    await expect(joinMeeting(ben, id)).rejects.toThrow('CONFLICT')
    for (const hearing of [atCid, inRoom]) hearing.stop()
  }, 60_000)
})

describeWith(['postgres', 'redis'], 'meetings, when a node is killed', () => {
  let world: World
  beforeAll(async () => {
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    world = await startNodes({ count: 1, env: { ...hasty, DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url } })
  })
  afterAll(() => world?.close())

  it('that held all of it: people are reminded, once, and it begins and ends all the same', async () => {
    const dying = await startDyingNode(world.env)
    const [ada, ben] = [await world.aPerson('Ada'), await world.aPerson('Ben')]
    const roomId = await ada.make(ben)
    const [atBen, inRoom] = [await inboxOf(ben), await roomOf(ben, roomId)]
    const { id, startsAt } = await schedule(ada.on(dying), roomId, { startsIn: 4000, lasts: 2000 })
    const seat = await joinMeeting(ada.on(dying), id)
    await dying.kill()
    expect(await dying.ended).toBe('SIGKILL')
    const atAda = listen(ada, seat)
    await atBen.count(2)
    await isPast(startsAt)
    await until(async () => (await statusOf(ben, id)) === 'IN_PROGRESS', { within: 10_000, what: 'the start' })
    await write(ada, 'leaveCall', { participantId: seat.participantId })
    await until(async () => (await statusOf(ben, id)) === 'COMPLETED', { within: 10_000, what: 'the end' })
    expect(atBen.heard.map(({ __typename }) => __typename)).toEqual(['MeetingInvited', 'MeetingReminder'])
    for (const hearing of [atBen, inRoom, atAda]) hearing.stop()
  }, 60_000)
})

const day = 24 * 3_600_000

interface Planned {
  /** In so many ms; in an hour unless said. */
  readonly startsIn?: number
  /** So many ms. */
  readonly lasts?: number
  readonly recurrence?: string
  readonly attendeeIds?: readonly string[]
}

async function schedule(person: Person, roomId: string, { startsIn = 3_600_000, lasts = 1_800_000, ...more }: Planned = {}) {
  const startsAt = new Date(Date.now() + startsIn)
  const times = { startsAt: startsAt.toISOString(), endsAt: new Date(startsAt.getTime() + lasts).toISOString(), timeZone: 'UTC' }
  const input = { roomId, title: 'Plans', ...times, ...more }
  const { meeting } = await write<{ meeting: { id: string; startsAt: string } }>(
    person,
    'scheduleMeeting',
    input,
    'meeting { id startsAt }',
  )
  return meeting
}

interface ShownMeeting {
  readonly id: string
  readonly title: string
  readonly status: string
  readonly room: { readonly id: string } | null
  readonly activeCall: { readonly id: string } | null
}

const parts = 'id title status room { id } activeCall { id }'

/** Null for who does not see it. */
async function meetingFor(person: Person, id: string): Promise<ShownMeeting | null> {
  const document = `query ($id: ID!) { meeting(id: $id) { ${parts} } node(id: $id) { id } }`
  const { meeting, node } = orThrow(await person.ask<{ meeting: ShownMeeting | null; node: object | null }>(document, { id }))
  expect(node === null).toBe(meeting === null)
  return meeting
}

const statusOf = async (person: Person, id: string) => (await meetingFor(person, id))?.status

const week = () => ({ from: new Date().toISOString(), to: new Date(Date.now() + 7 * day).toISOString() })

async function occurrenceIdsOf(person: Person, id: string): Promise<string[]> {
  const document = 'query ($id: ID!, $from: DateTime!, $to: DateTime!) { meeting(id: $id) { occurrences(from: $from, to: $to) { id } } }'
  const { meeting } = orThrow(await person.ask<{ meeting: { occurrences: { id: string }[] } }>(document, { id, ...week() }))
  return meeting.occurrences.map(({ id: occurrenceId }) => occurrenceId)
}

/** For calendar applications, which ask for them without signing in. */
interface Links {
  /** Of the meeting alone. */
  readonly one: string
  /** Of all of theirs. */
  readonly all: string
}

async function linksOf(person: Person, id: string): Promise<Links> {
  const document = 'query ($id: ID!) { meeting(id: $id) { icsUrl } viewer { calendarUrl } }'
  const { meeting, viewer } = orThrow(await person.ask<{ meeting: { icsUrl: string }; viewer: { calendarUrl: string } }>(document, { id }))
  const links = { one: meeting.icsUrl, all: viewer.calendarUrl }
  for (const link of Object.values(links)) expect(await (await fetch(link)).text()).toContain(`UID:${decodeId(id).id}`)
  return links
}

interface Lost {
  readonly id: string
  readonly roomId: string
  readonly occurrences: readonly string[]
  readonly links: Links
  readonly callId: string
  readonly participantId: string
}

/** Every way to a meeting and its call, for somebody who has lost it. */
async function expectNoWay(person: Person, { id, roomId, occurrences, links, callId, participantId }: Lost): Promise<void> {
  expect(await meetingFor(person, id)).toBeNull()
  const document = `query ($ids: [ID!]!, $callId: ID!, $from: DateTime!, $to: DateTime!) {
    nodes(ids: $ids) { id } call(id: $callId) { id } viewer { meetings(from: $from, to: $to) { meeting { id } } } }`
  const seen = orThrow(
    await person.ask<{ nodes: (object | null)[]; call: object | null; viewer: { meetings: { meeting: { id: string } }[] } }>(document, {
      ids: [...occurrences, callId, participantId, roomId],
      callId,
      ...week(),
    }),
  )
  expect([...seen.nodes, seen.call].filter((found) => found !== null)).toEqual([])
  expect(seen.viewer.meetings.map(({ meeting }) => meeting.id)).not.toContain(id)
  for (const attempt of [
    () => joinMeeting(person, id),
    () => joinCall(person, callId),
    () => write(person, 'respondToMeeting', { meetingId: id, rsvp: 'ACCEPTED' }),
    () => write(person, 'updateMeeting', { meetingId: id, title: 'Mine' }),
    () => write(person, 'cancelMeeting', { meetingId: id }),
  ])
    await expect(attempt()).rejects.toThrow('NOT_FOUND')
  expect((await fetch(links.one)).status).toBe(404)
  expect(await (await fetch(links.all)).text()).not.toContain(`UID:${decodeId(id).id}`)
  const signals = listen(person, { callId, participantId })
  expect(await signals.ended).toEqual(['NOT_FOUND'])
  signals.stop()
}

interface Heard {
  readonly __typename: string
  readonly cursor: string
  readonly actor?: { readonly id: string } | null
  readonly meetingId?: string
  readonly startsAt?: string
  readonly meeting?: ShownMeeting | null
  readonly message?: { readonly systemKind: string | null }
}

/** What one's inbox says of meetings, from now on. */
async function inboxOf(person: Person): Promise<Hearing<Heard>> {
  const { viewer } = orThrow(await person.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }'))
  const query = `subscription ($after: Cursor) { inbox(after: $after) { __typename cursor
    ... on MeetingInvited { meetingId meeting { ${parts} } } ... on MeetingChanged { meetingId meeting { ${parts} } }
    ... on MeetingReminder { meetingId startsAt } } }`
  return hear<Heard>(person, query, { after: viewer.inboxCursor }, ({ __typename }) => __typename.startsWith('Meeting'))
}

/** What the room hears of meetings and calls, and says of itself, from now on. */
async function roomOf(person: Person, roomId: string): Promise<Hearing<Heard>> {
  const query = `subscription ($id: ID!, $after: Cursor) { roomEvents(roomId: $id, after: $after) { __typename cursor actor { id }
    ... on MeetingScheduled { meeting { ${parts} } } ... on MeetingUpdated { meeting { ${parts} } } ... on MeetingCancelled { meeting { ${parts} } }
    ... on MessageAdded { message { systemKind } } } }`
  return hear<Heard>(person, query, { id: roomId, after: await person.cursorOf(roomId) })
}

const isPast = (time: string) => until(() => Date.now() > Date.parse(time), { within: 20_000, what: `it being ${time}` })
