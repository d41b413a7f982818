import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Transaction } from '../../../src/store/transact.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { during } from '../../support/during.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { until } from '../../support/until.ts'

describeWith(['postgres'], 'blocks on two nodes at once', () => {
  let nodes: [Domain, Domain]
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))

  const two = () => Promise.all([nodes[0].aPerson('Ann'), nodes[1].aPerson('Ben')])
  /** The same person, signed in on each node in turn. */
  const on = (turn: number, person: APerson): APerson => ({ ...person, run: nodes[turn % 2]!.as(person.actor) })
  const act = async (verb: 'blockUser' | 'unblockUser', person: APerson, target: APerson) =>
    codeOf(await person.run(`mutation { ${verb}(input: { userId: "${target.globalId}" }) { user { id } } }`))
  const say = async (person: APerson, room: ARoom, content: string) =>
    codeOf(
      await person.run('mutation ($r: ID!, $c: String!) { sendMessage(input: { roomId: $r, content: $c }) { message { id } } }', {
        r: room.globalId,
        c: content,
      }),
    )
  const messagesIn = ({ id }: ARoom) => nodes[0].database.prisma.message.count({ where: { roomId: id } })
  const isSevered = async ({ id }: ARoom) => (await nodes[0].database.prisma.room.findUniqueOrThrow({ where: { id } })).isSevered

  it('a block waits for whoever reaches for either of the two, or says something in their room', async () => {
    const [ann, ben] = await two()
    const room = await aDirectRoom(ann, ben)
    for (const [index, streamId] of [ann.id, ben.id, room.id].entries()) {
      const verb = index % 2 ? 'unblockUser' : 'blockUser'
      expect(
        await during(
          nodes[0],
          [streamId],
          async () => {},
          () => act(verb, on(1, ann), ben),
        ),
      ).toBeUndefined()
    }
  })

  it.each([
    ['openDirectRoom', (ann: APerson) => `openDirectRoom(input: { userId: "${ann.globalId}" }) { room { id } }`],
    ['createGroupRoom', (ann: APerson) => `createGroupRoom(input: { name: "Us", memberIds: ["${ann.globalId}"] }) { room { id } }`],
    [
      'addRoomMember',
      (ann: APerson, { globalId }: ARoom) => `addRoomMember(input: { roomId: "${globalId}", userId: "${ann.globalId}" }) { room { id } }`,
    ],
  ])('%s, begun while a block is under way, is refused', async (_name, mutation) => {
    const [ann, ben] = await two()
    const room = await aGroup(ben)
    const block = ({ rows, at }: Transaction) => rows.block.create({ data: { blockerId: ann.id, blockedId: ben.id, createdAt: at } })
    const attempt = async () => codeOf(await on(1, ben).run(`mutation { ${mutation(ann, room)} }`))
    expect(await during(nodes[0], [ann.id, ben.id], block, attempt)).toBe('FORBIDDEN')
  })

  it.each([['Hello'], ['Hello @']])('“%s”, said while a block is under way, is refused', async (content) => {
    const [ann, ben] = await two()
    const room = await aDirectRoom(ann, ben)
    const sever = ({ rows }: Transaction) => rows.room.update({ where: { id: room.id }, data: { isSevered: true } })
    const attempt = () => say(on(1, ben), room, content.replace('@', `@${ann.handle}`))
    expect(await during(nodes[0], [room.id], sever, attempt)).toBe('FORBIDDEN')
  })

  it('who is named while a block is under way is not mentioned, though what is said is said', async () => {
    const [ann, ben] = await two()
    const room = await aGroup(ann, ben)
    const block = ({ rows, at }: Transaction) => rows.block.create({ data: { blockerId: ann.id, blockedId: ben.id, createdAt: at } })
    const attempt = () => say(on(1, ben), room, `Hello @${ann.handle}`)
    expect(await during(nodes[0], [ann.id, ben.id], block, attempt)).toBeUndefined()
    expect(await messagesIn(room)).toBe(1)
    expect(await nodes[0].database.prisma.mention.count({ where: { userId: ann.id } })).toBe(0)
  })

  it('nothing is said in the direct room once it is done, by neither, on either way', async () => {
    const codes = new Set<unknown>()
    for (let round = 0; round < 2; round++) {
      const [ann, ben] = await two()
      const room = await aDirectRoom(ann, ben)
      let isOver = false
      const talking = Promise.all(
        Array.from({ length: 4 }, async (_, turn) => {
          const [person, other] = turn < 2 ? [ann, ben] : [ben, ann]
          while (!isOver) codes.add(await say(on(turn, person), room, turn % 2 ? 'Hello' : `Hello @${other.handle}`))
        }),
      )
      await until(async () => (await messagesIn(room)) > 4, { what: 'talking' })
      expect(await act('blockUser', on(round, ann), ben)).toBeUndefined()
      const said = await messagesIn(room)
      for (const [turn, person] of [ann, ben, ben, ann].entries()) expect(await say(on(turn, person), room, 'Late')).toBe('FORBIDDEN')
      isOver = true
      await talking
      expect(await messagesIn(room)).toBe(said)
    }
    codes.delete('FORBIDDEN')
    expect(codes).toEqual(new Set([undefined]))
  })

  it('a room is opened before it, and then closed by it, or not at all', async () => {
    const ways = new Set<string>()
    for (let round = 0; round < 20; round++) {
      const [ann, ben] = await two()
      const open = async () =>
        codeOf(await on(round, ben).run(`mutation { openDirectRoom(input: { userId: "${ann.globalId}" }) { room { id } } }`))
      const block = async () => {
        // At another moment of the opening in each round.
        for (let step = 0; step < round % 7; step++) await nodes[0].database.sql('select 1')
        return act('blockUser', on(round + 1, ann), ben)
      }
      const [opened] = await Promise.all([open(), block()])
      const room = await nodes[0].database.prisma.room.findUnique({ where: { directKey: [ann.id, ben.id].sort().join(':') } })
      expect(opened).toBe(room ? undefined : 'FORBIDDEN')
      if (room) expect(await isSevered({ id: room.id, globalId: '' })).toBe(true)
      ways.add(room ? 'before' : 'after')
    }
    // The moment was met from both its sides.
    expect(ways).toEqual(new Set(['before', 'after']))
  })

  it('the two who block and unblock each other at once leave the room as their blocks say', async () => {
    const [ann, ben] = await two()
    const room = await aDirectRoom(ann, ben)
    for (let round = 0; round < 10; round++) {
      const verbs = ['blockUser', 'unblockUser'] as const
      const codes = await Promise.all([
        act(verbs[round % 2]!, on(0, ann), ben),
        act(verbs[(round >> 1) % 2]!, on(1, ben), ann),
        act(verbs[(round + 1) % 2]!, on(1, ann), ben),
      ])
      expect(codes).toEqual([undefined, undefined, undefined])
      const blocks = await nodes[0].database.prisma.block.count({ where: { blockerId: { in: [ann.id, ben.id] } } })
      expect(await isSevered(room)).toBe(blocks > 0)
    }
  })

  it('nobody is mentioned or added by whom they blocked before', async () => {
    const [ann, ben] = await two()
    const shared = await aGroup(ann, ben)
    for (let round = 0; round < 6; round++) {
      const room = await aGroup(ben)
      const add = async (turn: number) =>
        codeOf(
          await on(turn, ben).run(
            `mutation { addRoomMember(input: { roomId: "${room.globalId}", userId: "${ann.globalId}" }) { room { id } } }`,
          ),
        )
      let isOver = false
      const mentioning = Promise.all(
        [0, 1].map(async (turn) => {
          while (!isOver) expect(await say(on(turn, ben), shared, `Hello @${ann.handle}`)).toBeUndefined()
        }),
      )
      const mentions = () => nodes[0].database.prisma.mention.count({ where: { userId: ann.id } })
      const before = await mentions()
      await until(async () => (await mentions()) > before, { what: 'mentioning' })
      const [, ...added] = await Promise.all([act('blockUser', on(round, ann), ben), add(0), add(1)])
      const mentioned = await mentions()
      expect(await say(ben, shared, `Again @${ann.handle}`)).toBeUndefined()
      isOver = true
      await mentioning
      expect(await mentions()).toBe(mentioned)
      const isIn = (await nodes[0].database.prisma.roomMember.count({ where: { roomId: room.id, userId: ann.id } })) > 0
      expect(added.includes(undefined)).toBe(isIn)
      if (!isIn) expect(added).toEqual(['FORBIDDEN', 'FORBIDDEN'])
      // Blocked before, they are added no more.
      if (!isIn) expect(await add(1)).toBe('FORBIDDEN')
      await act('unblockUser', ann, ben)
    }
  })
})
