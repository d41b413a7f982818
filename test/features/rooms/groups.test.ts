import { beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'

const create = `mutation ($input: CreateGroupRoomInput!) {
  createGroupRoom(input: $input) {
    room { __typename id kind name topic memberCount createdAt lastActivityAt createdBy { id } viewerMembership { role } members { totalCount nodes { role joinedAt user { id } } } }
    edge { cursor node { id } }
  }
}`

interface Created extends Record<string, unknown> {
  createGroupRoom: {
    room: { id: string; members: { nodes: { user: { id: string } }[] } } & Record<string, unknown>
    edge: { node: { id: string } }
  }
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
  ann = await domain.aPerson('Ann')
  ben = await domain.aPerson('Ben')
  cid = await domain.aPerson('Cid')
})

const roomsOf = (person: APerson) => domain.database.prisma.room.count({ where: { createdById: person.id } })

describe('creating a group', () => {
  it('makes its creator the admin, and everybody named a member who hears of it', async () => {
    const before = domain.rung.length
    const memberIds = [ben.globalId, cid.globalId, ben.globalId, ann.globalId]
    const { data, errors } = await ann.run<Created>(create, { input: { name: 'Hiking', topic: 'Where to?', memberIds } })
    expect(errors).toBeUndefined()
    const { room, edge } = data!.createGroupRoom
    expect(room).toMatchObject({ __typename: 'GroupRoom', kind: 'GROUP', name: 'Hiking', topic: 'Where to?', memberCount: 3 })
    expect(room).toMatchObject({ createdBy: { id: ann.globalId }, viewerMembership: { role: 'ADMIN' }, members: { totalCount: 3 } })
    expect(room.lastActivityAt).toEqual(room.createdAt)
    expect(new Map(room.members.nodes.map(({ user, ...member }) => [user.id, member]))).toEqual(
      new Map([
        [ann.globalId, { role: 'ADMIN', joinedAt: room.createdAt }],
        [ben.globalId, { role: 'MEMBER', joinedAt: room.createdAt }],
        [cid.globalId, { role: 'MEMBER', joinedAt: room.createdAt }],
      ]),
    )
    expect(edge.node.id).toBe(room.id)
    const heard = domain.rung.slice(before).filter(({ data }) => encodeId('GroupRoom', data.roomId as string) === room.id)
    expect(heard.map(({ streamId, type }) => [type, streamId]).sort()).toEqual([ann, ben, cid].map(({ id }) => ['RoomAdded', id]).sort())
  })

  it('is fine with nobody else in it', async () => {
    const { data } = await ann.run<Created>(create, { input: { name: 'Notes', memberIds: [] } })
    expect(data!.createGroupRoom.room).toMatchObject({ memberCount: 1, topic: null })
  })

  it('takes a hundred people, and not one more', async () => {
    const people = await Promise.all(Array.from({ length: 101 }, (_, number) => domain.aPerson(`Guest ${number}`)))
    const memberIds = people.map(({ globalId }) => globalId)
    const tooMany = await ann.run(create, { input: { name: 'Crowd', memberIds } })
    expect(tooMany.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'memberIds' })
    const { data } = await ann.run<Created>(create, { input: { name: 'Crowd', memberIds: memberIds.slice(1) } })
    expect(data!.createGroupRoom.room).toMatchObject({ memberCount: 101 })
    expect(await domain.services.log.head(people[100]!.id)).toBe(1)
  })

  it('gives the first group again for the same nonce, in whatever order its people are named', async () => {
    const input = { name: 'Once', memberIds: [ben.globalId, cid.globalId], nonce: 'n-1' }
    const count = await roomsOf(ann)
    const first = await ann.run<Created>(create, { input })
    const head = await domain.services.log.head(ben.id)
    const again = await ann.run<Created>(create, { input: { ...input, memberIds: [cid.globalId, ben.globalId], topic: ' ' } })
    expect(again.data!.createGroupRoom.room.id).toBe(first.data!.createGroupRoom.room.id)
    expect(await domain.services.log.head(ben.id)).toBe(head)
    expect(await roomsOf(ann)).toBe(count + 1)
    for (const other of [{ name: 'Twice' }, { topic: 'Else' }, { memberIds: [ben.globalId] }])
      expect(codeOf(await ann.run(create, { input: { ...input, ...other } }))).toBe('CONFLICT')
    expect((await ben.run<Created>(create, { input: { ...input, memberIds: [] } })).data!.createGroupRoom.room.id).not.toBe(
      first.data!.createGroupRoom.room.id,
    )
  })

  it('makes one group of one nonce used ten times at once', async () => {
    const input = { name: 'Race', memberIds: [ben.globalId], nonce: 'n-race' }
    const made = await Promise.all(Array.from({ length: 10 }, () => ann.run<Created>(create, { input })))
    expect(new Set(made.map(({ data }) => data!.createGroupRoom.room.id)).size).toBe(1)
  })

  it.each([
    ['an empty name', 'name', { name: '  ' }],
    ['a name of 81 characters', 'name', { name: 'n'.repeat(81) }],
    ['a NUL in its name', 'name', { name: 'a\0b' }],
    ['half a character in its topic', 'topic', { topic: '\ud83d' }],
    ['a topic of 251 characters', 'topic', { topic: 't'.repeat(251) }],
    ['an empty nonce', 'nonce', { nonce: '' }],
    ['a nonce of 65 characters', 'nonce', { nonce: 'n'.repeat(65) }],
    ['an id that is none', 'memberIds', { memberIds: ['Ben'] }],
  ])('refuses %s by name, and writes nothing', async (_what, field, wrong) => {
    const count = await roomsOf(ann)
    const { errors } = await ann.run(create, { input: { name: 'Group', memberIds: [], ...wrong } })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
    expect(await roomsOf(ann)).toBe(count)
  })

  it('finds nobody behind the ids of other things, or of people who are not there', async () => {
    const count = await roomsOf(ann)
    const head = await domain.services.log.head(ben.id)
    for (const id of [encodeId('User', uuid()), encodeId('GroupRoom', ben.id)])
      expect(codeOf(await ann.run(create, { input: { name: 'Ghosts', memberIds: [ben.globalId, id] } }))).toBe('NOT_FOUND')
    expect(await roomsOf(ann)).toBe(count)
    expect(await domain.services.log.head(ben.id)).toBe(head)
    expect(codeOf(await domain.as(nobody)(create, { input: { name: 'Nobody', memberIds: [] } }))).toBe('UNAUTHENTICATED')
  })
})

describe('updating a room', () => {
  const update = 'mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { room { id name topic memberCount } } }'
  let room: ARoom
  beforeAll(async () => {
    room = await aGroup(ann, ben, cid)
  })
  const change = (person: APerson, changes: object, roomId = room.globalId) => person.run(update, { input: { roomId, ...changes } })
  const shown = (name: string, topic: string | null) => ({
    data: { updateRoom: { room: { id: room.globalId, name, topic, memberCount: 3 } } },
  })

  it('changes what is given, leaves what is absent, and clears a topic of null', async () => {
    expect(await change(ann, { topic: 'Plans' })).toEqual(shown('Friends', 'Plans'))
    expect(await change(ann, { name: 'Old friends' })).toEqual(shown('Old friends', 'Plans'))
    expect(await change(ann, { topic: null })).toEqual(shown('Old friends', null))
  })

  it('is heard of when it changes something, and only then', async () => {
    await change(ann, { name: 'Heard' })
    await change(ann, { topic: 'Yes' })
    const head = (await domain.services.log.head(room.id))!
    await change(ann, { name: 'Heard', topic: 'Yes' })
    await change(ann, {})
    expect(await domain.services.log.head(room.id)).toBe(head)
    const [event] = await domain.services.log.after(room.id, head - 1, 1)
    expect(event).toMatchObject({ type: 'RoomUpdated', data: { roomId: room.id, actorId: ann.id } })
  })

  it('is for admins: members are told so, strangers and those removed find no room', async () => {
    const [stranger, gone] = [await domain.aPerson('Stranger'), await domain.aPerson('Gone')]
    await ann.run('mutation ($r: ID!, $u: ID!) { addRoomMember(input: { roomId: $r, userId: $u }) { room { id } } }', ids(room, gone))
    await ann.run('mutation ($r: ID!, $u: ID!) { removeRoomMember(input: { roomId: $r, userId: $u }) { memberId } }', ids(room, gone))
    const head = await domain.services.log.head(room.id)
    expect(codeOf(await change(ben, { name: 'Mine' }))).toBe('FORBIDDEN')
    expect(codeOf(await change(stranger, { name: 'Mine' }))).toBe('NOT_FOUND')
    expect(codeOf(await change(gone, { name: 'Mine' }))).toBe('NOT_FOUND')
    expect(codeOf(await domain.as(nobody)(update, { input: { roomId: room.globalId, name: 'Mine' } }))).toBe('UNAUTHENTICATED')
    expect(await domain.services.log.head(room.id)).toBe(head)
  })

  it('refuses a name of null, what is too long, and ids that name no group', async () => {
    const withoutName = await change(ann, { name: null })
    expect(withoutName.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'name' })
    expect((await change(ann, { topic: 't'.repeat(251) })).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'topic' })
    expect((await change(ann, { name: 'X' }, '')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'roomId' })
    for (const id of [encodeId('GroupRoom', uuid()), encodeId('DirectRoom', room.id), encodeId('User', room.id), ann.globalId])
      expect(codeOf(await change(ann, { name: 'X' }, id)), id).toBe('NOT_FOUND')
  })

  it('leaves a room to be read by its own id only', async () => {
    const direct = await aDirectRoom(ann, ben)
    const read = 'query ($id: ID!) { room(id: $id) { id } node(id: $id) { id } }'
    for (const id of [encodeId('DirectRoom', room.id), encodeId('GroupRoom', direct.id), encodeId('GroupRoom', uuid())])
      expect(await ann.run(read, { id }), id).toEqual({ data: { room: null, node: null } })
    expect((await ann.run('{ room(id: "x") { id } }')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'id' })
    expect(await ann.run(`{ room(id: "${ann.globalId}") { id } }`)).toEqual({ data: { room: null } })
  })
})

function ids(room: ARoom, person: APerson) {
  return { r: room.globalId, u: person.globalId }
}
