import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sweepHourly } from '../../../src/engine/sweep.ts'
import { movesOf } from '../../../src/features/receipts/moves.ts'
import { act, say } from '../../support/acting.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { until } from '../../support/until.ts'
import { counted } from '../messages/support.ts'
import { join, leave, mark } from './support.ts'

const document = `query ($id: ID!, $first: Int, $after: String) { message(id: $id) { readBy(first: $first, after: $after) {
  totalCount nodes { user { name } at } pageInfo { hasNextPage hasPreviousPage endCursor } } } }`

interface Receipts {
  readonly totalCount: number
  readonly nodes: readonly { readonly user: { readonly name: string }; readonly at: string }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly endCursor: string }
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})
beforeEach(async () => {
  room = await aGroup(ann, ben, cid)
})

async function receiptsOf(id: string, page: { first?: number; after?: string } = {}, person = ann): Promise<Receipts> {
  const { data, errors } = await person.run<{ message: { readBy: Receipts } }>(document, { id, ...page })
  if (errors) throw errors[0]
  return data!.message.readBy
}
const namesOf = async (id: string, person = ann) => (await receiptsOf(id, {}, person)).nodes.map(({ user }) => user.name)
/** As many days ago as that, it was said or read. */
const age = (table: 'message' | 'read_move', days: number) =>
  domain.database.sql(
    table === 'message'
      ? `update message set created_at = created_at - make_interval(days => $2) where room_id = $1`
      : `update read_move set at = at - make_interval(days => $2) where room_id = $1`,
    [room.id, days],
  )

describe('who has read a message', () => {
  it('is whose mark reached it, who did first comes first, and never its sender', async () => {
    const [one, two] = [await say(ann, room, 'One'), await say(ann, room, 'Two')]
    expect(await receiptsOf(one)).toMatchObject({ totalCount: 0, nodes: [] })
    await mark(cid, room, one)
    await mark(ben, room, two)
    await mark(ann, room, two)
    expect(await namesOf(one)).toEqual(['Cid', 'Ben'])
    expect(await namesOf(two)).toEqual(['Ben'])
    expect(await namesOf(two, ben)).toEqual(['Ben'])
  })

  it('tells when the mark first reached it or what came later, however far it moved since', async () => {
    const [one, two, three] = [await say(ann, room, 'One'), await say(ann, room, 'Two'), await say(ann, room, 'Three')]
    await mark(ben, room, two)
    const atOne = (await receiptsOf(one)).nodes
    expect(atOne).toEqual((await receiptsOf(two)).nodes)
    await mark(ben, room, three)
    expect((await receiptsOf(one)).nodes).toEqual(atOne)
    expect((await receiptsOf(three)).nodes[0]!.at >= atOne[0]!.at).toBe(true)
    const moves = await domain.database.prisma.readMove.findMany({ where: { roomId: room.id }, orderBy: { seq: 'asc' } })
    expect(atOne[0]!.at).toBe(moves[0]!.at.toISOString())
  })

  it('is nobody who is no longer a member, and again who comes back', async () => {
    const one = await say(ann, room, 'One')
    await mark(ben, room, one)
    await leave(ben, room)
    expect(await namesOf(one)).toEqual([])
    await join(ann, room, ben)
    expect(await namesOf(one)).toEqual(['Ben'])
  })

  it('is not who only came later, as long as they have not read on', async () => {
    const one = await say(ann, room, 'One')
    const dan = await domain.aPerson('Dan')
    await join(ann, room, dan)
    expect(await namesOf(one)).toEqual([])
  })

  it('shows in archived rooms', async () => {
    const one = await say(ann, room, 'One')
    await mark(ben, room, one)
    await act(ann, 'archiveRoom', { roomId: room.globalId })
    expect(await namesOf(one)).toEqual(['Ben'])
  })

  it('is nobody in a room of more than 100', async () => {
    const one = await say(ann, room, 'One')
    await mark(ben, room, one)
    await domain.database.sql('update room set member_count = 101 where id = $1', [room.id])
    expect(await receiptsOf(one)).toMatchObject({ totalCount: 0, nodes: [] })
  })

  it('comes in pages', async () => {
    const one = await say(ann, room, 'One')
    await mark(ben, room, one)
    await mark(cid, room, one)
    // At the same moment: the person breaks the tie.
    await domain.database.sql('update read_move set at = now() where room_id = $1', [room.id])
    const first = await receiptsOf(one, { first: 1 })
    expect(first).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true, hasPreviousPage: false } })
    const second = await receiptsOf(one, { first: 1, after: first.pageInfo.endCursor })
    expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
    const byId = [ben, cid].sort((one, other) => (one.id < other.id ? -1 : 1))
    expect([...first.nodes, ...second.nodes].map(({ user }) => user.name)).toEqual(byId.map(({ id }) => (id === ben.id ? 'Ben' : 'Cid')))
  })

  it('is refused in pages of no size and after what is no cursor', async () => {
    const one = await say(ann, room, 'One')
    const refusal = async (page: object) => (await ann.run(document, { id: one, ...page })).errors?.[0]?.extensions
    for (const first of [0, 101]) expect(await refusal({ first })).toEqual({ code: 'BAD_USER_INPUT', field: 'first' })
    expect(await refusal({ after: 'nonsense' })).toEqual({ code: 'BAD_USER_INPUT', field: 'after' })
  })

  it('is read for a page of messages in one statement', async () => {
    for (const content of ['One', 'Two', 'Three']) await mark(ben, room, await say(ann, room, content))
    const database = counted(domain.database)
    const page = `query ($id: ID!) { room(id: $id) { messages(last: 50) { nodes { readBy(first: 10) { nodes { user { name } at } } } } } }`
    const { data } = await domain.as(ann.actor, { database })<{ room: { messages: { nodes: { readBy: Receipts }[] } } }>(page, {
      id: room.globalId,
    })
    expect(data!.room.messages.nodes.map(({ readBy }) => readBy.nodes.length)).toEqual([1, 1, 1])
    expect(database.statements.filter((text) => text.includes('read_move'))).toHaveLength(1)
  })
})

describe('when it was read is kept for 30 days', () => {
  it('and of older messages nothing is said, rather than when something later was read', async () => {
    const one = await say(ann, room, 'One')
    await mark(ben, room, one)
    await age('message', 31)
    await age('read_move', 31)
    const two = await say(ann, room, 'Two')
    await mark(ben, room, two)
    expect(await namesOf(one)).toEqual([])
    expect(await namesOf(two)).toEqual(['Ben'])
  })

  it('then the sweep lets it go, and leaves the mark', async () => {
    const one = await say(ann, room, 'One')
    await mark(ben, room, one)
    await age('read_move', 31)
    const two = await say(ann, room, 'Two')
    await mark(ben, room, two)
    const moves = () => domain.database.prisma.readMove.findMany({ where: { roomId: room.id } })
    const troubles: unknown[] = []
    const sweep = sweepHourly(movesOf(domain.database), { days: 30, everyMs: 5, onTrouble: (error) => troubles.push(error) })
    await until(async () => (await moves()).length === 1)
    await sweep.close()
    expect((await moves()).map(({ userId }) => userId)).toEqual([ben.id])
    expect(await domain.database.prisma.readMark.count({ where: { roomId: room.id } })).toBe(3)
    expect(troubles).toEqual([])
  })
})
