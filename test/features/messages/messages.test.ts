import { execute, parse } from 'graphql'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSends } from '../../../src/features/messages/sends.ts'
import { schema } from '../../../src/features/schema.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { createContext, noClient } from '../../../src/graphql/context.ts'
import { createHydrate, type HeardEvent } from '../../../src/graphql/facts.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { rateLimited } from '../../../src/lib/refusal.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { aSend, counted, createStage, type Stage } from './support.ts'

const send = `mutation ($room: ID!, $content: String!, $nonce: String) {
  sendMessage(input: { roomId: $room, content: $content, nonce: $nonce }) {
    message { id seq content nonce createdAt sender { id handle } room { id } }
    edge { cursor node { id } }
    room { id cursor lastActivityAt }
  }
}`

interface Sent {
  sendMessage: {
    message: {
      id: string
      seq: number
      content: string
      nonce: string | null
      createdAt: string
      sender: { id: string }
      room: { id: string }
    }
    edge: { cursor: string; node: { id: string } }
    room: { id: string; cursor: string; lastActivityAt: string }
  }
}

const page = `query ($room: ID!, $first: Int, $after: String, $last: Int, $before: String, $around: ID) {
  room(id: $room) {
    messages(first: $first, after: $after, last: $last, before: $before, around: $around) {
      edges { cursor node { id seq content sender { id name } room { id name } } }
      nodes { content }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`

interface Page {
  room: {
    messages: {
      edges: { cursor: string; node: { id: string; seq: number; content: string } }[]
      nodes: { content: string }[]
      pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
    }
  }
}

let domain: Domain
let stage: Stage
let ana: APerson
let ben: APerson
let stranger: APerson

beforeAll(async () => {
  domain = await aDomain()
  stage = createStage(domain.database)
  ana = await domain.aPerson('Ana')
  ben = await domain.aPerson('Ben')
  stranger = await domain.aPerson('Somebody else')
})

async function aRoom(...said: string[]) {
  const id = await stage.aGroup(ana.id, ben.id)
  await Promise.all(said.map((content, index) => domain.services.sends.add(aSend(id, index % 2 ? ben.id : ana.id, content))))
  return { id, globalId: encodeId('GroupRoom', id) }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1))

async function read(room: string, args: Record<string, unknown> = {}): Promise<Page['room']['messages']> {
  const { data, errors } = await ben.run<Page>(page, { room, ...args })
  expect(errors).toBeUndefined()
  return data!.room.messages
}

function said({ nodes }: Page['room']['messages']): string[] {
  return nodes.map(({ content }) => content)
}

describe('sending a message', () => {
  it('answers with the message as it is stored, its place and its room', async () => {
    const room = await aRoom('Before')
    const { data, errors } = await ana.run<Sent>(send, { room: room.globalId, content: '  Hello 👋\n', nonce: 'n1' })
    expect(errors).toBeUndefined()
    const { message, edge, room: shown } = data!.sendMessage
    expect(message).toMatchObject({
      seq: 2,
      content: '  Hello 👋\n',
      nonce: 'n1',
      sender: { id: ana.globalId },
      room: { id: room.globalId },
    })
    expect(shown).toMatchObject({ id: room.globalId, lastActivityAt: message.createdAt })
    const newest = await read(room.globalId, { last: 1 })
    expect(newest.edges[0]).toMatchObject({ cursor: edge.cursor, node: { id: edge.node.id } })
  })

  it('shows no nonce where none was given', async () => {
    const room = await aRoom()
    const { data } = await ana.run<Sent>(send, { room: room.globalId, content: 'Hello' })
    expect(data!.sendMessage.message.nonce).toBeNull()
  })

  it('takes one statement, the answer included', async () => {
    const room = await aRoom('So that the kind of the room is known')
    const database = counted(domain.database)
    const as = domain.as(ana.actor, { database, sends: createSends(database, () => {}, { waitingMost: 10 }) })
    await as(send, { room: room.globalId, content: 'The first asks for the kind' })
    database.statements.length = 0
    const { errors } = await as(send, { room: room.globalId, content: 'Hello' })
    expect(errors).toBeUndefined()
    expect(database.statements).toEqual([expect.stringContaining('send_messages')])
  })

  it('gives the first message again for its nonce, and refuses other content', async () => {
    const room = await aRoom()
    const first = await ana.run<Sent>(send, { room: room.globalId, content: 'Once', nonce: 'n' })
    const again = await ana.run<Sent>(send, { room: room.globalId, content: 'Once', nonce: 'n' })
    expect(again.data!.sendMessage.message).toEqual(first.data!.sendMessage.message)
    const other = await ana.run(send, { room: room.globalId, content: 'Twice', nonce: 'n' })
    expect(other.errors![0]!.extensions).toEqual({ code: 'CONFLICT', field: 'nonce' })
    expect(said(await read(room.globalId))).toEqual(['Once'])
  })

  it.each([
    ['nothing', '', 'content'],
    ['only blanks', ' \n\t ', 'content'],
    ['too much', 'x'.repeat(8001), 'content'],
    ['a NUL', 'a\0b', 'content'],
    ['half a character', 'a\ud800b', 'content'],
  ])('refuses %s by the name of the field, and writes nothing', async (_what, content, field) => {
    const room = await aRoom()
    const { data, errors } = await ana.run(send, { room: room.globalId, content })
    expect(data).toBeNull()
    expect(errors![0]!.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
    expect(said(await read(room.globalId))).toEqual([])
  })

  it.each([
    ['empty', ''],
    ['too long', 'n'.repeat(65)],
    ['with a NUL', 'n\0'],
  ])('refuses a nonce that is %s', async (_what, nonce) => {
    const room = await aRoom()
    const { errors } = await ana.run(send, { room: room.globalId, content: 'Hello', nonce })
    expect(errors![0]!.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'nonce' })
  })

  it('takes exactly as many characters as are allowed, also where one is two units', async () => {
    const room = await aRoom()
    const { errors } = await ana.run(send, { room: room.globalId, content: '👋'.repeat(8000), nonce: 'n'.repeat(64) })
    expect(errors).toBeUndefined()
  })

  it('answers NOT_FOUND to whoever is not in the room, and for ids that are no room', async () => {
    const room = await aRoom()
    const message = (await ana.run<Sent>(send, { room: room.globalId, content: 'Hello' })).data!.sendMessage.message
    const attempts = await Promise.all([
      stranger.run(send, { room: room.globalId, content: 'Let me in' }),
      ana.run(send, { room: encodeId('GroupRoom', uuid()), content: 'Nowhere' }),
      ana.run(send, { room: encodeId('DirectRoom', room.id), content: 'Misnamed' }),
      ana.run(send, { room: message.id, content: 'A message is no room' }),
      ana.run(send, { room: ben.globalId, content: 'Nor is a person' }),
    ])
    expect(attempts.map(({ errors }) => errors?.[0]?.extensions.code)).toEqual(attempts.map(() => 'NOT_FOUND'))
    const { errors } = await ana.run(send, { room: 'no id', content: 'Hello' })
    expect(errors![0]!.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'roomId' })
    expect(said(await read(room.globalId))).toEqual(['Hello'])
  })

  it('is for those who are signed in, and at their rate', async () => {
    const room = await aRoom()
    const anonymous = await domain.as(nobody)(send, { room: room.globalId, content: 'Hello' })
    expect(anonymous.errors![0]!.extensions.code).toBe('UNAUTHENTICATED')
    const spent: unknown[] = []
    const rates = {
      spend: async (...spending: unknown[]) => {
        spent.push(spending)
        throw rateLimited(200)
      },
    }
    const { errors } = await domain.as(ana.actor, { rates })(send, { room: room.globalId, content: 'Hello' })
    expect(errors![0]!.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 200 })
    expect(spent).toEqual([['send', ana.id]])
    expect(said(await read(room.globalId))).toEqual([])
  })
})

describe("a room's messages", () => {
  it('come oldest first, and page both ways without a gap or a double', async () => {
    const room = await aRoom(...numbers(7))
    const first = await read(room.globalId, { first: 3 })
    expect(said(first)).toEqual(['1', '2', '3'])
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
    const second = await read(room.globalId, { first: 3, after: first.pageInfo.endCursor })
    expect(said(second)).toEqual(['4', '5', '6'])
    const third = await read(room.globalId, { first: 3, after: second.pageInfo.endCursor })
    expect(said(third)).toEqual(['7'])
    expect(third.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
    const newest = await read(room.globalId, { last: 3 })
    expect(said(newest)).toEqual(['5', '6', '7'])
    expect(newest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
    const older = await read(room.globalId, { last: 3, before: newest.pageInfo.startCursor })
    expect(said(older)).toEqual(['2', '3', '4'])
    const between = await read(room.globalId, { last: 2, after: first.edges[0]!.cursor, before: newest.pageInfo.startCursor })
    expect(said(between)).toEqual(['3', '4'])
  })

  it('are an empty page where there are none, and before the first', async () => {
    const empty = await aRoom()
    const nothing = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }
    expect(await read(empty.globalId)).toEqual({ edges: [], nodes: [], pageInfo: nothing })
    const room = await aRoom('1', '2')
    const all = await read(room.globalId)
    const before = await read(room.globalId, { last: 5, before: all.pageInfo.startCursor })
    expect(before).toEqual({ edges: [], nodes: [], pageInfo: { ...nothing, hasNextPage: true } })
    const after = await read(room.globalId, { first: 5, after: all.pageInfo.endCursor })
    expect(after).toEqual({ edges: [], nodes: [], pageInfo: { ...nothing, hasPreviousPage: true } })
  })

  it('keep both ends of a page while more arrive', async () => {
    const room = await aRoom(...numbers(6))
    const newest = await read(room.globalId, { last: 3 })
    await ana.run(send, { room: room.globalId, content: '7' })
    await ben.run(send, { room: room.globalId, content: '8' })
    expect(said(await read(room.globalId, { last: 3, before: newest.pageInfo.startCursor }))).toEqual(['1', '2', '3'])
    expect(said(await read(room.globalId, { first: 3, after: newest.pageInfo.endCursor }))).toEqual(['7', '8'])
    expect(said(await read(room.globalId, { last: 3 }))).toEqual(['6', '7', '8'])
  })

  it('show the page around one of them', async () => {
    const room = await aRoom(...numbers(120))
    const all = [...(await read(room.globalId, { first: 100 })).edges, ...(await read(room.globalId, { last: 20 })).edges]
    const around = async (number: number) => read(room.globalId, { around: all[number - 1]!.node.id })
    const middle = await around(60)
    expect(said(middle)).toEqual(numbers(120).slice(35, 85))
    expect(middle.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true })
    expect(said(await read(room.globalId, { last: 2, before: middle.pageInfo.startCursor }))).toEqual(['34', '35'])
    expect(said(await read(room.globalId, { first: 2, after: middle.pageInfo.endCursor }))).toEqual(['86', '87'])
    const oldest = await around(1)
    expect(said(oldest)).toEqual(numbers(26))
    expect(oldest.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
    const newest = await around(120)
    expect(said(newest)).toEqual(numbers(120).slice(95))
    expect(newest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
    expect((await around(25)).pageInfo).toMatchObject({ hasPreviousPage: false })
    expect((await around(26)).pageInfo).toMatchObject({ hasPreviousPage: true })
    expect((await around(95)).pageInfo).toMatchObject({ hasNextPage: false })
    expect((await around(94)).pageInfo).toMatchObject({ hasNextPage: true })
  })

  it('refuse a page that makes no sense, by the name of the argument', async () => {
    const room = await aRoom('1')
    const elsewhere = await aRoom('2')
    const inRoom = (await read(room.globalId)).edges[0]!
    const other = (await read(elsewhere.globalId)).edges[0]!.node.id
    const refusal = async (args: Record<string, unknown>) => (await ben.run(page, { room: room.globalId, ...args })).errors?.[0]?.extensions
    expect(await refusal({ first: 1, last: 1 })).toEqual({ code: 'BAD_USER_INPUT', field: 'last' })
    expect(await refusal({ first: 0 })).toEqual({ code: 'BAD_USER_INPUT', field: 'first' })
    expect(await refusal({ last: 101 })).toEqual({ code: 'BAD_USER_INPUT', field: 'last' })
    expect(await refusal({ after: 'nonsense' })).toEqual({ code: 'BAD_USER_INPUT', field: 'after' })
    expect(await refusal({ around: inRoom.node.id, first: 5 })).toEqual({ code: 'BAD_USER_INPUT', field: 'first' })
    expect(await refusal({ around: inRoom.node.id, before: inRoom.cursor })).toEqual({ code: 'BAD_USER_INPUT', field: 'before' })
    expect(await refusal({ around: 'no id' })).toEqual({ code: 'BAD_USER_INPUT', field: 'around' })
    expect(await refusal({ around: other })).toEqual({ code: 'NOT_FOUND' })
    expect(await refusal({ around: encodeId('Message', uuid()) })).toEqual({ code: 'NOT_FOUND' })
    expect(await refusal({ around: room.globalId })).toEqual({ code: 'NOT_FOUND' })
  })

  it('take as many statements for fifty as for five, and for many rooms as for one', async () => {
    const rooms = [await aRoom(...numbers(50)), await aRoom(...numbers(50)), await aRoom(...numbers(50))]
    const database = counted(domain.database)
    const as = domain.as(ben.actor, { database })
    await as('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: rooms.map(({ globalId }) => globalId) })
    const statementsFor = async (document: string, variables: Record<string, unknown>) => {
      database.statements.length = 0
      expect((await as(document, variables)).errors).toBeUndefined()
      return database.statements.length
    }
    const five = await statementsFor(page, { room: rooms[0]!.globalId, last: 5 })
    // The room, the membership, the page, and the people.
    expect(five).toBeLessThanOrEqual(4)
    expect(await statementsFor(page, { room: rooms[0]!.globalId, last: 50 })).toBe(five)
    const many = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on GroupRoom {
      messages(last: 20) { totalCount nodes { content sender { name } room { name } } } lastMessage { content sender { name } } } } }`
    const one = await statementsFor(many, { ids: [rooms[0]!.globalId] })
    expect(await statementsFor(many, { ids: rooms.map(({ globalId }) => globalId) })).toBe(one)
  })

  it('are counted when somebody asks, up to ten thousand', async () => {
    const room = await aRoom('1', '2', '3')
    const count = 'query ($id: ID!) { room(id: $id) { messages(first: 1) { totalCount } lastMessage { content } } }'
    expect((await ben.run(count, { id: room.globalId })).data).toEqual({
      room: { messages: { totalCount: 3 }, lastMessage: { content: '3' } },
    })
    await domain.database.sql(
      `insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at)
       select gen_random_uuid(), $1, n, $2, 'x', n::text, '', now() from generate_series(4, 10001) n`,
      [room.id, ana.id],
    )
    expect((await ben.run(count, { id: room.globalId })).data).toMatchObject({ room: { messages: { totalCount: null } } })
    await domain.database.sql('delete from message where room_id = $1 and seq = 10001', [room.id])
    expect((await ben.run(count, { id: room.globalId })).data).toMatchObject({ room: { messages: { totalCount: 10_000 } } })
  })

  it('end with nothing: no last message in a room where nothing was said', async () => {
    const room = await aRoom()
    const { data } = await ben.run('query ($id: ID!) { room(id: $id) { lastMessage { id } } }', { id: room.globalId })
    expect(data).toEqual({ room: { lastMessage: null } })
  })
})

describe('a message by its id', () => {
  const every = `query ($id: ID!) { message(id: $id) { content } node(id: $id) { ... on Message { content } } nodes(ids: [$id]) { id } }`

  it('is there for members, and null without an error for everybody else', async () => {
    const room = await aRoom('Secret')
    const { id } = (await read(room.globalId)).edges[0]!.node
    expect(await ben.run(every, { id })).toEqual({
      data: { message: { content: 'Secret' }, node: { content: 'Secret' }, nodes: [{ id }] },
    })
    const nothing = { data: { message: null, node: null, nodes: [null] } }
    expect(await stranger.run(every, { id })).toEqual(nothing)
    await stage.remove(room.id, ben.id)
    expect(await ben.run(every, { id })).toEqual(nothing)
    expect(await ana.run(every, { id: encodeId('Message', uuid()) })).toEqual(nothing)
  })

  it('is null for the id of something else, and refused for what is no id', async () => {
    const room = await aRoom('1')
    const { data, errors } = await ana.run('query ($id: ID!) { message(id: $id) { id } }', { id: room.globalId })
    expect({ data, errors }).toEqual({ data: { message: null }, errors: undefined })
    const bad = await ana.run('query ($id: ID!) { message(id: $id) { id } }', { id: 'no id' })
    expect(bad.errors![0]!.extensions.code).toBe('BAD_USER_INPUT')
  })
})

describe('messageAdded', () => {
  const document = parse(`subscription ($room: ID!) { messageAdded(roomId: $room) {
    cursor seq at roomId actor { id name }
    message { id content seq nonce createdAt sender { handle name } room { id name } }
    edge { cursor node { id } }
    room { id kind name memberCount cursor lastActivityAt }
  } }`)

  /** As the live engine shows an event: to the audience of its stream, with the rows that it was heard with. */
  async function show(event: HeardEvent, room: string) {
    const database = counted(domain.database)
    const [rows] = await createHydrate(database)([event])
    const hydrated = database.statements.splice(0).length
    const audience = new Audience(event.streamId)
    const contextValue = createContext({ ...domain.services, database }, audience, noClient, rows)
    const { data, errors } = await execute({ schema, document, variableValues: { room }, rootValue: event, contextValue })
    expect(errors).toBeUndefined()
    return { data, askedFor: audience.askedFor, hydrated, read: database.statements }
  }

  it('shows what rode the bus to everybody at once, without reading anything', async () => {
    const room = await aRoom()
    await ana.run(send, { room: room.globalId, content: 'Hello', nonce: 'n' })
    const heard = domain.rung.find(({ streamId }) => streamId === room.id)!
    // Over a bus that speaks JSON.
    const event = { ...heard, ...JSON.parse(JSON.stringify(heard)), at: heard.at }
    const live = await show(event, room.globalId)
    expect(live).toMatchObject({ askedFor: undefined, hydrated: 0, read: [] })
    expect(live.data).toMatchObject({
      messageAdded: {
        seq: 1,
        roomId: room.globalId,
        actor: { name: 'Ana' },
        message: { content: 'Hello', nonce: 'n' },
        room: { memberCount: 2 },
      },
    })
  })

  it('shows nothing to whoever may not see the room, by whatever way they came to it', async () => {
    const room = await aRoom('Secret')
    const [event] = await domain.services.log.after(room.id, 0, 1)
    const contextValue = createContext(domain.services, stranger.actor)
    const onlyMessage = parse('subscription ($room: ID!) { messageAdded(roomId: $room) { message { content } } }')
    const shown = await execute({ schema, document: onlyMessage, variableValues: { room: room.globalId }, rootValue: event, contextValue })
    expect(shown.data).toBeNull()
    expect(shown.errors![0]!.extensions.code).toBe('NOT_FOUND')
  })

  it('shows the same when it is replayed from the log, with its rows read at once', async () => {
    const room = await aRoom()
    await ana.run(send, { room: room.globalId, content: 'Hello' })
    const heard = domain.rung.find(({ streamId }) => streamId === room.id)!
    const [logged] = await domain.services.log.after(room.id, 0, 10)
    const live = await show(heard, room.globalId)
    const replayed = await show(logged!, room.globalId)
    expect(replayed.data).toEqual(live.data)
    expect(replayed.hydrated).toBe(3)
    expect(replayed.askedFor).toBeUndefined()
    expect(replayed.read.filter((statement) => !statement.startsWith('select id, kind'))).toEqual([])
  })
})
