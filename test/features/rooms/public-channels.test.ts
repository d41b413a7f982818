import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeCursor } from '../../../src/engine/cursor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'
import { followingOf } from '../../support/show-event.ts'
import { type ATeam, aChannel, aTeam } from '../../support/teams.ts'
import { sayIn } from '../messages/support.ts'

let domain: Domain
/** Lead; member, who runs the channel; member of the team who is not in the channel; and somebody who is not in the team. */
let ann: APerson
let ben: APerson
let cid: APerson
let stranger: APerson
let team: ATeam
let news: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
  stranger = await domain.aPerson('Stranger')
})
beforeEach(async () => {
  team = await aTeam(ann, ben, cid)
  news = await aChannel(team, ben)
})

const headOf = async (streamId: string) => (await domain.services.log.head(streamId))!
const eventsAfter = (streamId: string, head: number) => domain.services.log.after(streamId, head, 50)
const typesAfter = async (streamId: string, head: number) => (await eventsAfter(streamId, head)).map(({ type }) => type)
const act = (person: APerson, verb: string, room: ARoom, user: APerson, more = '') =>
  person.run(`mutation { ${verb}(input: { roomId: "${room.globalId}", userId: "${user.globalId}"${more} }) { room { id } } }`)
const leaveTeam = (person: APerson) =>
  person.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${person.globalId}" }) { memberId } }`)
const send = (person: APerson, content: string, more: object = {}, room = news) =>
  person.run<{ sendMessage: { message: { id: string; seq: number }; room: { viewerMembership: { role: string } | null } } }>(
    'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id seq content } room { memberCount viewerMembership { role } } } }',
    { input: { roomId: room.globalId, content, ...more } },
  )
const rolesIn = async ({ id }: ARoom) => {
  const members = await domain.database.prisma.roomMember.findMany({ where: { roomId: id, leftAt: null } })
  return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
}

describe('saying something in a public channel', () => {
  it('makes a member of who is in the team but not in the channel: first they join, then it is said', async () => {
    const heads = { cid: await headOf(cid.id), team: await headOf(team.id) }
    const { data, errors } = await send(cid, 'Hello')
    expect(errors).toBeUndefined()
    expect(data!.sendMessage).toMatchObject({
      message: { seq: 3, content: 'Hello' },
      room: { memberCount: 2, viewerMembership: { role: 'MEMBER' } },
    })
    const [joined, told, said] = await eventsAfter(news.id, 0)
    expect(joined).toMatchObject({ type: 'MemberJoined', data: { userId: cid.id, actorId: cid.id } })
    const messages = await domain.database.prisma.message.findMany({ where: { roomId: news.id }, orderBy: { seq: 'asc' } })
    expect(messages).toMatchObject([
      { seq: 2, systemKind: 'MEMBER_JOINED', senderId: cid.id },
      { seq: 3, systemKind: null, content: 'Hello' },
    ])
    expect([told, said].map((event) => event!.data.messageId)).toEqual(messages.map(({ id }) => id))
    expect(await typesAfter(cid.id, heads.cid)).toEqual(['RoomAdded'])
    expect(await headOf(team.id)).toBe(heads.team)
    await send(cid, 'Again')
    expect(await typesAfter(news.id, 3)).toEqual(['MessageAdded'])
    expect(await typesAfter(cid.id, heads.cid)).toEqual(['RoomAdded'])
  })

  it('joins once, however much is said at once, and beside joinChannel', async () => {
    const heads = await headOf(cid.id)
    const join = `mutation { joinChannel(input: { channelId: "${news.globalId}" }) { member { id } } }`
    const answers = await Promise.all(Array.from({ length: 10 }, (_, number) => (number === 4 ? cid.run(join) : send(cid, `${number}`))))
    expect(answers.map(codeOf)).toEqual(Array(10).fill(undefined))
    const types = await typesAfter(news.id, 0)
    expect(types.filter((type) => type === 'MemberJoined')).toHaveLength(1)
    expect(types[0]).toBe('MemberJoined')
    expect(types.filter((type) => type === 'MessageAdded')).toHaveLength(10)
    expect(await typesAfter(cid.id, heads)).toEqual(['RoomAdded'])
  })

  it('lets come back by it who has left or was removed, as plain members', async () => {
    await send(cid, 'Hello')
    await act(ben, 'setRoomRole', news, cid, ', role: ADMIN')
    await act(cid, 'removeRoomMember', news, cid)
    expect(codeOf(await send(cid, 'Back'))).toBeUndefined()
    await act(ben, 'removeRoomMember', news, cid)
    expect(codeOf(await send(cid, 'And again'))).toBeUndefined()
    expect(await rolesIn(news)).toEqual({ [ben.id]: 'ADMIN', [cid.id]: 'MEMBER' })
  })

  it('repeated with its nonce is said once and joins once, also by who has left since', async () => {
    const first = await send(cid, 'Hello', { nonce: 'p-1' })
    const head = await headOf(news.id)
    const again = await send(cid, 'Hello', { nonce: 'p-1' })
    expect(again.data!.sendMessage.message).toEqual(first.data!.sendMessage.message)
    expect((await send(cid, 'Else', { nonce: 'p-1' })).errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'nonce' })
    expect(await headOf(news.id)).toBe(head)
    await act(cid, 'removeRoomMember', news, cid)
    const left = await headOf(news.id)
    const later = await send(cid, 'Hello', { nonce: 'p-1' })
    expect(later.data!.sendMessage).toMatchObject({ message: first.data!.sendMessage.message, room: { viewerMembership: null } })
    expect((await send(cid, 'Else', { nonce: 'p-1' })).errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'nonce' })
    expect(await headOf(news.id)).toBe(left)
  })

  it('joins by a reply, too, but not by what is refused', async () => {
    const root = await sayIn(ben, news, 'Plans?')
    for (const wrong of [{ content: ' ' }, { threadId: encodeId('Message', cid.id) }, { replyToId: encodeId('Message', cid.id) }])
      expect(codeOf(await send(cid, 'Sea', wrong))).toBeDefined()
    expect(await rolesIn(news)).toEqual({ [ben.id]: 'ADMIN' })
    expect(codeOf(await send(cid, 'The sea', { threadId: root.id }))).toBeUndefined()
    expect(await typesAfter(news.id, 1)).toEqual(['MemberJoined', 'MessageAdded', 'MessageAdded'])
  })

  it('is refused to the muted, who stay so when they have left, and joins nobody then', async () => {
    await send(cid, 'Hello')
    expect(codeOf(await act(ben, 'muteMember', news, cid, ', until: "2099-01-01T00:00:00.000Z"'))).toBeUndefined()
    await act(cid, 'removeRoomMember', news, cid)
    const head = await headOf(news.id)
    expect((await send(cid, 'Still here')).errors).toMatchObject([
      { message: 'You are muted in this room.', extensions: { code: 'FORBIDDEN' } },
    ])
    expect(await headOf(news.id)).toBe(head)
    expect(await rolesIn(news)).toEqual({ [ben.id]: 'ADMIN' })
  })

  it('finds no channel for strangers, people who have left the team, and in private ones for who is not in them, in the same words', async () => {
    const secret = await aChannel(team, ben, { isPrivate: true })
    await send(cid, 'Hello')
    await leaveTeam(cid)
    const head = await headOf(news.id)
    const nothing = { id: '', globalId: encodeId('Channel', team.id) }
    const answers = [
      await send(stranger, 'Hello'),
      await send(cid, 'Hello'),
      await send(ann, 'Hello', {}, secret),
      await send(ann, 'Hello', {}, nothing),
    ]
    expect(answers.map(codeOf)).toEqual(answers.map(() => 'NOT_FOUND'))
    expect(new Set(answers.map(({ errors }) => errors![0]!.message)).size).toBe(1)
    expect([await headOf(news.id), await headOf(secret.id)]).toEqual([head, 0])
  })

  it('is all that joins: reacting, editing and deleting one’s own do not', async () => {
    const said = await sayIn(cid, news, 'Mine')
    const other = await sayIn(ben, news, 'Yours')
    await act(cid, 'removeRoomMember', news, cid)
    const [head, inbox] = [await headOf(news.id), await headOf(cid.id)]
    for (const [verb, input] of [
      ['addReaction', { messageId: other.id, emoji: '👍' }],
      ['removeReaction', { messageId: other.id, emoji: '👍' }],
      ['editMessage', { messageId: said.id, content: 'Still mine' }],
      ['deleteMessage', { messageId: said.id }],
    ] as const) {
      const type = `${verb[0]!.toUpperCase()}${verb.slice(1)}Input`
      expect(codeOf(await cid.run(`mutation ($input: ${type}!) { ${verb}(input: $input) { __typename } }`, { input }))).toBeUndefined()
    }
    expect(await typesAfter(news.id, head)).toEqual(['ReactionAdded', 'ReactionRemoved', 'MessageEdited', 'MessageDeleted'])
    expect(await headOf(cid.id)).toBe(inbox)
  })
})

describe('reading and following a public channel without being in it', () => {
  const at = (seq: number, { id } = news) => encodeCursor({ streamId: id, epoch: domain.services.epoch, seq })
  const reading = `query ($id: ID!, $after: Cursor!) {
    room(id: $id) { id memberCount viewerMembership { id } messages(last: 10) { nodes { content } } members { nodes { user { id } } } }
    node(id: $id) { id } roomEvents(roomId: $id, after: $after) { events { __typename seq } } }`
  const read = (person: APerson, room = news) => person.run(reading, { id: room.globalId, after: at(0, room) })
  const fields = {
    roomEvents: 'subscription ($id: ID!, $after: Cursor) { roomEvents(roomId: $id, after: $after) { seq } }',
    messageAdded: 'subscription ($id: ID!, $after: Cursor) { messageAdded(roomId: $id, after: $after) { seq } }',
  }
  const follow = async (person: APerson, field: keyof typeof fields, room = news) =>
    (await followingOf(domain, person.actor, fields[field], { id: room.globalId, after: at(0, room) })).following!.options

  it('works for whoever is in the team, and for nobody else', async () => {
    await sayIn(ben, news, 'First')
    expect(await read(cid)).toEqual({
      data: {
        room: {
          id: news.globalId,
          memberCount: 1,
          viewerMembership: null,
          messages: { nodes: [{ content: 'First' }] },
          members: { nodes: [{ user: { id: ben.globalId } }] },
        },
        node: { id: news.globalId },
        roomEvents: { events: [{ __typename: 'MessageAdded', seq: 1 }] },
      },
    })
    const secret = await aChannel(team, ben, { isPrivate: true })
    for (const [person, room] of [
      [stranger, news],
      [ann, secret],
    ] as const) {
      const { data, errors } = await person.run(reading, { id: room.globalId, after: at(0, room) })
      expect(data).toBeNull()
      expect(errors?.map(({ extensions, path }) => [extensions.code, path])).toEqual([['NOT_FOUND', ['roomEvents']]])
      expect(await person.run('query ($id: ID!) { room(id: $id) { id } node(id: $id) { id } }', { id: room.globalId })).toEqual({
        data: { room: null, node: null },
      })
    }
    expect(codeOf(await followingOf(domain, nobody, fields.roomEvents, { id: news.globalId }))).toBe('UNAUTHENTICATED')
  })

  it.each(['roomEvents', 'messageAdded'] as const)(
    '%s: goes on when they leave the channel, and ends when they leave the team',
    async (field) => {
      await send(cid, 'In it')
      const { mayFollow, endsAccessOf } = await follow(cid, field)
      await mayFollow()
      const head = await headOf(news.id)
      await act(cid, 'removeRoomMember', news, cid)
      const [left] = await eventsAfter(news.id, head)
      expect(left!.type).toBe('MemberLeft')
      // They meet it and are asked for again: the team's membership is enough.
      expect(endsAccessOf!(left!)).toBe(cid.id)
      await mayFollow()
      await leaveTeam(cid)
      await expect(mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    },
  )

  it.each(['roomEvents', 'messageAdded'] as const)('%s: of a private one ends when they leave it', async (field) => {
    const secret = await aChannel(team, ben, { isPrivate: true, members: [ann] })
    const { mayFollow } = await follow(ann, field, secret)
    await mayFollow()
    await act(ann, 'removeRoomMember', secret, ann)
    await expect(mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const asLead = await follow(ann, field, secret)
    await expect(asLead.mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
