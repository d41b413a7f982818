import { beforeAll, describe, expect, it } from 'vitest'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'

interface Listed {
  edges: { cursor: string; node: { id: string } }[]
  nodes: { id: string }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  totalCount: number | null
}

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

describe('the list of one’s rooms', () => {
  const list = `query ($first: Int, $after: String, $last: Int, $before: String, $kind: RoomKind) {
    viewer { rooms(first: $first, after: $after, last: $last, before: $before, kind: $kind) {
      edges { cursor node { id } } nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
  let ann: APerson
  let ben: APerson
  /** Latest activity first. */
  let rooms: ARoom[]
  beforeAll(async () => {
    ;[ann, ben] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben')])
    rooms = []
    for (let number = 0; number < 6; number++) rooms.unshift(await aGroup(ann))
    rooms.unshift(await aDirectRoom(ben, ann))
    await activity(rooms)
  })

  /** Gives the rooms, first to last, times of activity a second apart; the middle two the same, so that their ids decide. */
  async function activity(latestFirst: ARoom[]) {
    for (const [index, { id }] of latestFirst.entries()) {
      const seconds = index === 3 ? 2 : index
      await domain.database.sql('update stream set active_at = $2 where id = $1', [id, new Date(Date.UTC(2030, 0, 1) - seconds * 1000)])
    }
    const [third, fourth] = [latestFirst[2]!, latestFirst[3]!]
    if (third.id < fourth.id) latestFirst.splice(2, 2, fourth, third)
  }

  const read = async (variables: object, person = ann) => {
    const { data, errors } = await person.run<{ viewer: { rooms: Listed } }>(list, { ...variables })
    if (errors) throw errors[0]
    return data!.viewer.rooms
  }
  const ids = (some: { id: string }[]) => some.map(({ id }) => id)
  const names = (some: ARoom[]) => some.map(({ globalId }) => globalId)

  it('begins with the latest activity, and counts when asked', async () => {
    const { nodes, totalCount, pageInfo } = await read({})
    expect(ids(nodes)).toEqual(names(rooms))
    expect(totalCount).toBe(7)
    expect(pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
  })

  it('is read in pages from either end, none missing and none twice', async () => {
    const forward: string[] = []
    for (let after: string | null = null; ; ) {
      const { edges, pageInfo }: Listed = await read({ first: 2, after })
      forward.push(...edges.map(({ node }) => node.id))
      after = pageInfo.endCursor
      if (!pageInfo.hasNextPage) break
    }
    expect(forward).toEqual(names(rooms))
    const backward: string[] = []
    for (let before: string | null = null; ; ) {
      const { edges, pageInfo }: Listed = await read({ last: 3, before })
      backward.unshift(...edges.map(({ node }) => node.id))
      before = pageInfo.startCursor
      if (!pageInfo.hasPreviousPage) break
    }
    expect(backward).toEqual(names(rooms))
  })

  it('shows what lies between two cursors', async () => {
    const { edges } = await read({})
    const { nodes } = await read({ after: edges[1]!.cursor, before: edges[5]!.cursor })
    expect(ids(nodes)).toEqual(names(rooms.slice(2, 5)))
  })

  it('shows one kind of room when asked', async () => {
    const direct = await read({ kind: 'DIRECT' })
    expect(ids(direct.nodes)).toEqual(names([rooms.find(({ globalId }) => atob(globalId).startsWith('Direct'))!]))
    expect(direct.totalCount).toBe(1)
    expect((await read({ kind: 'GROUP' })).totalCount).toBe(6)
  })

  it('does not show what one has left', async () => {
    const room = await aGroup(ben, ann)
    const leave = 'mutation ($r: ID!, $u: ID!) { removeRoomMember(input: { roomId: $r, userId: $u }) { memberId } }'
    await ann.run(leave, { r: room.globalId, u: ann.globalId })
    expect(ids((await read({})).nodes)).not.toContain(room.globalId)
    expect(ids((await read({}, ben)).nodes)).toContain(room.globalId)
  })

  it.each([
    ['first', { first: 0 }],
    ['first', { first: 101 }],
    ['last', { first: 1, last: 1 }],
    ['after', { after: 'nonsense' }],
    ['before', { before: Buffer.from(`99999999999999999.${'a'.repeat(36)}`).toString('base64url') }],
  ])('refuses a bad %s by name', async (field, variables) => {
    const { errors } = await ann.run(list, variables)
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
  })

  it('costs as many statements for many rooms as for two', async () => {
    const all = `query ($first: Int) { viewer { rooms(first: $first) { nodes {
      id memberCount lastActivityAt cursor createdBy { name } viewerMembership { role } members(first: 3) { totalCount nodes { user { name } role room { id } } } } } } }`
    const [few, many] = [await statements({ first: 2 }), await statements({ first: 7 })]
    expect(many).toBe(few)
    // The viewer, the rooms, their members, and the people.
    expect(many).toBe(4)

    async function statements(variables: object) {
      let count = 0
      const { prisma, sql } = domain.database
      const counting = prisma.$extends({
        query: {
          $allOperations({ args, query }) {
            count++
            return query(args)
          },
        },
      })
      const database = {
        ...domain.database,
        sql: ((...args: Parameters<typeof sql>) => {
          count++
          return sql(...args)
        }) as typeof sql,
        prisma: counting as unknown as typeof prisma,
      }
      const { errors } = await domain.as(ann.actor, { database })(all, { ...variables })
      expect(errors).toBeUndefined()
      return count
    }
  })
})

describe('the members of a room', () => {
  const list = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    room(id: $id) { members(first: $first, after: $after, last: $last, before: $before) {
      nodes { user { id } } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
  let ann: APerson
  let room: ARoom
  let people: APerson[]
  beforeAll(async () => {
    ann = await domain.aPerson('Ann')
    people = [ann]
    room = await aGroup(ann)
    const add = 'mutation ($r: ID!, $u: ID!) { addRoomMember(input: { roomId: $r, userId: $u }) { room { id } } }'
    for (let number = 0; number < 6; number++) {
      const person = await domain.aPerson(`Guest ${number}`)
      await ann.run(add, { r: room.globalId, u: person.globalId })
      people.push(person)
    }
    const leave = 'mutation ($r: ID!, $u: ID!) { removeRoomMember(input: { roomId: $r, userId: $u }) { memberId } }'
    await ann.run(leave, { r: room.globalId, u: people.splice(3, 1)[0]!.globalId })
  })

  it('are read in pages from either end, who has been there longest first, without those who left', async () => {
    const read = async (variables: object) => {
      const { data } = await ann.run<{ room: { members: Omit<Listed, 'nodes'> & { nodes: { user: { id: string } }[] } } }>(list, {
        id: room.globalId,
        ...variables,
      })
      return data!.room.members
    }
    const globalIds = people.map(({ globalId }) => globalId)
    const first = await read({ first: 4 })
    const second = await read({ first: 4, after: first.pageInfo.endCursor })
    expect([...first.nodes, ...second.nodes].map(({ user }) => user.id)).toEqual(globalIds)
    expect([first, second].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, false])
    expect(first.totalCount).toBe(6)
    const last = await read({ last: 2 })
    const before = await read({ last: 100, before: last.pageInfo.startCursor })
    expect([...before.nodes, ...last.nodes].map(({ user }) => user.id)).toEqual(globalIds)
    expect([last, before].map(({ pageInfo }) => pageInfo.hasPreviousPage)).toEqual([true, false])
  })

  it('are asked for one by one: null for who is not in it, and for ids of other things', async () => {
    const one = 'query ($r: ID!, $u: ID!) { room(id: $r) { member(userId: $u) { user { id } } } }'
    const ask = (userId: string) => ann.run(one, { r: room.globalId, u: userId })
    const stranger = await domain.aPerson('Stranger')
    expect(await ask(people[2]!.globalId)).toEqual({ data: { room: { member: { user: { id: people[2]!.globalId } } } } })
    expect(await ask(stranger.globalId)).toEqual({ data: { room: { member: null } } })
    expect(await ask(room.globalId)).toEqual({ data: { room: { member: null } } })
    expect((await ask('x')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'userId' })
  })
})
