import { beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'

const documents = {
  add: `mutation ($roomId: ID!, $userId: ID!) { done: addRoomMember(input: { roomId: $roomId, userId: $userId }) {
    member { id role joinedAt user { id } room { id } } room { id memberCount member(userId: $userId) { id role joinedAt } } } }`,
  remove: `mutation ($roomId: ID!, $userId: ID!) { done: removeRoomMember(input: { roomId: $roomId, userId: $userId }) {
    user { id } memberId room { id memberCount member(userId: $userId) { id } } } }`,
  promote: `mutation ($roomId: ID!, $userId: ID!) { done: setRoomRole(input: { roomId: $roomId, userId: $userId, role: ADMIN }) {
    member { id role } room { id member(userId: $userId) { role } } } }`,
  demote: `mutation ($roomId: ID!, $userId: ID!) { done: setRoomRole(input: { roomId: $roomId, userId: $userId, role: MEMBER }) {
    member { id role } room { id } } }`,
}
type Verb = keyof typeof documents

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
  room = await aGroup(ann, ben)
})

const act = (verb: Verb, actor: APerson, target: APerson, where = room) =>
  actor.run<{ done: Done }>(documents[verb], { roomId: where.globalId, userId: target.globalId })

interface Done {
  member: { id: string; role: string; joinedAt: string }
  memberId: string
  room: { memberCount: number; member: { id: string } | null } | null
}

/** What was added to the room's stream by the work, and to the inbox of a person. */
async function heard(where: ARoom, person: APerson, work: () => Promise<unknown>) {
  const before = domain.rung.length
  await work()
  const of = (id: string) => domain.rung.slice(before).flatMap(({ streamId, type, data }) => (streamId === id ? [{ type, data }] : []))
  return { room: of(where.id), inbox: of(person.id) }
}

const roles = async (where: ARoom) => {
  const members = await domain.database.prisma.roomMember.findMany({ where: { roomId: where.id, leftAt: null } })
  return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
}

describe('adding a member', () => {
  it('lets them in: they see the room, hear of it in their inbox, and the room hears of them', async () => {
    const where = await aGroup(ann, ben)
    let done: Done | undefined
    const events = await heard(where, cid, async () => {
      const { data, errors } = await act('add', ann, cid, where)
      expect(errors).toBeUndefined()
      done = data!.done
    })
    const { member } = done!
    expect(member).toMatchObject({ role: 'MEMBER', user: { id: cid.globalId }, room: { id: where.globalId } })
    expect(done!.room).toEqual({ id: where.globalId, memberCount: 3, member: { id: member.id, role: 'MEMBER', joinedAt: member.joinedAt } })
    const memberId = (await domain.database.prisma.roomMember.findFirstOrThrow({ where: { roomId: where.id, userId: cid.id } })).id
    expect(events.room).toEqual([
      { type: 'MemberJoined', data: { roomId: where.id, memberId, userId: cid.id, actorId: ann.id } },
      { type: 'MessageAdded', data: { messageId: expect.any(String), actorId: cid.id } },
    ])
    expect(events.inbox).toEqual([{ type: 'RoomAdded', data: { roomId: where.id } }])
    expect((await cid.run('query ($id: ID!) { room(id: $id) { id } }', { id: where.globalId })).data).toEqual({
      room: { id: where.globalId },
    })
  })

  it('changes nothing for who is in already, and is heard of by nobody', async () => {
    const first = await ann.run<{ room: { member: { id: string; joinedAt: string } } }>(
      'query ($r: ID!, $u: ID!) { room(id: $r) { member(userId: $u) { id joinedAt } } }',
      { r: room.globalId, u: ben.globalId },
    )
    const events = await heard(room, ben, async () => {
      const { data } = await act('add', ann, ben)
      expect(data!.done.member).toMatchObject(first.data!.room.member)
      expect(data!.done.room).toMatchObject({ memberCount: 2 })
    })
    expect(events).toEqual({ room: [], inbox: [] })
  })

  it('brings back who has left as a plain member, in the same membership', async () => {
    const where = await aGroup(ann, ben)
    await act('promote', ann, ben, where)
    const { memberId } = (await act('remove', ben, ben, where)).data!.done
    const { member, room: after } = (await act('add', ann, ben, where)).data!.done
    expect(member).toMatchObject({ id: memberId, role: 'MEMBER' })
    expect(after).toMatchObject({ memberCount: 2 })
    const created = await domain.database.prisma.room.findUniqueOrThrow({ where: { id: where.id } })
    expect(new Date(member.joinedAt).getTime()).toBeGreaterThanOrEqual(created.createdAt.getTime())
    const joined = await domain.services.log.after(where.id, 3, 1)
    expect(joined.map(({ type, at }) => [type, at.toISOString()])).toEqual([['MemberJoined', member.joinedAt]])
  })
})

describe('removing a member', () => {
  it('by an admin: they hear of it, see nothing any more, and nothing of it comes twice', async () => {
    const where = await aGroup(ann, ben, cid)
    let memberId = ''
    const events = await heard(where, cid, async () => {
      const { data, errors } = await act('remove', ann, cid, where)
      expect(errors).toBeUndefined()
      expect(data!.done).toMatchObject({ user: { id: cid.globalId }, room: { memberCount: 2, member: null } })
      memberId = data!.done.memberId
    })
    const row = Buffer.from(memberId, 'base64url').toString().split(':')[1]!
    const data = { roomId: where.id, memberId: row, userId: cid.id, actorId: ann.id, wasRemoved: true }
    expect(events.room).toEqual([
      { type: 'MemberLeft', data },
      { type: 'MessageAdded', data: { messageId: expect.any(String), actorId: cid.id } },
    ])
    expect(events.inbox).toEqual([{ type: 'RoomRemoved', data: { roomId: where.id, wasRemoved: true } }])
    const read = 'query ($room: ID!, $member: ID!) { room(id: $room) { id } node(id: $member) { id } }'
    expect(await cid.run(read, { room: where.globalId, member: memberId })).toEqual({ data: { room: null, node: null } })
    expect(await ann.run(read, { room: where.globalId, member: memberId })).toEqual({ data: { room: { id: where.globalId }, node: null } })
    expect(codeOf(await act('remove', ann, cid, where))).toBe('NOT_FOUND')
  })

  it('by themselves: they left, and the room is gone from the answer', async () => {
    const where = await aGroup(ann, ben)
    const events = await heard(where, ben, async () => {
      const { data, errors } = await act('remove', ben, ben, where)
      expect(errors).toBeUndefined()
      expect(data!.done).toMatchObject({ user: { id: ben.globalId }, room: null })
    })
    expect(events.room).toMatchObject([
      { type: 'MemberLeft', data: { userId: ben.id, actorId: ben.id, wasRemoved: false } },
      { type: 'MessageAdded', data: { actorId: ben.id } },
    ])
    expect(events.inbox).toEqual([{ type: 'RoomRemoved', data: { roomId: where.id, wasRemoved: false } }])
    expect(codeOf(await act('remove', ben, ben, where))).toBe('NOT_FOUND')
  })

  it('makes who has been there longest the admin when the last admin goes', async () => {
    const where = await aGroup(ann)
    await act('add', ann, cid, where)
    await act('add', ann, ben, where)
    const events = await heard(where, ann, () => act('remove', ann, ann, where))
    expect(events.room).toMatchObject([
      { type: 'MemberLeft', data: { userId: ann.id } },
      { type: 'MemberUpdated', data: { userId: cid.id, actorId: ann.id } },
      { type: 'MessageAdded', data: { actorId: ann.id } },
    ])
    expect(await roles(where)).toEqual({ [cid.id]: 'ADMIN', [ben.id]: 'MEMBER' })
  })

  it('appoints nobody while another admin stays', async () => {
    const where = await aGroup(ann, ben, cid)
    await act('promote', ann, cid, where)
    const events = await heard(where, ann, () => act('remove', ann, ann, where))
    expect(events.room.map(({ type }) => type)).toEqual(['MemberLeft', 'MessageAdded'])
    expect(await roles(where)).toEqual({ [ben.id]: 'MEMBER', [cid.id]: 'ADMIN' })
  })

  it('of the last member leaves an empty room that nobody sees', async () => {
    const where = await aGroup(ann)
    const { data } = await act('remove', ann, ann, where)
    expect(data!.done.room).toBeNull()
    const row = await domain.database.prisma.room.findUniqueOrThrow({ where: { id: where.id } })
    expect(row.memberCount).toBe(0)
    expect((await ann.run('query ($id: ID!) { room(id: $id) { id } }', { id: where.globalId })).data).toEqual({ room: null })
  })
})

describe('setting a role', () => {
  it('makes a member an admin, who may then do the same', async () => {
    const where = await aGroup(ann, ben, cid)
    const events = await heard(where, ben, async () => {
      const { data } = await act('promote', ann, ben, where)
      expect(data!.done).toMatchObject({ member: { role: 'ADMIN' }, room: { member: { role: 'ADMIN' } } })
    })
    expect(events.room).toMatchObject([{ type: 'MemberUpdated', data: { roomId: where.id, userId: ben.id, actorId: ann.id } }])
    expect(codeOf(await act('demote', ben, ann, where))).toBeUndefined()
    expect(await roles(where)).toEqual({ [ann.id]: 'MEMBER', [ben.id]: 'ADMIN', [cid.id]: 'MEMBER' })
  })

  it('changes nothing, and is not heard of, when it is the role they have', async () => {
    const events = await heard(room, ben, async () => {
      expect((await act('demote', ann, ben)).data!.done.member.role).toBe('MEMBER')
      expect((await act('promote', ann, ann)).data!.done.member.role).toBe('ADMIN')
    })
    expect(events.room).toEqual([])
  })

  it('leaves the last admin one, and says why', async () => {
    const { errors } = await act('demote', ann, ann)
    expect(errors?.[0]?.extensions.code).toBe('CONFLICT')
    expect(errors?.[0]?.message).toContain('make somebody else one first')
    expect((await roles(room))[ann.id]).toBe('ADMIN')
  })
})

describe('managing members', () => {
  it.each<[Verb, 'ben' | 'ann' | 'dee']>([
    ['add', 'dee'],
    ['remove', 'ann'],
    ['promote', 'ben'],
    ['demote', 'ann'],
  ])('%s is for admins: a member is told so; a stranger and who was removed find no room', async (verb, name) => {
    const [stranger, gone, dee] = await Promise.all([domain.aPerson('Stranger'), domain.aPerson('Gone'), domain.aPerson('Dee')])
    const where = await aGroup(ann, ben, gone)
    await act('remove', ann, gone, where)
    const target = { ann, ben, dee }[name]
    const events = await heard(where, target, async () => {
      expect(codeOf(await act(verb, ben, target, where))).toBe('FORBIDDEN')
      for (const actor of [stranger, gone]) expect(codeOf(await act(verb, actor, target, where))).toBe('NOT_FOUND')
      const asNobody = await domain.as(nobody)(documents[verb], { roomId: where.globalId, userId: target.globalId })
      expect(codeOf(asNobody)).toBe('UNAUTHENTICATED')
    })
    expect(events).toEqual({ room: [], inbox: [] })
  })

  it.each<Verb>(['add', 'remove', 'promote'])('%s finds nothing by ids of other things, and says which id is none', async (verb) => {
    const run = (roomId: string, userId: string) => ann.run(documents[verb], { roomId, userId })
    for (const id of [encodeId('GroupRoom', uuid()), encodeId('DirectRoom', room.id), ann.globalId])
      expect(codeOf(await run(id, ben.globalId)), id).toBe('NOT_FOUND')
    for (const id of [encodeId('User', uuid()), encodeId('RoomMember', ben.id), room.globalId])
      expect(codeOf(await run(room.globalId, id)), id).toBe('NOT_FOUND')
    expect((await run('room', ben.globalId)).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'roomId' })
    expect((await run(room.globalId, 'ben')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'userId' })
  })

  it('shows after each of several changes in one request how things are then', async () => {
    const where = await aGroup(ann, ben)
    const ids = `roomId: "${where.globalId}", userId: "${ben.globalId}"`
    const parts = `room { name memberCount member(userId: "${ben.globalId}") { role } }`
    const { data, errors } = await ann.run(`mutation {
      rename: updateRoom(input: { roomId: "${where.globalId}", name: "One" }) { ${parts} }
      promote: setRoomRole(input: { ${ids}, role: ADMIN }) { ${parts} }
      remove: removeRoomMember(input: { ${ids} }) { ${parts} }
      again: updateRoom(input: { roomId: "${where.globalId}", name: "Two" }) { ${parts} }
      add: addRoomMember(input: { ${ids} }) { ${parts} }
    }`)
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      rename: { room: { name: 'One', memberCount: 2, member: { role: 'MEMBER' } } },
      promote: { room: { name: 'One', memberCount: 2, member: { role: 'ADMIN' } } },
      remove: { room: { name: 'One', memberCount: 1, member: null } },
      again: { room: { name: 'Two', memberCount: 1, member: null } },
      add: { room: { name: 'Two', memberCount: 2, member: { role: 'MEMBER' } } },
    })
  })

  it('counts truly when many join and leave at once', async () => {
    const people = await Promise.all(Array.from({ length: 8 }, (_, number) => domain.aPerson(`Guest ${number}`)))
    const where = await aGroup(ann, ...people.slice(0, 4))
    const answers = await Promise.all([
      ...people.slice(0, 4).map((person) => act('remove', person, person, where)),
      ...people.slice(4).flatMap((person) => [act('add', ann, person, where), act('add', ann, person, where)]),
    ])
    expect(answers.map(codeOf).filter((code) => code !== undefined)).toEqual([])
    const row = await domain.database.prisma.room.findUniqueOrThrow({ where: { id: where.id } })
    expect(row.memberCount).toBe(5)
    expect(Object.keys(await roles(where))).toHaveLength(5)
    const events = await domain.services.log.after(where.id, 0, 100)
    // Of each who came or went, and the message that says so.
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1))
  })
})
