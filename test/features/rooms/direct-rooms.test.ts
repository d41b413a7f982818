import { beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { aDirectRoom } from '../../support/rooms.ts'

const open = `mutation ($userId: ID!) {
  openDirectRoom(input: { userId: $userId }) {
    room { __typename id kind name memberCount createdBy { id } peer { id } members { nodes { role user { id } } } }
    edge { cursor node { id } }
  }
}`

describe('a direct room', () => {
  let domain: Domain
  let ann: APerson
  let ben: APerson
  beforeAll(async () => {
    domain = await aDomain()
    ann = await domain.aPerson('Ann')
    ben = await domain.aPerson('Ben')
  })

  it('is made for the two, each the peer of the other', async () => {
    const anns = await ann.run<Opened>(open, { userId: ben.globalId })
    expect(anns.errors).toBeUndefined()
    const { room, edge } = anns.data!.openDirectRoom
    expect(room).toMatchObject({ __typename: 'DirectRoom', kind: 'DIRECT', name: null, memberCount: 2, createdBy: { id: ann.globalId } })
    expect(room.peer.id).toBe(ben.globalId)
    expect(room.members.nodes.map(({ user }) => user.id).sort()).toEqual([ann.globalId, ben.globalId].sort())
    expect(room.members.nodes.map(({ role }) => role)).toEqual(['MEMBER', 'MEMBER'])
    expect(edge.node.id).toBe(room.id)
    const bens = await ben.run<Opened>(open, { userId: ann.globalId })
    expect(bens.data!.openDirectRoom.room).toMatchObject({ id: room.id, peer: { id: ann.globalId }, createdBy: { id: ann.globalId } })
  })

  it('is heard of once by each of the two, however often it is opened', async () => {
    const [cid, dee] = [await domain.aPerson('Cid'), await domain.aPerson('Dee')]
    const before = domain.rung.length
    const room = await aDirectRoom(cid, dee)
    await aDirectRoom(dee, cid)
    await aDirectRoom(cid, dee)
    const heard = domain.rung.slice(before).filter(({ streamId }) => streamId === cid.id || streamId === dee.id)
    expect(heard.map(({ streamId, type, data }) => ({ streamId, type, data }))).toEqual(
      expect.arrayContaining([cid, dee].map(({ id }) => ({ streamId: id, type: 'RoomAdded', data: { roomId: room.id } }))),
    )
    expect(heard).toHaveLength(2)
  })

  it('is the same for ten who open it at once', async () => {
    const [eva, fay] = [await domain.aPerson('Eva'), await domain.aPerson('Fay')]
    const rooms = await Promise.all(Array.from({ length: 10 }, (_, turn) => (turn % 2 ? aDirectRoom(eva, fay) : aDirectRoom(fay, eva))))
    expect(new Set(rooms.map(({ id }) => id)).size).toBe(1)
    expect(await domain.database.prisma.roomMember.count({ where: { userId: eva.id } })).toBe(1)
  })

  it('is not opened with oneself, with nobody, with a room, or by nobody', async () => {
    const room = await aDirectRoom(ann, ben)
    const withOneself = await ann.run(open, { userId: ann.globalId })
    expect(withOneself.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'userId' })
    expect(codeOf(await ann.run(open, { userId: encodeId('User', uuid()) }))).toBe('NOT_FOUND')
    expect(codeOf(await ann.run(open, { userId: room.globalId }))).toBe('NOT_FOUND')
    expect((await ann.run(open, { userId: 'nonsense' })).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'userId' })
    expect(codeOf(await domain.as(nobody)(open, { userId: ann.globalId }))).toBe('UNAUTHENTICATED')
  })

  it('is nobody else’s to see', async () => {
    const room = await aDirectRoom(ann, ben)
    const stranger = await domain.aPerson('Stranger')
    const read = 'query ($id: ID!) { room(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }'
    expect(await stranger.run(read, { id: room.globalId })).toEqual({ data: { room: null, node: null, nodes: [null] } })
    const seen = { id: room.globalId }
    expect(await ann.run(read, { id: room.globalId })).toEqual({ data: { room: seen, node: seen, nodes: [seen] } })
    expect(codeOf(await domain.as(nobody)('query ($id: ID!) { room(id: $id) { id } }', { id: room.globalId }))).toBe('UNAUTHENTICATED')
  })

  it('stays as it is: nobody renames it, adds, removes, appoints or leaves', async () => {
    const room = await aDirectRoom(ann, ben)
    const other = await domain.aPerson('Other')
    const before = await domain.services.log.head(room.id)
    for (const [what, userId] of [
      ['updateRoom(input: { roomId: $roomId, topic: "Us" }) { room { id } }', undefined],
      ['addRoomMember(input: { roomId: $roomId, userId: $userId }) { room { id } }', other.globalId],
      ['removeRoomMember(input: { roomId: $roomId, userId: $userId }) { memberId }', ben.globalId],
      ['removeRoomMember(input: { roomId: $roomId, userId: $userId }) { memberId }', ann.globalId],
      ['setRoomRole(input: { roomId: $roomId, userId: $userId, role: ADMIN }) { room { id } }', ann.globalId],
    ] as const) {
      const variables = userId ? '$roomId: ID!, $userId: ID!' : '$roomId: ID!'
      const result = await ann.run(`mutation (${variables}) { ${what} }`, { roomId: room.globalId, userId })
      expect(codeOf(result), what).toBe('FORBIDDEN')
    }
    expect(await domain.services.log.head(room.id)).toBe(before)
  })
})

interface Opened extends Record<string, unknown> {
  openDirectRoom: {
    room: { id: string; peer: { id: string }; members: { nodes: { role: string; user: { id: string } }[] } }
    edge: { cursor: string; node: { id: string } }
  }
}
