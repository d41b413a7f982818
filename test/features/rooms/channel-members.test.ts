import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { type ATeam, aChannel, addToTeam, aTeam } from '../../support/teams.ts'

let domain: Domain
/** Lead, member, member, and somebody who is not in the team. */
let ann: APerson
let ben: APerson
let cid: APerson
let stranger: APerson
let team: ATeam
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
  stranger = await domain.aPerson('Stranger')
})
beforeEach(async () => {
  team = await aTeam(ann, ben, cid)
})

const headOf = (streamId: string) => domain.services.log.head(streamId)
const typesAfter = async (streamId: string, head: number) => (await domain.services.log.after(streamId, head, 50)).map(({ type }) => type)
const act = (person: APerson, verb: string, room: ARoom, user: APerson, more = '') =>
  person.run(`mutation { ${verb}(input: { roomId: "${room.globalId}", userId: "${user.globalId}"${more} }) { room { id } } }`)
const leave = (person: APerson, room: ARoom) => act(person, 'removeRoomMember', room, person)
const leaveTeam = (person: APerson) =>
  person.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${person.globalId}" }) { memberId } }`)
const archive = (person: APerson, room: ARoom) =>
  person.run(`mutation { archiveRoom(input: { roomId: "${room.globalId}" }) { room { id } } }`)

describe('joining a channel', () => {
  const join = `mutation ($channelId: ID!) { joinChannel(input: { channelId: $channelId }) {
    channel { id memberCount cursor } member { role joinedAt user { id } } edge { cursor node { id lastActivityAt } } } }`
  const joining = (person: APerson, channelId: string) =>
    person.run<{ joinChannel: { channel: { memberCount: number }; member: { role: string }; edge: unknown } }>(join, { channelId })

  it('makes a member of whoever is in the team; the room hears of it, and their inbox', async () => {
    const news = await aChannel(team, ben)
    const heads = { team: await headOf(team.id), cid: (await headOf(cid.id))! }
    const { data, errors } = await joining(cid, news.globalId)
    expect(errors).toBeUndefined()
    expect(data!.joinChannel).toMatchObject({
      channel: { id: news.globalId, memberCount: 2 },
      member: { role: 'MEMBER', user: { id: cid.globalId } },
    })
    const rooms = await cid.run<{ viewer: { rooms: { edges: unknown[] } } }>(
      '{ viewer { rooms(first: 1) { edges { cursor node { id lastActivityAt } } } } }',
    )
    expect(rooms.data!.viewer.rooms.edges).toEqual([data!.joinChannel.edge])
    expect(await domain.services.log.after(news.id, 0, 10)).toMatchObject([
      { type: 'MemberJoined', data: { userId: cid.id, actorId: cid.id } },
      { type: 'MessageAdded', data: { actorId: cid.id } },
    ])
    expect(await typesAfter(cid.id, heads.cid)).toEqual(['RoomAdded'])
    expect(await headOf(team.id)).toBe(heads.team)
  })

  it('repeated is once, also ten times at once, and in a private channel that one is in', async () => {
    const news = await aChannel(team, ben)
    const answers = await Promise.all(Array.from({ length: 10 }, () => joining(cid, news.globalId)))
    expect(answers.map(codeOf)).toEqual(Array(10).fill(undefined))
    expect(await typesAfter(news.id, 0)).toEqual(['MemberJoined', 'MessageAdded'])
    const secret = await aChannel(team, ben, { isPrivate: true })
    expect((await joining(ben, secret.globalId)).data!.joinChannel.member.role).toBe('ADMIN')
    expect(await headOf(secret.id)).toBe(0)
  })

  it('lets come back whoever left or was removed, as plain members', async () => {
    const news = await aChannel(team, ben, { members: [cid] })
    await act(ben, 'setRoomRole', news, cid, ', role: ADMIN')
    await leave(cid, news)
    expect((await joining(cid, news.globalId)).data!.joinChannel).toMatchObject({ channel: { memberCount: 2 }, member: { role: 'MEMBER' } })
    await act(ben, 'removeRoomMember', news, cid)
    expect((await joining(cid, news.globalId)).data!.joinChannel.member.role).toBe('MEMBER')
  })

  it('is for the muted too, who stay so', async () => {
    const news = await aChannel(team, ben, { members: [cid] })
    await act(ben, 'muteMember', news, cid, ', until: "2099-01-01T00:00:00.000Z"')
    await leave(cid, news)
    expect(codeOf(await joining(cid, news.globalId))).toBeUndefined()
    const say = `mutation { sendMessage(input: { roomId: "${news.globalId}", content: "Back" }) { message { id } } }`
    expect((await cid.run(say)).errors).toMatchObject([{ message: 'You are muted in this room.', extensions: { code: 'FORBIDDEN' } }])
  })

  it('is not for archived channels; who is in one stays in it', async () => {
    const news = await aChannel(team, ben)
    await archive(ben, news)
    const head = await headOf(news.id)
    const { errors } = await joining(cid, news.globalId)
    expect(errors).toMatchObject([{ message: 'This room is archived.', extensions: { code: 'FORBIDDEN' } }])
    expect((await joining(ben, news.globalId)).data!.joinChannel.member.role).toBe('ADMIN')
    expect(await headOf(news.id)).toBe(head)
  })

  it('finds no private channel, no channel of another team, and nothing else: all in the same words', async () => {
    const secret = await aChannel(team, ben, { isPrivate: true })
    const news = await aChannel(team, ben)
    const group = await aGroup(cid, ann)
    await leaveTeam(cid)
    await addToTeam(ann, team, cid)
    await leaveTeam(cid)
    const answers = [
      await joining(ann, secret.globalId),
      await joining(cid, secret.globalId),
      await joining(cid, news.globalId),
      await joining(stranger, news.globalId),
      await joining(cid, group.globalId),
      await joining(cid, encodeId('Channel', group.id)),
      await joining(cid, encodeId('Channel', uuid())),
      await joining(ann, encodeId('GroupRoom', news.id)),
      await joining(ann, team.globalId),
    ]
    expect(answers.map(codeOf)).toEqual(answers.map(() => 'NOT_FOUND'))
    expect(new Set(answers.map(({ errors }) => errors![0]!.message)).size).toBe(1)
    expect((await joining(ann, 'x')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'channelId' })
    expect(codeOf(await domain.as(nobody)(join, { channelId: news.globalId }))).toBe('UNAUTHENTICATED')
    expect([await headOf(secret.id), await headOf(news.id)]).toEqual([0, 0])
  })
})

describe('the members of a channel', () => {
  it('are people of its team, whoever adds them', async () => {
    for (const isPrivate of [false, true]) {
      const room = await aChannel(team, ben, { isPrivate })
      const { errors } = await act(ben, 'addRoomMember', room, stranger)
      expect(errors).toMatchObject([{ message: 'Only people of its team can be in a channel.', extensions: { code: 'FORBIDDEN' } }])
      await addToTeam(ann, team, stranger)
      expect(codeOf(await act(ben, 'addRoomMember', room, stranger))).toBeUndefined()
      await leaveTeam(stranger)
      expect(codeOf(await act(ben, 'addRoomMember', room, stranger))).toBe('FORBIDDEN')
    }
  })

  it('are managed by its admins, and by the leads of the team who see it', async () => {
    const news = await aChannel(team, ben)
    const secret = await aChannel(team, ben, { isPrivate: true })
    expect(codeOf(await act(ann, 'addRoomMember', news, cid))).toBeUndefined()
    expect(codeOf(await act(cid, 'addRoomMember', news, ann))).toBe('FORBIDDEN')
    expect(codeOf(await act(ann, 'setRoomRole', news, cid, ', role: ADMIN'))).toBeUndefined()
    expect(codeOf(await act(ann, 'removeRoomMember', news, cid))).toBeUndefined()
    expect(codeOf(await act(ann, 'addRoomMember', secret, cid))).toBe('NOT_FOUND')
    expect(codeOf(await act(ben, 'addRoomMember', secret, ann))).toBeUndefined()
    expect(codeOf(await act(ann, 'addRoomMember', secret, cid))).toBeUndefined()
  })
})

describe('updating a channel', () => {
  const update = 'mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { room { id name topic } } }'
  const change = (person: APerson, room: ARoom, changes: object) => person.run(update, { input: { roomId: room.globalId, ...changes } })

  it('is for its admins and the leads of the team, and the team hears of public ones', async () => {
    const news = await aChannel(team, ben)
    const head = (await headOf(team.id))!
    expect(await change(ben, news, { topic: 'Daily' })).toEqual({
      data: { updateRoom: { room: { id: news.globalId, name: 'news', topic: 'Daily' } } },
    })
    expect(codeOf(await change(ann, news, { name: 'Old news' }))).toBeUndefined()
    expect(await typesAfter(news.id, 0)).toEqual(['RoomUpdated', 'RoomUpdated', 'MessageAdded'])
    expect(await domain.services.log.after(team.id, head, 10)).toMatchObject([
      { type: 'ChannelUpdated', data: { roomId: news.id, actorId: ben.id } },
      { type: 'ChannelUpdated', data: { roomId: news.id, actorId: ann.id } },
    ])
    const heads = [await headOf(news.id), await headOf(team.id)]
    await change(ann, news, { name: 'Old news', topic: 'Daily' })
    expect([await headOf(news.id), await headOf(team.id)]).toEqual(heads)
  })

  it('of a private one is heard of by its members alone', async () => {
    const secret = await aChannel(team, ben, { isPrivate: true, members: [cid] })
    const [head, joined] = [await headOf(team.id), (await headOf(secret.id))!]
    expect(codeOf(await change(ann, secret, { name: 'Mine' }))).toBe('NOT_FOUND')
    expect(codeOf(await change(cid, secret, { name: 'Mine' }))).toBe('FORBIDDEN')
    expect(codeOf(await change(ben, secret, { name: 'Ours' }))).toBeUndefined()
    await act(ben, 'addRoomMember', secret, ann)
    expect(codeOf(await change(ann, secret, { topic: 'And mine' }))).toBeUndefined()
    expect((await typesAfter(secret.id, joined)).filter((type) => type === 'RoomUpdated')).toHaveLength(2)
    expect(await headOf(team.id)).toBe(head)
  })

  it('is not for its other members, people of the team who are none, or anybody else', async () => {
    const news = await aChannel(team, ben, { members: [cid] })
    const heads = [await headOf(news.id), await headOf(team.id)]
    expect(codeOf(await change(cid, news, { name: 'Mine' }))).toBe('FORBIDDEN')
    await leave(cid, news)
    heads[0] = await headOf(news.id)
    expect(codeOf(await change(cid, news, { name: 'Mine' }))).toBe('FORBIDDEN')
    expect(codeOf(await change(stranger, news, { name: 'Mine' }))).toBe('NOT_FOUND')
    await leaveTeam(cid)
    heads[1] = await headOf(team.id)
    expect(codeOf(await change(cid, news, { name: 'Mine' }))).toBe('NOT_FOUND')
    expect(codeOf(await change(ben, { id: news.id, globalId: encodeId('GroupRoom', news.id) }, { name: 'Mine' }))).toBe('NOT_FOUND')
    expect([await headOf(news.id), await headOf(team.id)]).toEqual(heads)
  })
})
