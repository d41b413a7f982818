import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeCursor } from '../../../src/engine/cursor.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { followingOf, showEvent } from '../../support/show-event.ts'
import { type ATeam, aChannel, aTeam } from '../../support/teams.ts'
import { sayIn } from '../messages/support.ts'

let domain: Domain
/** In groups Ann is the admin, Ben a member; in teams Ann leads. */
let ann: APerson
let ben: APerson
let cid: APerson
let stranger: APerson
let team: ATeam
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
  stranger = await domain.aPerson('Stranger')
  team = await aTeam(ann, ben, cid)
})

type Verb = 'archiveRoom' | 'unarchiveRoom'
const verbs = ['archiveRoom', 'unarchiveRoom'] as const
const writing = (verb: Verb) => `mutation ($id: ID!) { ${verb}(input: { roomId: $id }) { room { id archivedAt lastActivityAt } } }`
const set = (person: APerson, verb: Verb, { globalId }: { globalId: string }) =>
  person.run<Record<Verb, { room: { id: string; archivedAt: string | null; lastActivityAt: string } }>>(writing(verb), { id: globalId })
const archive = async (person: APerson, room: ARoom) => expect(codeOf(await set(person, 'archiveRoom', room))).toBeUndefined()
const write = (person: APerson, verb: string, input: object) => {
  const type = `${verb[0]!.toUpperCase()}${verb.slice(1)}Input`
  return person.run(`mutation ($input: ${type}!) { ${verb}(input: $input) { __typename } }`, { input })
}
const ofMember = (room: ARoom, person: APerson) => ({ roomId: room.globalId, userId: person.globalId })
const headOf = async ({ id }: { id: string }) => (await domain.services.log.head(id))!
const eventsAfter = ({ id }: { id: string }, head: number) => domain.services.log.after(id, head, 50)
const typesAfter = async (stream: { id: string }, head: number) => (await eventsAfter(stream, head)).map(({ type }) => type)

describe('archiving a room, and opening it again', () => {
  it('is heard of in the room, and repeated changes nothing', async () => {
    const room = await aGroup(ann, ben)
    const first = (await set(ann, 'archiveRoom', room)).data!.archiveRoom.room
    const [archived] = await eventsAfter(room, 0)
    expect(archived).toMatchObject({ type: 'RoomArchived', data: { roomId: room.id, actorId: ann.id } })
    const at = archived!.at.toISOString()
    expect(first).toEqual({ id: room.globalId, archivedAt: at, lastActivityAt: at })
    expect((await set(ann, 'archiveRoom', room)).data!.archiveRoom.room).toEqual(first)
    const open = (await set(ann, 'unarchiveRoom', room)).data!.unarchiveRoom.room
    expect(open.archivedAt).toBeNull()
    expect((await set(ann, 'unarchiveRoom', room)).data!.unarchiveRoom.room).toEqual(open)
    expect(await typesAfter(room, 0)).toEqual(['RoomArchived', 'RoomUnarchived'])
  })

  it('many times at once is heard of once', async () => {
    const room = await aGroup(ann)
    for (const verb of verbs)
      expect((await Promise.all(Array.from({ length: 10 }, () => set(ann, verb, room)))).map(codeOf)).toEqual(Array(10).fill(undefined))
    expect(await typesAfter(room, 0)).toEqual(['RoomArchived', 'RoomUnarchived'])
  })

  it.each(verbs)('%s is for the admins of a group: members are told so, all others find no room', async (verb) => {
    const [gone, muted] = [await domain.aPerson('Gone'), await domain.aPerson('Muted')]
    const room = await aGroup(ann, ben, gone, muted)
    await write(ann, 'removeRoomMember', ofMember(room, gone))
    await write(ann, 'muteMember', { ...ofMember(room, muted), until: '2099-01-01T00:00:00.000Z' })
    if (verb === 'unarchiveRoom') await archive(ann, room)
    const head = await headOf(room)
    for (const person of [ben, muted])
      expect((await set(person, verb, room)).errors).toMatchObject([
        { message: 'Only those who run this room may do that.', extensions: { code: 'FORBIDDEN' } },
      ])
    const nothing = { globalId: encodeId('GroupRoom', uuid()) }
    const unseen = await Promise.all([
      set(stranger, verb, room),
      set(gone, verb, room),
      set(ann, verb, nothing),
      set(ann, verb, { globalId: encodeId('Channel', room.id) }),
      set(ann, verb, ann),
    ])
    expect(unseen.map(codeOf)).toEqual(unseen.map(() => 'NOT_FOUND'))
    expect(new Set(unseen.map(({ errors }) => errors![0]!.message)).size).toBe(1)
    expect((await set(ann, verb, { globalId: 'x' })).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'roomId' })
    expect(codeOf(await domain.as(nobody)(writing(verb), { id: room.globalId }))).toBe('UNAUTHENTICATED')
    expect(await headOf(room)).toBe(head)
  })

  it.each(verbs)('%s is not for direct rooms', async (verb) => {
    const room = await aDirectRoom(ann, ben)
    expect((await set(ann, verb, room)).errors).toMatchObject([
      { message: 'A direct room cannot be archived.', extensions: { code: 'FORBIDDEN' } },
    ])
    expect(await headOf(room)).toBe(0)
  })

  it('of a public channel is for its admins and the leads of the team, which hears of it', async () => {
    const news = await aChannel(team, ben)
    const head = await headOf(team)
    expect(codeOf(await set(cid, 'archiveRoom', news))).toBe('FORBIDDEN')
    expect(codeOf(await set(stranger, 'archiveRoom', news))).toBe('NOT_FOUND')
    await archive(ann, news)
    expect(codeOf(await set(cid, 'unarchiveRoom', news))).toBe('FORBIDDEN')
    expect(codeOf(await set(ben, 'unarchiveRoom', news))).toBeUndefined()
    expect(await typesAfter(news, 0)).toEqual(['RoomArchived', 'RoomUnarchived'])
    expect(await eventsAfter(team, head)).toMatchObject([
      { type: 'ChannelArchived', data: { roomId: news.id, actorId: ann.id } },
      { type: 'ChannelUnarchived', data: { roomId: news.id, actorId: ben.id } },
    ])
    await set(ben, 'unarchiveRoom', news)
    expect(await headOf(team)).toBe(head + 2)
  })

  it('of a private channel is for its admins and the leads who are in it, and the team hears nothing', async () => {
    const secret = await aChannel(team, ben, { isPrivate: true, members: [cid] })
    const head = await headOf(team)
    expect(codeOf(await set(ann, 'archiveRoom', secret))).toBe('NOT_FOUND')
    expect(codeOf(await set(cid, 'archiveRoom', secret))).toBe('FORBIDDEN')
    await write(ben, 'addRoomMember', ofMember(secret, ann))
    await archive(ann, secret)
    expect(codeOf(await set(ben, 'unarchiveRoom', secret))).toBeUndefined()
    expect((await typesAfter(secret, 0)).slice(-2)).toEqual(['RoomArchived', 'RoomUnarchived'])
    expect(await headOf(team)).toBe(head)
  })

  it.each([
    ['RoomArchived', 'archiveRoom'],
    ['RoomUnarchived', 'unarchiveRoom'],
  ] as const)('%s needs no name, and shows what a person would see', async (type, verb) => {
    const room = await aGroup(ann, ben)
    await archive(ann, room)
    if (verb === 'unarchiveRoom') await set(ann, verb, room)
    const event = (await eventsAfter(room, 0)).at(-1)!
    expect(event.type).toBe(type)
    const document = `subscription ($id: ID!) { roomEvents(roomId: $id) { __typename cursor seq roomId actor { id }
      ... on RoomArchived { room { ...R } } ... on RoomUnarchived { room { ...R } } } }
      fragment R on Room { id name archivedAt lastActivityAt memberCount }`
    const audience = new Audience(room.id)
    const shared = await showEvent<{ roomEvents: object }>(domain, audience, document, event, { id: room.globalId })
    expect(shared.errors).toBeUndefined()
    expect(audience.askedFor).toBeUndefined()
    expect(shared.data!.roomEvents).toMatchObject({ __typename: type, actor: { id: ann.globalId }, room: { id: room.globalId } })
    expect(shared).toEqual(await showEvent(domain, ben.actor, document, event, { id: room.globalId }))
  })
})

describe('the list of one’s rooms', () => {
  interface PageInfo {
    hasNextPage: boolean
    endCursor: string | null
  }

  it('leaves archived ones out, unless they or all are asked for; their kind counts too', async () => {
    const person = await domain.aPerson('Lister')
    const [open, closed] = [await aGroup(person), await aGroup(person)]
    const direct = await aDirectRoom(person, ann)
    await archive(person, closed)
    const read = async (args: string) => {
      const { data } = await person.run<{ viewer: { rooms: { nodes: { id: string }[]; totalCount: number } } }>(
        `{ viewer { rooms${args} { nodes { id } totalCount } } }`,
      )
      const { nodes, totalCount } = data!.viewer.rooms
      expect(totalCount).toBe(nodes.length)
      return nodes.map(({ id }) => id)
    }
    const ids = (...rooms: ARoom[]) => rooms.map(({ globalId }) => globalId)
    expect(await read('')).toEqual(ids(direct, open))
    expect(await read('(archived: false)')).toEqual(ids(direct, open))
    expect(await read('(archived: true)')).toEqual(ids(closed))
    expect(await read('(archived: null)')).toEqual(ids(closed, direct, open))
    expect(await read('(archived: null, kind: GROUP)')).toEqual(ids(closed, open))
    expect(await read('(archived: true, kind: DIRECT)')).toEqual([])
    await set(person, 'unarchiveRoom', closed)
    expect(await read('')).toEqual(ids(closed, direct, open))
  })

  it('is read in pages of archived ones, too', async () => {
    const person = await domain.aPerson('Pager')
    const rooms: string[] = []
    for (let number = 0; number < 5; number++) {
      const room = await aGroup(person)
      if (number % 2) continue
      await archive(person, room)
      rooms.unshift(room.globalId)
    }
    const read = async (after: string | null) => {
      const { data } = await person.run<{ viewer: { rooms: { nodes: { id: string }[]; pageInfo: PageInfo } } }>(
        'query ($after: String) { viewer { rooms(first: 1, after: $after, archived: true) { nodes { id } pageInfo { hasNextPage endCursor } } } }',
        { after },
      )
      return data!.viewer.rooms
    }
    const found: string[] = []
    let pageInfo: PageInfo = { hasNextPage: true, endCursor: null }
    while (pageInfo.hasNextPage) {
      const page = await read(pageInfo.endCursor)
      found.push(...page.nodes.map(({ id }) => id))
      pageInfo = page.pageInfo
    }
    expect(found).toEqual(rooms)
  })
})

describe('an archived room', () => {
  let room: ARoom
  let said: { mine: string; theirs: string; old: string }
  /** With an admin, a member, and what each has said. */
  async function stage(make: () => Promise<ARoom>) {
    room = await make()
    const [mine, theirs, old] = [await sayIn(ann, room, 'Mine'), await sayIn(ben, room, 'Theirs'), await sayIn(ben, room, 'Once', 'n-1')]
    said = { mine: mine.id, theirs: theirs.id, old: old.id }
    for (const person of [ann, ben]) await write(person, 'addReaction', { messageId: said.theirs, emoji: '👍' })
    await archive(ann, room)
  }
  const kinds = {
    group: () => aGroup(ann, ben),
    'public channel': () => aChannel(team, ann, { members: [ben] }),
    'private channel': () => aChannel(team, ann, { isPrivate: true, members: [ben] }),
  }

  describe.each(Object.entries(kinds))('that is a %s', (kind, make) => {
    beforeEach(() => stage(make))

    it('takes nothing new from anybody, its admins neither, and says why', async () => {
      const head = await headOf(room)
      const inboxes = [await headOf(ben), await headOf(cid)]
      const roomId = room.globalId
      const until = '2099-01-01T00:00:00.000Z'
      const attempts: [APerson, string, object][] = [
        ...[ann, ben].flatMap((person): [APerson, string, object][] => [
          [person, 'sendMessage', { roomId, content: 'More' }],
          [person, 'sendMessage', { roomId, content: `More, @${ann.handle} and @${ben.handle}` }],
          [person, 'sendMessage', { roomId, content: 'More', threadId: said.mine }],
          [person, 'forwardMessage', { messageId: said.mine, toRoomId: roomId }],
          [person, 'editMessage', { messageId: person === ann ? said.mine : said.theirs, content: 'Other' }],
          [person, 'addReaction', { messageId: said.mine, emoji: '🎉' }],
          [person, 'removeReaction', { messageId: said.theirs, emoji: '👍' }],
          [person, 'pinMessage', { messageId: said.mine }],
        ]),
        [ann, 'unpinMessage', { messageId: said.mine }],
        [ann, 'deleteMessage', { messageId: said.theirs }],
        [ann, 'updateRoom', { roomId, name: 'Other' }],
        [ann, 'updateRoom', { roomId, topic: 'Other' }],
        [ann, 'addRoomMember', ofMember(room, cid)],
        [ann, 'removeRoomMember', ofMember(room, ben)],
        [ann, 'setRoomRole', { ...ofMember(room, ben), role: 'ADMIN' }],
        [ann, 'muteMember', { ...ofMember(room, ben), until }],
      ]
      if (kind === 'public channel') {
        attempts.push([cid, 'joinChannel', { channelId: roomId }], [cid, 'sendMessage', { roomId, content: 'Me too' }])
      }
      for (const [person, verb, input] of attempts) {
        const { errors } = await write(person, verb, input)
        expect(errors, verb).toMatchObject([{ message: 'This room is archived.', extensions: { code: 'FORBIDDEN' } }])
      }
      expect(await headOf(room)).toBe(head)
      expect([await headOf(ben), await headOf(cid)]).toEqual(inboxes)
    })

    it('can be read, followed and left; one’s own can be deleted, and a send that was lost repeated', async () => {
      const reading = `query ($id: ID!, $after: Cursor!) { node(id: $id) { id }
        room(id: $id) { archivedAt messages(last: 3) { nodes { content } } }
        roomEvents(roomId: $id, after: $after) { events { __typename } } }`
      const head = await headOf(room)
      const after = encodeCursor({ streamId: room.id, epoch: domain.services.epoch, seq: head - 1 })
      expect(await ben.run(reading, { id: room.globalId, after })).toEqual({
        data: {
          node: { id: room.globalId },
          room: { archivedAt: expect.any(String), messages: { nodes: ['Mine', 'Theirs', 'Once'].map((content) => ({ content })) } },
          roomEvents: { events: [{ __typename: 'RoomArchived' }] },
        },
      })
      const document = 'subscription ($id: ID!) { roomEvents(roomId: $id) { seq } }'
      await (await followingOf(domain, ben.actor, document, { id: room.globalId })).following!.options.mayFollow()

      expect((await sayIn(ben, room, 'Once', 'n-1')).id).toBe(said.old)
      expect(codeOf(await write(ben, 'deleteMessage', { messageId: said.theirs }))).toBeUndefined()
      expect(codeOf(await write(ben, 'setNotificationLevel', { roomId: room.globalId, level: 'NONE' }))).toBeUndefined()
      expect(codeOf(await write(ben, 'removeRoomMember', ofMember(room, ben)))).toBeUndefined()
      expect(await typesAfter(room, head)).toEqual(['MessageDeleted', 'MemberLeft', 'MessageAdded'])
    })

    it('is as it was when it is open again', async () => {
      expect(codeOf(await set(ann, 'unarchiveRoom', room))).toBeUndefined()
      const head = await headOf(room)
      expect(codeOf(await write(ben, 'sendMessage', { roomId: room.globalId, content: 'More' }))).toBeUndefined()
      expect(codeOf(await write(ben, 'editMessage', { messageId: said.theirs, content: 'Other' }))).toBeUndefined()
      expect(codeOf(await write(ann, 'updateRoom', { roomId: room.globalId, topic: 'Other' }))).toBeUndefined()
      expect(codeOf(await write(ann, 'addRoomMember', ofMember(room, cid)))).toBeUndefined()
      expect((await typesAfter(room, head)).slice(0, 4)).toEqual(['MessageAdded', 'MessageEdited', 'RoomUpdated', 'MemberJoined'])
    })
  })

  it('says so to members who could not either if it were open, and to strangers that there is no room', async () => {
    await stage(kinds.group)
    expect((await write(ben, 'updateRoom', { roomId: room.globalId, name: 'Mine' })).errors).toMatchObject([
      { message: 'This room is archived.', extensions: { code: 'FORBIDDEN' } },
    ])
    expect(codeOf(await write(stranger, 'updateRoom', { roomId: room.globalId, name: 'Mine' }))).toBe('NOT_FOUND')
  })
})
