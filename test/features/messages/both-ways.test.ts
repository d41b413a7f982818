import { type ExecutionResult, execute, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sends } from '../../../src/features/messages/sends.ts'
import { schema } from '../../../src/features/schema.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { createContext, noClient } from '../../../src/graphql/context.ts'
import { createHydrate } from '../../../src/graphql/facts.ts'
import { type APerson, aDomain, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { conflict, type Reply, type Scene, stories } from './send-stories.ts'

const shown = `id seq kind content nonce createdAt editedAt deletedAt sender { id name } replyTo { id content }
  thread { id replyCount lastReplyAt root { id } participants { id } } reactions { emoji }`
const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { ${shown} } edge { cursor } room { id kind name memberCount lastActivityAt cursor viewerMembership { role } } } }`
const listed = `query ($id: ID!) { room(id: $id) { cursor lastActivityAt memberCount lastMessage { id }
  messages(first: 100, includeThreadReplies: true) { nodes { ${shown} } } } }`
const heard = parse(`subscription ($id: ID!) { roomEvents(roomId: $id) { __typename cursor seq at roomId actor { id }
  ... on MessageAdded { message { ${shown} } edge { cursor } room { id memberCount lastActivityAt cursor } } } }`)

/** How a message is made to go. */
interface Way {
  readonly sends?: Sends
  /** What is said, so that it goes that way. */
  readonly words?: (content: string, senderId: string) => string
}

type Answer = ExecutionResult<{ sendMessage: { message: { id: string; content: string; thread: { id: string } | null } } }>

describe('sending, on the embedded database', () => {
  sameBothWays(aDomain)
})

describeWith(['postgres'], 'sending, on Postgres', () => {
  let domain: Domain | undefined
  sameBothWays(async () => {
    domain = await createDomain(await (await sharedPostgres()).createDatabase())
    return domain
  })
  afterAll(() => domain?.database.close())
})

function sameBothWays(open: () => Promise<Domain>) {
  let domain: Domain
  let people: Record<'ann' | 'ben' | 'cid' | 'stranger', APerson>
  let ways: { ownWay: Way; longerWay: Way; mentioning: Way }
  beforeAll(async () => {
    domain = await open()
    const [ann, ben, cid, stranger] = [
      await domain.aPerson('Ann'),
      await domain.aPerson('Ben'),
      await domain.aPerson('Cid'),
      await domain.aPerson('Somebody else'),
    ]
    people = { ann, ben, cid, stranger }
    ways = {
      ownWay: {},
      // What the database says of whoever is not simply a member: it leaves the rest to the longer way.
      longerWay: { sends: { add: async () => ({ outcome: 'unsure' }) } },
      mentioning: { words: (content, senderId) => `${content} @${(senderId === ann.id ? ben : ann).handle}` },
    }
  })

  it.each(Object.entries(stories))('has the same come of it both ways: %s', async (_name, { act, comesTo }) => {
    const own = await tell(ways.ownWay, act)
    expect(own.answers.map(summary)).toEqual(comesTo)
    expect(withoutIds(await tell(ways.longerWay, act))).toEqual(withoutIds(own))
    expect(withoutMentions(withoutIds(await tell(ways.mentioning, act)))).toEqual(withoutIds(own))
  })

  describe('a nonce that goes one way, and then the other', () => {
    it.each([
      ['ownWay', 'longerWay'],
      ['longerWay', 'ownWay'],
    ] as const)('names one message: %s, %s', async (first, then) => {
      const { answers, events } = await tell({}, async (scene) => {
        for (const way of [first, then]) await scene.say(scene.ben, 'Once', { nonce: 'n' }, scene.room, ways[way])
      })
      expect(answers[1]!.data).toEqual(answers[0]!.data)
      expect(events).toHaveLength(1)
    })

    it.each([
      ['ownWay', 'mentioning'],
      ['mentioning', 'ownWay'],
    ] as const)('is a conflict where one of them mentions somebody: %s, %s', async (first, then) => {
      const { answers, events } = await tell({}, async (scene) => {
        for (const way of [first, then]) await scene.say(scene.ben, 'Once', { nonce: 'n' }, scene.room, ways[way])
      })
      expect(answers.map(summary)).toEqual([expect.stringContaining('Once'), conflict])
      expect(events).toHaveLength(1)
    })

    it('at once has one message of it; who means another is told so', async () => {
      const { answers, events } = await tell({}, ({ ben, say, room }) =>
        Promise.all(
          Array.from({ length: 4 }, () => [ways.ownWay, ways.longerWay, ways.mentioning])
            .flat()
            .map((way) => say(ben, 'Once', { nonce: 'n' }, room, way)),
        ),
      )
      expect(events).toHaveLength(1)
      const sent = answers.filter(({ errors }) => !errors)
      expect(new Set(sent.map(({ data }) => data!.sendMessage.message.id)).size).toBe(1)
      // The four that mention somebody agree, and so do the eight others.
      expect([4, 8]).toContain(sent.length)
      expect(answers.filter(({ errors }) => errors).map(summary)).toEqual(Array(12 - sent.length).fill(conflict))
    })

    it('numbers what is said both ways at once densely, and counts every reply', async () => {
      const { events, room } = await tell({}, async ({ ann, ben, say, room }) => {
        const threadId = await say(ann, 'Root')
        const all = Array.from({ length: 8 }, () => [ways.ownWay, ways.longerWay, ways.mentioning]).flat()
        await Promise.all(all.map((way, number) => say(number % 2 ? ann : ben, String(number), { threadId }, room, way)))
      })
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
      expect(room.messages.nodes[0]!.thread).toMatchObject({ replyCount: 24 })
    })
  })

  /** Plays a story in rooms of its own; all sends of it go that way, if no other is named. */
  async function tell(usual: Way, act: (scene: Scene & { say: SayAnyWay }) => Promise<unknown>) {
    const { ann, ben, cid } = people
    const [room, elsewhere, direct] = [await aGroup(ann, ben, cid), await aGroup(ann, ben), await aFreshDirectRoom(ann, ben)]
    const { database, services } = domain
    const answers: Answer[] = []
    const heardAt: unknown[] = []
    const isOurs = ({ streamId }: { streamId: string }) => [room, elsewhere, direct].some(({ id }) => id === streamId)
    let rung = domain.rung.length

    async function trying(person: APerson, content: string, reply: Reply, where: ARoom, { words, sends }: Way): Promise<Answer> {
      const input = { roomId: where.globalId, content: words?.(content, person.id) ?? content, ...reply }
      return domain.as(person.actor, { ...(sends && { sends }) })(send, { input })
    }
    const say: SayAnyWay = async (person, content, reply = {}, where = room, way = usual) => {
      const answer = await trying(person, content, reply, where, way)
      answers.push(answer)
      await hear()
      return answer.data?.sendMessage.message.id ?? ''
    }
    /** What was rung since, as everybody in the room is shown it. */
    async function hear() {
      const fresh = domain.rung.slice(rung).filter((event) => isOurs(event) && event.type === 'MessageAdded')
      rung = domain.rung.length
      const rows = await createHydrate(database)(fresh)
      for (const [index, event] of fresh.entries()) {
        const contextValue = createContext(services, new Audience(event.streamId), noClient, rows[index])
        const variableValues = { id: room.globalId }
        heardAt.push(await execute({ schema, document: heard, variableValues, rootValue: event, contextValue }))
      }
    }
    const write = (person: APerson, field: string) => person.run(`mutation { ${field} { __typename } }`)
    await act({
      ...people,
      room,
      elsewhere,
      direct,
      say,
      async sayAtOnce(times, person, content, reply = {}) {
        answers.push(...(await Promise.all(Array.from({ length: times }, () => trying(person, content, reply, room, usual)))))
        await hear()
      },
      async threadOf(messageId) {
        const { data } = await ann.run<{ message: { thread: { id: string } } }>(
          'query ($messageId: ID!) { message(id: $messageId) { thread { id } } }',
          { messageId },
        )
        return data!.message.thread.id
      },
      edit: (person, messageId, content) => write(person, `editMessage(input: { messageId: "${messageId}", content: "${content}" })`),
      remove: (person, messageId) => write(person, `deleteMessage(input: { messageId: "${messageId}" })`),
      leave: (person) => write(person, `removeRoomMember(input: { roomId: "${room.globalId}", userId: "${person.globalId}" })`),
      mute: ({ id }, until) =>
        database.sql('update room_member set muted_until = now() + $3::interval where room_id = $1 and user_id = $2', [room.id, id, until]),
      archive: () => database.sql('update room set archived_at = now() where id = $1', [room.id]),
      sever: () => database.sql('update room set is_severed = true where id = $1', [direct.id]),
    })
    const { data } = await ann.run<{ room: { messages: { nodes: { thread: object | null }[] } } }>(listed, { id: room.globalId })
    const logs = await Promise.all([room, elsewhere, direct].map(({ id }) => services.log.after(id, 0, 100)))
    return { answers, room: data!.room, heardAt, logs, events: logs[0]! }
  }

  /** Another one for every story: no two people have two. */
  async function aFreshDirectRoom(one: APerson, other: APerson): Promise<ARoom> {
    await domain.database.sql('update room set direct_key = null where direct_key like $1', [`%${one.id}%`])
    return aDirectRoom(one, other)
  }
}

type SayAnyWay = (person: APerson, content: string, reply?: Reply, where?: ARoom, way?: Way) => Promise<string>

function summary({ data, errors }: Answer): string {
  if (!errors) return data!.sendMessage.message.content
  const [{ message, extensions }] = errors as [(typeof errors)[0]]
  return `${extensions.code}${extensions.field ? ` ${extensions.field}` : ''}: ${message}`
}

/** What was told, with every id replaced by its number in the order in which they appear, and times by a word. */
function withoutIds(told: object): unknown {
  const names = new Map<string, string>()
  const nameOf = (id: string) => {
    if (!names.has(id)) names.set(id, `#${names.size + 1}`)
    return names.get(id)!
  }
  const plain = (text: string) => {
    if (/^\d{4}-\d\d-\d\dT/.test(text)) return 'a time'
    const decoded = Buffer.from(text, 'base64url').toString('latin1')
    return (/[0-9a-f]{8}-[0-9a-f]{4}-/.test(decoded) ? decoded : text).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, nameOf)
  }
  return JSON.parse(JSON.stringify(told, (_name, value) => (typeof value === 'string' ? plain(value) : value)))
}

function withoutMentions(told: unknown): unknown {
  return JSON.parse(
    JSON.stringify(told)
      .replaceAll(/ @p_[0-9a-f]{20}/g, '')
      .replaceAll(',"hasMentions":true', ''),
  )
}
