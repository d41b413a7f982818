import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, named } from '../../support/rooms.ts'
import { type ATeam, aChannel, aTeam } from '../../support/teams.ts'
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
const leave = (person: APerson, room: ARoom) =>
  person.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${person.globalId}" }) { memberId } }`)
const leaveTeam = (person: APerson) =>
  person.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${person.globalId}" }) { memberId } }`)
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
