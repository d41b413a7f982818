import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aGroup, named } from '../../support/rooms.ts'
import { type ATeam, aChannel, addToTeam, aTeam } from '../../support/teams.ts'
import { counted } from '../messages/support.ts'

const create = `mutation ($input: CreateChannelInput!) { createChannel(input: $input) {
  channel { __typename id kind name topic isPrivate memberCount archivedAt createdAt createdBy { id } viewerMembership { role } team { id }
    members { nodes { role user { id } } } }
  edge { cursor node { id } }
  team { id channels { totalCount nodes { id } } } } }`

interface Created extends Record<string, unknown> {
  createChannel: {
    channel: { id: string; createdAt: string } & Record<string, unknown>
    edge: { cursor: string; node: { id: string } }
    team: { id: string; channels: { totalCount: number; nodes: { id: string }[] } }
  }
}

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
const leaveTeam = (person: APerson, from = team) =>
  person.run(`mutation { removeTeamMember(input: { teamId: "${from.globalId}", userId: "${person.globalId}" }) { memberId } }`)
const archive = (person: APerson, room: ARoom) =>
  person.run(`mutation { archiveRoom(input: { roomId: "${room.globalId}" }) { room { id } } }`)

describe('creating a channel', () => {
  const make = (person: APerson, input: object = {}) =>
    person.run<Created>(create, { input: { teamId: team.globalId, name: 'News', ...input } })

  it('makes a public one, with its creator as admin, which the whole team hears of', async () => {
    const heads = { team: (await headOf(team.id))!, ben: (await headOf(ben.id))!, cid: await headOf(cid.id) }
    const { data, errors } = await make(ben, { topic: 'What is new' })
    expect(errors).toBeUndefined()
    const { channel, edge, team: shown } = data!.createChannel
    expect(channel).toEqual({
      __typename: 'Channel',
      id: channel.id,
      kind: 'CHANNEL',
      name: 'News',
      topic: 'What is new',
      isPrivate: false,
      memberCount: 1,
      archivedAt: null,
      createdAt: channel.createdAt,
      createdBy: { id: ben.globalId },
      viewerMembership: { role: 'ADMIN' },
      team: { id: team.globalId },
      members: { nodes: [{ role: 'ADMIN', user: { id: ben.globalId } }] },
    })
    expect(shown).toEqual({
      id: team.globalId,
      channels: { totalCount: 2, nodes: [{ id: team.general.globalId }, { id: channel.id }] },
    })
    const rooms = await ben.run<{ viewer: { rooms: { edges: unknown[] } } }>(
      '{ viewer { rooms(first: 1) { edges { cursor node { id } } } } }',
    )
    expect(rooms.data!.viewer.rooms.edges).toEqual([edge])
    const { id } = named(channel.id)
    const [added] = await domain.services.log.after(team.id, heads.team, 10)
    expect(added).toMatchObject({ type: 'ChannelAdded', data: { roomId: id, actorId: ben.id } })
    expect(await domain.services.log.after(ben.id, heads.ben, 10)).toMatchObject([{ type: 'RoomAdded', data: { roomId: id } }])
    expect(await headOf(cid.id)).toBe(heads.cid)
    expect(await headOf(id)).toBe(0)
  })

  it('makes a private one, which nobody else hears of or finds, the leads neither', async () => {
    const heads = { team: await headOf(team.id), ann: await headOf(ann.id) }
    const { data } = await make(ben, { name: 'Surprise', isPrivate: true })
    const { channel, team: shown } = data!.createChannel
    expect(channel).toMatchObject({ isPrivate: true, memberCount: 1 })
    expect(shown.channels.totalCount).toBe(2)
    expect({ team: await headOf(team.id), ann: await headOf(ann.id) }).toEqual(heads)
    const read = `query ($id: ID!, $team: ID!) { room(id: $id) { name } node(id: $id) { id } nodes(ids: [$id]) { id }
      team(id: $team) { channels { totalCount nodes { id } } } }`
    const unseen = { room: null, node: null, nodes: [null], team: { channels: { totalCount: 1, nodes: [{ id: team.general.globalId }] } } }
    for (const person of [ann, cid]) expect(await person.run(read, { id: channel.id, team: team.globalId })).toEqual({ data: unseen })
  })

  it('gives the first channel again for the same nonce in the same team, also after it was renamed', async () => {
    const first = await make(ben, { nonce: 'c-1' })
    const room = named(first.data!.createChannel.channel.id)
    await ben.run(`mutation { updateRoom(input: { roomId: "${room.globalId}", name: "Other" }) { room { id } } }`)
    const heads = [await headOf(team.id), await headOf(ben.id)]
    const again = await make(ben, { nonce: 'c-1', topic: ' ', isPrivate: null })
    expect(again.data!.createChannel.channel).toMatchObject({ id: room.globalId, name: 'Other' })
    expect([await headOf(team.id), await headOf(ben.id)]).toEqual(heads)
    for (const other of [{ name: 'Else' }, { topic: 'Else' }, { isPrivate: true }]) {
      const { errors } = await make(ben, { nonce: 'c-1', ...other })
      expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'nonce' })
    }
    const elsewhere = await aTeam(ben)
    for (const others of [make(cid, { nonce: 'c-1' }), make(ben, { nonce: 'c-1', teamId: elsewhere.globalId })])
      expect((await others).data!.createChannel.channel.id).not.toBe(room.globalId)
  })

  it('makes one channel of one nonce used ten times at once', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => make(ben, { nonce: 'c-race' })))
    expect(new Set(made.map(({ data }) => data!.createChannel.channel.id)).size).toBe(1)
    expect(made[0]!.data!.createChannel.team.channels.totalCount).toBe(2)
  })

  it.each([
    ['an empty name', 'name', { name: '  ' }],
    ['a name of 81 characters', 'name', { name: 'n'.repeat(81) }],
    ['a NUL in its name', 'name', { name: 'a\0b' }],
    ['a topic of 251 characters', 'topic', { topic: 't'.repeat(251) }],
    ['half a character in its topic', 'topic', { topic: '\ud83d' }],
    ['an empty nonce', 'nonce', { nonce: '' }],
    ['a nonce of 65 characters', 'nonce', { nonce: 'n'.repeat(65) }],
    ['an id that is none', 'teamId', { teamId: 'Crew' }],
  ])('refuses %s by name, and writes nothing', async (_what, field, wrong) => {
    const { errors } = await make(ben, wrong)
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
    expect(await domain.database.prisma.room.count({ where: { teamId: team.id } })).toBe(1)
  })

  it('is for people of the team: to others there is no such team, in the same words as for what is none', async () => {
    await leaveTeam(cid)
    const answers = [
      await make(stranger),
      await make(cid),
      await make(cid, { isPrivate: true }),
      await make(ben, { teamId: encodeId('Team', uuid()) }),
      await make(ben, { teamId: encodeId('Channel', team.id) }),
      await make(ben, { teamId: encodeId('Team', team.general.id) }),
    ]
    expect(answers.map(codeOf)).toEqual(answers.map(() => 'NOT_FOUND'))
    expect(new Set(answers.map(({ errors }) => errors![0]!.message)).size).toBe(1)
    expect(codeOf(await domain.as(nobody)(create, { input: { teamId: team.globalId, name: 'News' } }))).toBe('UNAUTHENTICATED')
    expect(await domain.database.prisma.room.count({ where: { teamId: team.id } })).toBe(1)
  })
})

describe('the channels of a team', () => {
  const list = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $archived: Boolean) { team(id: $id) {
    channels(first: $first, after: $after, last: $last, before: $before, archived: $archived) {
      nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
  interface Listed {
    nodes: { id: string }[]
    totalCount: number
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  }
  const read = async (person: APerson, variables: object = {}) => {
    const { data, errors } = await person.run<{ team: { channels: Listed } }>(list, { id: team.globalId, ...variables })
    if (errors) throw errors[0]
    return data!.team.channels
  }
  const ids = ({ nodes }: Listed) => nodes.map(({ id }) => id)
  const globalIds = (rooms: readonly ARoom[]) => rooms.map(({ globalId }) => globalId)

  it('are the public ones and the private ones that one is in, the oldest first', async () => {
    const news = await aChannel(team, ben)
    const secret = await aChannel(team, ben, { isPrivate: true, members: [cid] })
    expect(ids(await read(ben))).toEqual(globalIds([team.general, news, secret]))
    expect(ids(await read(cid))).toEqual(globalIds([team.general, news, secret]))
    expect(await read(ann)).toMatchObject({ nodes: [{ id: team.general.globalId }, { id: news.globalId }], totalCount: 2 })
    await leave(cid, secret)
    await leave(cid, team.general)
    expect(await read(cid)).toMatchObject({ nodes: [{ id: team.general.globalId }, { id: news.globalId }], totalCount: 2 })
  })

  it('are the open ones, or the archived ones, or all of them', async () => {
    const [news, old] = [await aChannel(team, ben), await aChannel(team, ben)]
    const secret = await aChannel(team, ben, { isPrivate: true })
    for (const room of [old, secret]) expect(codeOf(await archive(ben, room))).toBeUndefined()
    expect(ids(await read(ben))).toEqual(globalIds([team.general, news]))
    expect(ids(await read(ben, { archived: false }))).toEqual(globalIds([team.general, news]))
    expect(await read(ben, { archived: true })).toMatchObject({ nodes: [{ id: old.globalId }, { id: secret.globalId }], totalCount: 2 })
    expect(ids(await read(ann, { archived: true }))).toEqual(globalIds([old]))
    expect(ids(await read(ben, { archived: null }))).toEqual(globalIds([team.general, news, old, secret]))
  })

  it('are read in pages from either end, none missing and none twice', async () => {
    const rooms = [team.general]
    for (let number = 0; number < 6; number++) rooms.push(await aChannel(team, ben, { isPrivate: number % 2 === 1 }))
    // Three made in the same moment: their ids decide.
    await domain.database.sql('update room set created_at = (select created_at from room where id = $1) where id = any($2::uuid[])', [
      rooms[2]!.id,
      rooms.slice(3, 5).map(({ id }) => id),
    ])
    rooms.splice(2, 3, ...rooms.slice(2, 5).sort((one, other) => (one.id < other.id ? -1 : 1)))
    const forward: string[] = []
    for (let after: string | null = null; ; ) {
      const page: Listed = await read(ben, { first: 2, after })
      forward.push(...ids(page))
      after = page.pageInfo.endCursor
      if (!page.pageInfo.hasNextPage) break
    }
    expect(forward).toEqual(globalIds(rooms))
    const backward: string[] = []
    for (let before: string | null = null; ; ) {
      const page: Listed = await read(ben, { last: 3, before })
      backward.unshift(...ids(page))
      before = page.pageInfo.startCursor
      if (!page.pageInfo.hasPreviousPage) break
    }
    expect(backward).toEqual(globalIds(rooms))
    expect((await read(ben, { first: 1 })).totalCount).toBe(7)
  })

  it.each([
    ['first', { first: 0 }],
    ['first', { first: 101 }],
    ['last', { first: 1, last: 1 }],
    ['after', { after: 'nonsense' }],
    ['before', { before: 'nonsense' }],
  ])('refuse a bad %s by name', async (field, variables) => {
    const { errors } = await ann.run(list, { id: team.globalId, ...variables })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
  })

  it('take as many statements for many teams and channels as for one, each page with the position of its rooms', async () => {
    const person = await domain.aPerson('Busy')
    const teams: ATeam[] = []
    for (let number = 0; number < 4; number++) {
      const one = await aTeam(ann, person)
      await aChannel(one, ann)
      await aChannel(one, person, { isPrivate: true })
      teams.push(one)
    }
    const ask = `query ($teams: [ID!]!, $first: Int!) { nodes(ids: $teams) { ... on Team { name viewerRole channels(first: $first) { totalCount nodes {
      id name cursor memberCount createdBy { name } viewerMembership { role } ... on Channel { isPrivate team { id name } } } } } } }`
    const statements = async (count: number, first: number) => {
      const database = counted(domain.database)
      const { data, errors } = await domain.as(person.actor, { database })<{ nodes: { channels: { nodes: { cursor: string }[] } }[] }>(
        ask,
        {
          teams: teams.slice(0, count).map(({ globalId }) => globalId),
          first,
        },
      )
      expect(errors).toBeUndefined()
      expect(data!.nodes.flatMap(({ channels }) => channels.nodes)).toHaveLength(count * first)
      return database.statements
    }
    await statements(4, 3)
    const [few, many] = [await statements(1, 2), await statements(4, 3)]
    expect(many).toHaveLength(few.length)
    // The page, and its count.
    expect(many.filter((text) => text.includes('where r.team_id = wanted.team_id'))).toHaveLength(2)
  })
})

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
