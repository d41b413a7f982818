import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Actor, Audience } from '../../../src/graphql/actor.ts'
import { act } from '../../support/acting.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { followingOf, showEvent } from '../../support/show-event.ts'
import { aQuietDomain } from '../calls/support.ts'
import { type AMeeting, heardIn, schedule, soon } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
/** Invited, and not in the room. */
let cid: APerson
let room: ARoom
let meeting: AMeeting
beforeAll(async () => {
  domain = await aQuietDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid] = [await domain.aPerson('Ann'), await domain.aPerson('Ben'), await domain.aPerson('Cid')]
  room = await aGroup(ann, ben)
  meeting = await schedule(ann, room, { attendeeIds: [ben.globalId, cid.globalId], recurrence: 'FREQ=DAILY;COUNT=2' })
})

const ofMeeting = `id title status attendeeCount room { id } activeCall { id } createdBy { name } attendees { nodes { rsvp user { name } } }
  occurrences(from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z") { id }`
const inRoom = `subscription ($id: ID!, $after: Cursor) { event: roomEvents(roomId: $id, after: $after) { __typename roomId actor { name }
  ... on MeetingScheduled { meeting { ${ofMeeting} } } ... on MeetingUpdated { meeting { ${ofMeeting} } } ... on MeetingCancelled { meeting { ${ofMeeting} } } } }`
const inInbox = `subscription { event: inbox { __typename ... on MeetingInvited { meetingId meeting { id room { id } } }
  ... on MeetingChanged { meetingId meeting { id room { id } } } ... on MeetingReminder { meetingId startsAt meeting { id room { id } } } } }`

// biome-ignore lint/suspicious/noExplicitAny: an event as it is asked for.
type Shown = any

/** The last event of a stream about meetings, as that actor is shown it. */
async function show(actor: Actor, streamId: string, document: string): Promise<Shown> {
  const events = await domain.services.log.after(streamId, 0, 1000)
  const event = events.filter(({ type }) => type.startsWith('Meeting')).at(-1)!
  const { data, errors } = await showEvent<{ event: Shown }>(domain, actor, document, event, { id: room.globalId })
  if (errors) throw errors[0]
  return data!.event
}

describe('what a room hears of its meetings', () => {
  it('is the same for everybody who follows it, made once', async () => {
    const audience = new Audience(room.id)
    const scheduled = await show(audience, room.id, inRoom)
    expect(scheduled).toMatchObject({ __typename: 'MeetingScheduled', roomId: room.globalId, actor: { name: 'Ann' } })
    expect(scheduled.meeting).toMatchObject({ id: meeting.globalId, title: 'Plans', attendeeCount: 3, room: { id: room.globalId } })
    expect(await show(ben.actor.hearing(room.id), room.id, inRoom)).toEqual(scheduled)
    await act(ben, 'respondToMeeting', { meetingId: meeting.globalId, rsvp: 'ACCEPTED' })
    const updated = await show(audience, room.id, inRoom)
    expect(updated).toMatchObject({
      __typename: 'MeetingUpdated',
      actor: { name: 'Ben' },
      meeting: { attendees: { nodes: [{}, { rsvp: 'ACCEPTED' }, {}] } },
    })
    await act(ann, 'cancelMeeting', { meetingId: meeting.globalId })
    expect(await show(audience, room.id, inRoom)).toMatchObject({ __typename: 'MeetingCancelled', meeting: { status: 'CANCELLED' } })
    expect(audience.askedFor).toBeUndefined()
  })

  it('asks who it is that hears of it, where the answer depends on that', async () => {
    const audience = new Audience(room.id)
    const document = inRoom.replaceAll(ofMeeting, 'id viewerAttendance { rsvp }')
    await show(audience, room.id, document).catch(() => {})
    expect(audience.askedFor).toContain('viewerAttendance')
  })

  it('is followed neither by guests nor by strangers', async () => {
    for (const person of [cid, await domain.aPerson('Dan')]) {
      const { following } = await followingOf(domain, person.actor, inRoom, { id: room.globalId })
      await expect(following!.options.mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
  })
})

describe('what those who are invited hear', () => {
  it('shows guests the meeting without the room, members with it, and nobody what they have lost', async () => {
    expect(await show(ben.actor, ben.id, inInbox)).toEqual({
      __typename: 'MeetingInvited',
      meetingId: meeting.globalId,
      meeting: { id: meeting.globalId, room: { id: room.globalId } },
    })
    const invited = { __typename: 'MeetingInvited', meetingId: meeting.globalId, meeting: { id: meeting.globalId, room: null } }
    expect(await show(cid.actor, cid.id, inInbox)).toEqual(invited)
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, attendeeIds: [] })
    expect(await show(cid.actor, cid.id, inInbox)).toEqual({ __typename: 'MeetingChanged', meetingId: meeting.globalId, meeting: null })
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, title: 'Without Cid' })
    expect(await heardIn(domain, cid.id)).toEqual(['MeetingInvited', 'MeetingChanged'])
    await act(ann, 'removeRoomMember', { roomId: room.globalId, userId: ben.globalId })
    expect(await show(ben.actor, ben.id, inInbox)).toMatchObject({ __typename: 'MeetingInvited', meeting: null })
  })

  it('is nothing more for a guest who has blocked whoever invited them or scheduled it, until they take it back', async () => {
    await act(ann, 'setRoomRole', { roomId: room.globalId, userId: ben.globalId, role: 'ADMIN' })
    const byBen = await schedule(ben, room, { attendeeIds: [] })
    await act(ann, 'updateMeeting', { meetingId: byBen.globalId, attendeeIds: [ann.globalId, cid.globalId] })
    const hears = async (work: () => Promise<unknown>) => {
      const before = (await heardIn(domain, cid.id)).length
      await work()
      return (await heardIn(domain, cid.id)).slice(before)
    }
    const change = (title: string) => act(ann, 'updateMeeting', { meetingId: byBen.globalId, title, startsAt: soon(5), endsAt: soon(65) })
    for (const [index, { globalId: userId }] of [ann, ben].entries()) {
      await act(cid, 'blockUser', { userId })
      expect(await hears(() => change(`Insult ${index}`))).toEqual([])
      await act(cid, 'unblockUser', { userId })
    }
    expect(await hears(() => change('Plans'))).toEqual(['MeetingChanged', 'MeetingReminder'])
    // Whoever is blocked learns nothing of that.
    await act(ann, 'blockUser', { userId: cid.globalId })
    expect(await hears(() => change('More plans'))).toContain('MeetingChanged')
    // In the room they hear of its meetings, as of all else there.
    await act(ann, 'unblockUser', { userId: cid.globalId })
    await act(ann, 'addRoomMember', { roomId: room.globalId, userId: cid.globalId })
    await act(cid, 'blockUser', { userId: ben.globalId })
    expect(await hears(() => change('In the room'))).toEqual(['MeetingReminder'])
  })

  it('is, shortly before, that it begins', async () => {
    const startsAt = soon(60)
    await act(ann, 'updateMeeting', { meetingId: meeting.globalId, startsAt: soon(5), endsAt: soon(65), recurrence: null })
    expect(await show(cid.actor, cid.id, inInbox)).toMatchObject({ __typename: 'MeetingReminder', meeting: { room: null } })
    expect(Date.parse((await show(cid.actor, cid.id, inInbox)).startsAt)).toBeLessThan(Date.parse(startsAt))
  })
})
