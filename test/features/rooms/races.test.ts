import { afterAll, beforeAll, expect, it } from 'vitest'
import { codeOf } from '../../support/codes.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'

describeWith(['postgres'], 'rooms on two nodes at once', () => {
  let nodes: [Domain, Domain]
  let ann: APerson
  let ben: APerson
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
    ;[ann, ben] = [await nodes[0].aPerson('Ann'), await nodes[1].aPerson('Ben')]
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))

  /** The same person, signed in on each node in turn. */
  const on = (turn: number, person: APerson): APerson => ({ ...person, run: nodes[turn % 2]!.as(person.actor) })
  const times = <Result>(count: number, work: (turn: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, turn) => work(turn)))
  const act = (verb: string, actor: APerson, room: ARoom, person: APerson, more = '') =>
    actor.run(`mutation { ${verb}(input: { roomId: "${room.globalId}", userId: "${person.globalId}"${more} }) { room { id } } }`)
  const rolesIn = async ({ id }: ARoom) => {
    const members = await nodes[0].database.prisma.roomMember.findMany({ where: { roomId: id, leftAt: null } })
    return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
  }
  const typesIn = async (streamId: string) => (await nodes[0].services.log.after(streamId, 0, 100)).map(({ type }) => type)

  it('ten open one direct room, and get the same one, heard of once', async () => {
    const rooms = await times(10, (turn) => (turn % 3 ? aDirectRoom(on(turn, ann), ben) : aDirectRoom(on(turn, ben), ann)))
    expect(new Set(rooms.map(({ id }) => id)).size).toBe(1)
    expect(await typesIn(ann.id)).toEqual(['RoomAdded'])
    expect(await typesIn(ben.id)).toEqual(['RoomAdded'])
  })

  it('one nonce makes one group, and with other content a conflict', async () => {
    const document = `mutation ($name: String!, $with: ID!) {
      createGroupRoom(input: { name: $name, memberIds: [$with], nonce: "same" }) { room { id name } } }`
    const answers = await times(10, (turn) =>
      on(turn, ann).run<{ createGroupRoom: { room: { id: string; name: string } } }>(document, {
        name: `Name ${turn % 2}`,
        with: ben.globalId,
      }),
    )
    const made = answers.flatMap(({ data }) => (data ? [data.createGroupRoom.room] : []))
    expect(made).toHaveLength(5)
    expect(new Set(made.map(({ id, name }) => `${id} ${name}`)).size).toBe(1)
    expect(answers.map(codeOf).filter((code) => code !== undefined)).toEqual(Array(5).fill('CONFLICT'))
  })

  it('somebody added ten times is added once', async () => {
    const room = await aGroup(ann)
    const guest = await nodes[0].aPerson('Guest')
    const answers = await times(10, (turn) => act('addRoomMember', on(turn, ann), room, guest))
    expect(answers.map(codeOf)).toEqual(Array(10).fill(undefined))
    expect(await typesIn(room.id)).toEqual(['MemberJoined', 'MessageAdded'])
    expect(await typesIn(guest.id)).toEqual(['RoomAdded'])
  })

  it('two admins who demote each other leave one', async () => {
    const room = await aGroup(ann, ben)
    for (let round = 0; round < 5; round++) {
      await act('setRoomRole', ann, room, ben, ', role: ADMIN')
      await act('setRoomRole', ben, room, ann, ', role: ADMIN')
      const answers = await Promise.all([
        act('setRoomRole', on(0, ann), room, ben, ', role: MEMBER'),
        act('setRoomRole', on(1, ben), room, ann, ', role: MEMBER'),
      ])
      expect(answers.map(codeOf).sort()).toEqual(['FORBIDDEN', undefined])
      expect(Object.values(await rolesIn(room)).sort()).toEqual(['ADMIN', 'MEMBER'])
    }
  })

  it('two admins who leave together leave the one who stays in charge', async () => {
    const guest = await nodes[0].aPerson('Guest')
    for (let round = 0; round < 5; round++) {
      const room = await aGroup(ann, ben, guest)
      await act('setRoomRole', ann, room, ben, ', role: ADMIN')
      const answers = await Promise.all([act('removeRoomMember', on(0, ann), room, ann), act('removeRoomMember', on(1, ben), room, ben)])
      expect(answers.map(codeOf)).toEqual([undefined, undefined])
      expect(await rolesIn(room)).toEqual({ [guest.id]: 'ADMIN' })
      const { memberCount } = await nodes[0].database.prisma.room.findUniqueOrThrow({ where: { id: room.id } })
      expect(memberCount).toBe(1)
    }
  })

  it('locks taken by all at once, in whatever order they are named, let everybody through', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, (_, number) => nodes[number % 2]!.aPerson(`Person ${number}`)))
    const answers = await times(60, async (turn) => {
      const [one, ...others] = [...people.slice(turn % 6), ...people.slice(0, turn % 6)]
      if (turn % 2) others.reverse()
      if (turn % 3 === 0) return aDirectRoom(on(turn, one!), others[0]!)
      const room = await aGroup(on(turn, one!), ...others)
      await Promise.all(others.map((person) => act('removeRoomMember', on(turn, one!), room, person)))
      return room
    })
    expect(answers).toHaveLength(60)
    for (const { id } of people) {
      const seqs = (await nodes[0].services.log.after(id, 0, 500)).map(({ seq }) => seq)
      expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    }
  })
})
