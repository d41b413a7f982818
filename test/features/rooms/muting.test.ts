import { beforeAll, describe, expect, it } from 'vitest'
import { Audience } from '../../../src/graphql/actor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { aChannel, addToTeam, aTeam } from '../../support/teams.ts'
import { sayIn } from '../messages/support.ts'

const document = `mutation ($roomId: ID!, $userId: ID!, $until: DateTime) { muteMember(input: { roomId: $roomId, userId: $userId, until: $until }) {
  member { id mutedUntil user { id } } room { id member(userId: $userId) { mutedUntil } } } }`
const later = '2100-01-01T00:00:00.000Z'

interface Muted {
  muteMember: { member: { id: string; mutedUntil: string | null }; room: { member: { mutedUntil: string | null } | null } }
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})

const mute = (actor: APerson, room: ARoom, person: APerson, until: string | null = later) =>
  actor.run<Muted>(document, { roomId: room.globalId, userId: person.globalId, until })
const act = (verb: string, actor: APerson, room: ARoom, person: APerson, more = '') =>
  actor.run(`mutation { ${verb}(input: { roomId: "${room.globalId}", userId: "${person.globalId}"${more} }) { room { id } } }`)
const say = async (person: APerson, room: ARoom, content = 'Hello') =>
  codeOf(
    await person.run('mutation ($r: ID!, $c: String!) { sendMessage(input: { roomId: $r, content: $c }) { message { id } } }', {
      r: room.globalId,
      c: content,
    }),
  )
const head = async (room: ARoom) => (await domain.services.log.head(room.id))!
const eventsAfter = (room: ARoom, seq: number) => domain.services.log.after(room.id, seq, 100)
/** As if the time had come. */
const lapse = ({ id }: ARoom, person: APerson) =>
  domain.database.sql(`update room_member set muted_until = now() - interval '1 second' where room_id = $1 and user_id = $2`, [
    id,
    person.id,
  ])
const muteInRoom = async (person: APerson, room: ARoom) =>
  (
    await person.run<{ room: { viewerMembership: { mutedUntil: string | null } } }>(
      'query ($id: ID!) { room(id: $id) { viewerMembership { mutedUntil } } }',
      { id: room.globalId },
    )
  ).data!.room.viewerMembership.mutedUntil

describe('muting a member', () => {
  it('is seen by everybody in the room, and heard of there by all alike', async () => {
    const room = await aGroup(ann, ben, cid)
    const { data, errors } = await mute(ann, room, ben)
    expect(errors).toBeUndefined()
    const { member } = data!.muteMember
    expect(data!.muteMember).toEqual({
      member: { id: member.id, mutedUntil: later, user: { id: ben.globalId } },
      room: { id: room.globalId, member: { mutedUntil: later } },
    })
    const events = await eventsAfter(room, 0)
    expect(events.map(({ type, data }) => ({ type, data }))).toEqual([
      {
        type: 'MemberUpdated',
        data: { roomId: room.id, memberId: expect.any(String), userId: ben.id, actorId: ann.id },
      },
    ])
    const audience = new Audience(room.id)
    const event = 'subscription ($id: ID!) { roomEvents(roomId: $id) { ... on MemberUpdated { member { id mutedUntil } } } }'
    const shown = await showEvent(domain, audience, event, events[0]!, { id: room.globalId })
    expect(shown).toEqual({ data: { roomEvents: { member: { id: member.id, mutedUntil: later } } } })
    expect(audience.askedFor).toBeUndefined()
  })

  it('keeps them from saying anything on either way, from editing and from reacting; and writes nothing', async () => {
    const room = await aGroup(ann, ben)
    const { id: messageId } = await sayIn(ben, room, 'Before')
    const react = (verb: string) =>
      ben.run(
        'mutation ($m: ID!, $e: String!) { done: VERB(input: { messageId: $m, emoji: $e }) { message { id } } }'.replace('VERB', verb),
        {
          m: messageId,
          e: '👍',
        },
      )
    expect(codeOf(await react('addReaction'))).toBeUndefined()
    await mute(ann, room, ben)
    const before = await head(room)
    expect(await say(ben, room)).toBe('FORBIDDEN')
    expect(await say(ben, room, `Listen, @${ann.handle}`)).toBe('FORBIDDEN')
    const reply = 'mutation ($r: ID!, $m: ID!) { sendMessage(input: { roomId: $r, content: "So", threadId: $m }) { message { id } } }'
    expect(codeOf(await ben.run(reply, { r: room.globalId, m: messageId }))).toBe('FORBIDDEN')
    const edit = 'mutation ($m: ID!) { editMessage(input: { messageId: $m, content: "After" }) { message { id } } }'
    expect(codeOf(await ben.run(edit, { m: messageId }))).toBe('FORBIDDEN')
    expect(codeOf(await react('addReaction'))).toBe('FORBIDDEN')
    expect(codeOf(await react('removeReaction'))).toBe('FORBIDDEN')
    expect(await head(room)).toBe(before)
    expect(await say(ann, room)).toBeUndefined()
  })

  it('leaves them reading, deleting their own, their settings, and leaving', async () => {
    const room = await aGroup(ann, ben)
    const { id } = await sayIn(ben, room, 'Sorry')
    await mute(ann, room, ben)
    const read = 'query ($id: ID!) { room(id: $id) { messages(last: 5) { nodes { content } } } }'
    expect((await ben.run(read, { id: room.globalId })).data).toEqual({ room: { messages: { nodes: [{ content: 'Sorry' }] } } })
    expect(
      codeOf(await ben.run('mutation ($m: ID!) { deleteMessage(input: { messageId: $m }) { message { id } } }', { m: id })),
    ).toBeUndefined()
    const level = 'mutation ($r: ID!) { setNotificationLevel(input: { roomId: $r, level: NONE }) { room { id } } }'
    expect(codeOf(await ben.run(level, { r: room.globalId }))).toBeUndefined()
    expect(codeOf(await act('removeRoomMember', ben, room, ben))).toBeUndefined()
  })

  it('ends when it is lifted, which is heard of', async () => {
    const room = await aGroup(ann, ben)
    await mute(ann, room, ben)
    const { data } = await mute(ann, room, ben, null)
    expect(data!.muteMember).toMatchObject({ member: { mutedUntil: null }, room: { member: { mutedUntil: null } } })
    expect((await eventsAfter(room, 1)).map(({ type }) => type)).toEqual(['MemberUpdated'])
    expect(await say(ben, room)).toBeUndefined()
  })

  it('ends by itself, which is not', async () => {
    const room = await aGroup(ann, ben)
    await mute(ann, room, ben)
    expect(await muteInRoom(ben, room)).toBe(later)
    await lapse(room, ben)
    expect(await muteInRoom(ben, room)).toBeNull()
    expect(await head(room)).toBe(1)
    for (const content of ['Hello', `Hello @${ann.handle}`]) expect(await say(ben, room, content)).toBeUndefined()
  })

  it('changes nothing, and is not heard of, when it is so already', async () => {
    const room = await aGroup(ann, ben)
    expect((await mute(ann, room, ben, null)).data!.muteMember.member.mutedUntil).toBeNull()
    expect(await head(room)).toBe(0)
    for (let time = 0; time < 2; time++) expect((await mute(ann, room, ben)).data!.muteMember.member.mutedUntil).toBe(later)
    expect(await head(room)).toBe(1)
    await Promise.all(Array.from({ length: 5 }, () => mute(ann, room, ben, '2101-01-01T00:00:00.000Z')))
    expect(await head(room)).toBe(2)
    await lapse(room, ben)
    await mute(ann, room, ben, null)
    expect(await head(room)).toBe(2)
  })

  it('belongs to the person: it is there again when they come back', async () => {
    const room = await aGroup(ann, ben)
    await mute(ann, room, ben)
    await act('removeRoomMember', ben, room, ben)
    await act('addRoomMember', ann, room, ben)
    expect(await muteInRoom(ben, room)).toBe(later)
    expect(await say(ben, room)).toBe('FORBIDDEN')
  })

  it('is for who has left too, so that going out is no way out; nobody hears of it before they are back', async () => {
    const channel = await aChannel(await aTeam(cid, ann, ben), ann, { members: [ben] })
    await act('removeRoomMember', ben, channel, ben)
    const before = await head(channel)
    expect((await mute(ann, channel, ben)).data!.muteMember).toMatchObject({ member: { mutedUntil: later }, room: { member: null } })
    expect(await head(channel)).toBe(before)
    // Posting would make them a member.
    expect(await say(ben, channel)).toBe('FORBIDDEN')
    expect(await head(channel)).toBe(before)
    await mute(ann, channel, ben, null)
    expect(await say(ben, channel)).toBeUndefined()
    expect((await eventsAfter(channel, before)).map(({ type }) => type)).toEqual(['MemberJoined', 'MessageAdded', 'MessageAdded'])
  })

  it('does not hold for who is made an admin, until they are one no longer', async () => {
    const room = await aGroup(ann, ben)
    await mute(ann, room, ben)
    await act('setRoomRole', ann, room, ben, ', role: ADMIN')
    for (const content of ['Hello', `Hello @${ann.handle}`]) expect(await say(ben, room, content)).toBeUndefined()
    await act('setRoomRole', ann, room, ben, ', role: MEMBER')
    for (const content of ['Hello', `Hello @${ann.handle}`]) expect(await say(ben, room, content)).toBe('FORBIDDEN')
  })

  it('does not hold for leads, on either way', async () => {
    const team = await aTeam(cid, ann, ben)
    const lead = (role: string) =>
      cid.run('mutation ($input: SetTeamRoleInput!) { setTeamRole(input: $input) { team { id } } }', {
        input: { teamId: team.globalId, userId: ben.globalId, role },
      })
    for (const isPrivate of [false, true]) {
      const channel = await aChannel(team, ann, { isPrivate, members: [ben] })
      await mute(ann, channel, ben)
      expect(await say(ben, channel)).toBe('FORBIDDEN')
      await lead('LEAD')
      for (const content of ['Hello', `Hello @${ann.handle}`]) expect(await say(ben, channel, content)).toBeUndefined()
      await lead('MEMBER')
      expect(await say(ben, channel)).toBe('FORBIDDEN')
    }
  })
})

describe('who may mute, and whom', () => {
  it('is for admins: members, also muted ones, are told so; strangers and those removed find no room', async () => {
    const [stranger, gone] = await Promise.all([domain.aPerson('Stranger'), domain.aPerson('Gone')])
    const room = await aGroup(ann, ben, cid, gone)
    await act('removeRoomMember', ann, room, gone)
    await mute(ann, room, cid)
    const before = await head(room)
    for (const actor of [ben, cid]) for (const target of [ben, cid]) expect(codeOf(await mute(actor, room, target, null))).toBe('FORBIDDEN')
    for (const actor of [stranger, gone]) expect(codeOf(await mute(actor, room, ben))).toBe('NOT_FOUND')
    const variables = { roomId: room.globalId, userId: ben.globalId, until: later }
    expect(codeOf(await domain.as(nobody)(document, variables))).toBe('UNAUTHENTICATED')
    expect(await head(room)).toBe(before)
  })

  it('in a channel is for leads who see it too', async () => {
    const lead = await domain.aPerson('Lead')
    const team = await aTeam(lead, ann, ben)
    const [open, closed] = await Promise.all([false, true].map((isPrivate) => aChannel(team, ann, { isPrivate, members: [ben] })))
    expect(codeOf(await mute(lead, open!, ben))).toBeUndefined()
    expect(codeOf(await mute(lead, closed!, ben))).toBe('NOT_FOUND')
    await act('addRoomMember', ann, closed!, lead)
    expect(codeOf(await mute(lead, closed!, ben))).toBeUndefined()
  })

  it('is never an admin or a lead, in the room or not', async () => {
    const [lead, other] = await Promise.all([domain.aPerson('Lead'), domain.aPerson('Other')])
    const group = await aGroup(ann, ben)
    await act('setRoomRole', ann, group, ben, ', role: ADMIN')
    for (const target of [ann, ben]) expect(codeOf(await mute(ann, group, target))).toBe('FORBIDDEN')
    const team = await aTeam(lead, ann)
    await addToTeam(lead, team, other, 'LEAD')
    for (const isPrivate of [false, true]) {
      const channel = await aChannel(team, ann, { isPrivate, members: [lead, other] })
      await act('removeRoomMember', other, channel, other)
      for (const target of [ann, lead, other]) expect(codeOf(await mute(ann, channel, target))).toBe('FORBIDDEN')
      expect(codeOf(await mute(lead, channel, ann))).toBe('FORBIDDEN')
    }
  })

  it('is nobody in a direct room or an archived one', async () => {
    expect(codeOf(await mute(ann, await aDirectRoom(ann, ben), ben))).toBe('FORBIDDEN')
    const room = await aGroup(ann, ben)
    await domain.database.sql('update room set archived_at = now() where id = $1', [room.id])
    const { errors } = await mute(ann, room, ben)
    expect(errors?.[0]).toMatchObject({ message: 'This room is archived.', extensions: { code: 'FORBIDDEN' } })
  })

  it('is until a time in the future or null, and says which input is none', async () => {
    const room = await aGroup(ann, ben)
    const ids = { roomId: room.globalId, userId: ben.globalId }
    const refusal = async (variables: object) =>
      (await ann.run(document, { ...ids, ...variables })).errors?.map(({ extensions }) => extensions)
    for (const until of ['2000-01-01T00:00:00Z', new Date().toISOString()])
      expect(await refusal({ until })).toEqual([{ code: 'BAD_USER_INPUT', field: 'until' }])
    expect(await refusal({})).toEqual([{ code: 'BAD_USER_INPUT', field: 'until' }])
    expect(await refusal({ until: 'tomorrow' })).toEqual([{ code: 'BAD_USER_INPUT' }])
    expect(await refusal({ until: later, roomId: 'room' })).toEqual([{ code: 'BAD_USER_INPUT', field: 'roomId' }])
    expect(await refusal({ until: later, userId: 'ben' })).toEqual([{ code: 'BAD_USER_INPUT', field: 'userId' }])
    for (const roomId of [encodeId('GroupRoom', uuid()), encodeId('DirectRoom', room.id), ann.globalId])
      expect(await refusal({ until: later, roomId }), roomId).toEqual([{ code: 'NOT_FOUND' }])
    for (const userId of [encodeId('User', uuid()), encodeId('RoomMember', ben.id), cid.globalId, room.globalId])
      expect(await refusal({ until: later, userId }), userId).toEqual([{ code: 'NOT_FOUND' }])
    expect(await head(room)).toBe(0)
  })
})
