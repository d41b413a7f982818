import { execute, parse } from 'graphql'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSends } from '../../../src/features/messages/sends.ts'
import { schema } from '../../../src/features/schema.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { createContext, noClient } from '../../../src/graphql/context.ts'
import { createHydrate, type HeardEvent } from '../../../src/graphql/facts.ts'
import type { Database } from '../../../src/store/database.ts'
import { createTransact } from '../../../src/store/transact.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { aBell, counted } from './support.ts'

const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id content sender { name } } room { id name } } }`
const edit = 'mutation ($id: ID!, $content: String!) { editMessage(input: { messageId: $id, content: $content }) { message { id } } }'
const page = `query ($room: ID!, $last: Int) { room(id: $room) { messages(last: $last) { nodes { content mentions { name } } } } }`
const live =
  parse(`subscription ($room: ID!) { messageAdded(roomId: $room) { actor { name } message { content mentions { name } sender { name } }
  room { name } } }`)

type Sent = { sendMessage: { message: { id: string; content: string } } }

const at = (...people: APerson[]) => people.map(({ handle }) => `@${handle}`).join(' ')

describe('the statements', () => {
  let domain: Domain
  let ann: APerson
  let others: APerson[]
  let room: ARoom
  let database: ReturnType<typeof counted>
  beforeAll(async () => {
    domain = await aDomain()
    ann = await domain.aPerson('Ann')
    others = await Promise.all(Array.from({ length: 10 }, (_, number) => domain.aPerson(`Person ${number}`)))
  })
  beforeEach(async () => {
    room = await aGroup(ann, ...others)
    database = counted(domain.database)
  })

  const bell = aBell()
  /** As Ann, on a node whose statements are counted, and which knows what the room is. */
  async function counting<Data>(document: string, variables: Record<string, unknown>): Promise<{ data: Data; statements: number }> {
    const services = {
      database,
      transact: createTransact(database, bell.ring),
      sends: createSends(database, bell.ring, { waitingMost: 10 }),
    }
    const as = domain.as(ann.actor, services)
    await as('query ($id: ID!) { room(id: $id) { id } }', { id: room.globalId })
    database.statements.length = 0
    const { data, errors } = await as<Data>(document, variables)
    expect(errors).toBeUndefined()
    return { data: data!, statements: database.statements.length }
  }
  const saying = (content: string) => counting<Sent>(send, { input: { roomId: room.globalId, content } })

  it('of what mentions people are sixteen, for ten of them as for one', async () => {
    // Who they are, and whether they see the room. Between BEGIN and COMMIT: the locks, the room, the right to post, the nonce, both questions
    // again, the message, its words, its mentions, the events. Then what the answer shows: sender and room, and twice whether they may be seen.
    expect((await saying(`Hello ${at(others[0]!)}`)).statements).toBe(2 + 10 + 4)
    expect((await saying(`Hello ${at(...others)}`)).statements).toBe(2 + 10 + 4)
  })

  it('of what names nobody are one more than usual, and as usual where no handle is', async () => {
    expect((await saying('Hello @nobody_at_all')).statements).toBe(2)
    expect((await saying('mail me: ann@example.com')).statements).toBe(1)
  })

  it('of an edit are ten where neither text names anybody, and seventeen where it mentions others than before', async () => {
    const id = (await saying('One')).data.sendMessage.message.id
    const few = (await counting(edit, { id, content: 'Two' })).statements
    const { data } = await saying(at(others[0]!))
    const mentioning = (await counting(edit, { id: data.sendMessage.message.id, content: at(...others) })).statements
    expect([few, mentioning]).toEqual([10, 17])
  })

  it('of a page are one more where somebody in it is mentioned, and none where no @ is', async () => {
    for (let number = 0; number < 10; number++) await saying(`Hello ${number}`)
    const none = (await counting(page, { room: room.globalId, last: 10 })).statements
    for (let number = 0; number < 40; number++) await saying(`Hello ${at(others[number % 10]!, others[(number + 1) % 10]!)}`)
    expect((await counting(page, { room: room.globalId, last: 1 })).statements).toBe(none + 1)
    const { data, statements } = await counting<{ room: { messages: { nodes: { mentions: object[] }[] } } }>(page, {
      room: room.globalId,
      last: 50,
    })
    expect(statements).toBe(none + 1)
    expect(data.room.messages.nodes.map(({ mentions }) => mentions.length)).toEqual([...Array(10).fill(0), ...Array(40).fill(2)])
  })

  it('of what the room says of itself, and of what was deleted, are none more', async () => {
    await counting('mutation ($id: ID!, $name: String!) { updateRoom(input: { roomId: $id, name: $name }) { room { id } } }', {
      id: room.globalId,
      name: `Friends of ${at(others[0]!)}`,
    })
    const { data } = await saying(at(others[0]!))
    await counting('mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }', {
      id: data.sendMessage.message.id,
    })
    const both = await counting<{ room: { messages: { nodes: { mentions: object[] }[] } } }>(page, { room: room.globalId, last: 10 })
    expect(both.data.room.messages.nodes.map(({ mentions }) => mentions)).toEqual([[], []])
    expect(database.statements).not.toContainEqual(expect.stringContaining('from mention'))
  })

  it('of delivering are a node’s: it reads whom it mentions with the rest, and then nothing for each who is shown it', async () => {
    const show = async (content: string) => {
      await saying(content)
      const event = bell.rung.findLast(({ type }) => type === 'MessageAdded') as HeardEvent
      database.statements.length = 0
      const [rows] = await createHydrate(database)([JSON.parse(JSON.stringify(event))])
      const hydrating = database.statements.splice(0).length
      const contextValue = createContext({ ...domain.services, database }, new Audience(room.id), noClient, rows)
      const variableValues = { room: room.globalId }
      const { data, errors } = await execute({ schema, document: live, variableValues, rootValue: event, contextValue })
      expect(errors).toBeUndefined()
      return { hydrating, showing: database.statements.length, data }
    }
    const names = others.slice(0, 2)
    expect(await show(at(...names))).toMatchObject({
      hydrating: 4,
      showing: 0,
      data: { messageAdded: { message: { mentions: [{ name: 'Person 0' }, { name: 'Person 1' }] } } },
    })
    expect(await show('Hello @nobody_at_all')).toMatchObject({
      hydrating: 0,
      showing: 0,
      data: { messageAdded: { message: { mentions: [] } } },
    })
  })
})

describe('an answer that was lost, on the embedded database', () => {
  isRepeatedOnce(aDomain)
})

describeWith(['postgres'], 'an answer that was lost, on Postgres', () => {
  let domain: Domain | undefined
  isRepeatedOnce(async () => {
    domain = await createDomain(await (await sharedPostgres()).createDatabase())
    return domain
  })
  afterAll(() => domain?.database.close())
})

function isRepeatedOnce(open: () => Promise<Domain>) {
  let domain: Domain
  let ann: APerson
  let ben: APerson
  let room: ARoom
  beforeAll(async () => {
    domain = await open()
    ;[ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
  })
  beforeEach(async () => {
    room = await aGroup(ann, ben)
  })

  const typesIn = async (streamId: string) => (await domain.services.log.after(streamId, 0, 100)).map(({ type }) => type)
  const commits = { times: 0 }
  const saying = (lose: Parameters<typeof losing>[1]) => {
    commits.times = 0
    const transact = createTransact(losing(domain.database, lose, commits), () => {})
    return domain.as(ben.actor, { transact })<Sent>(send, { input: { roomId: room.globalId, content: `Hello ${at(ann)}` } })
  }

  it.each([
    ['before it was committed', 'before', 1],
    ['after it was committed', 'after', 2],
  ] as const)('%s is asked for once more: it is said once, and who is mentioned hears of it once', async (_when, lose, times) => {
    const mentionedBefore = (await typesIn(ann.id)).filter((type) => type === 'Mentioned').length
    const { data, errors } = await saying(lose)
    expect(errors).toBeUndefined()
    expect(commits.times).toBe(times)
    expect(data!.sendMessage.message.content).toBe(`Hello ${at(ann)}`)
    expect(await typesIn(room.id)).toEqual(['MessageAdded'])
    expect((await typesIn(ann.id)).filter((type) => type === 'Mentioned')).toHaveLength(mentionedBefore + 1)
  })

  it('is not found by who was removed before it came; it was said nonetheless, and once', async () => {
    const remove = `mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${ben.globalId}" }) { memberId } }`
    const answer = await saying(async () => expect(codeOf(await ann.run(remove))).toBeUndefined())
    expect(codeOf(answer)).toBe('NOT_FOUND')
    expect(await typesIn(room.id)).toEqual(['MessageAdded', 'MemberLeft', 'MessageAdded'])
  })
}

/** A database whose first transaction is lost: before it commits, or after, when only its answer never comes; meanwhile something happens. */
function losing(database: Database, lose: 'before' | 'after' | (() => Promise<unknown>), commits: { times: number }): Database {
  let isLost = false
  const broken = () => Object.assign(new Error('The connection broke.'), { code: 'ECONNRESET' })
  const $transaction = async (work: (rows: never) => Promise<unknown>) => {
    if (isLost) {
      commits.times++
      return database.prisma.$transaction(work as never)
    }
    isLost = true
    if (lose === 'before')
      return database.prisma.$transaction(async (rows) => {
        await work(rows as never)
        throw broken()
      })
    await database.prisma.$transaction(work as never)
    commits.times++
    if (lose !== 'after') await lose()
    throw broken()
  }
  return { ...database, prisma: { $transaction } as unknown as Database['prisma'] }
}
