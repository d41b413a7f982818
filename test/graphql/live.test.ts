import { type ExecutionResult, parse } from 'graphql'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryBus } from '../../src/engine/bus-memory.ts'
import { createHub, type Hub } from '../../src/engine/hub.ts'
import type { Reader, Rendered, Sink } from '../../src/engine/sink.ts'
import { createSends } from '../../src/features/messages/sends.ts'
import { schema } from '../../src/features/schema.ts'
import { createContext, type Services } from '../../src/graphql/context.ts'
import { createMask } from '../../src/graphql/errors.ts'
import { createHydrate, outdates } from '../../src/graphql/facts.ts'
import { createLive, type Live } from '../../src/graphql/live.ts'
import { createTransact } from '../../src/store/transact.ts'
import { type APerson, aDomain, type Domain, type Runner } from '../support/domain.ts'
import { until } from '../support/until.ts'

describe('a subscription, executed once for many', () => {
  let domain: Domain
  let hub: Hub
  let live: Live
  let services: Services
  const unforeseen: unknown[] = []
  const open: Reader[] = []

  beforeAll(async () => {
    domain = await aDomain()
    const { database, log } = domain.services
    hub = createHub({
      log,
      bus: createMemoryBus((error) => unforeseen.push(error)),
      hydrate: createHydrate(database),
      outdates,
      onTrouble: (error) => unforeseen.push(error),
      ringEvents: 1000,
      ringBytes: 1 << 20,
      gapWaitMs: 20,
      lingerMs: 0,
      acknowledgeWaitMs: 1000,
      headCheckMs: 1000,
      headCheckAllMs: 10_000,
      checksHeads: false,
    })
    services = {
      ...domain.services,
      transact: createTransact(database, hub.ring),
      sends: createSends(database, hub.ring, { waitingMost: 1000 }),
    }
    live = createLive({ schema, services, hub, mask: createMask((_id, error) => unforeseen.push(error)) })
  })
  afterEach(() => {
    for (const reader of open.splice(0)) reader.close()
    expect(unforeseen.splice(0)).toEqual([])
    expect(live.groups).toBe(0)
  })
  afterAll(() => hub.close())

  const wholeEvent = `__typename cursor seq at roomId actor { id name }
    ... on MessageAdded { message { id seq content nonce createdAt sender { id handle name } room { id name } } edge { cursor } room { id name memberCount lastActivityAt lastMessage { id } } }
    ... on MemberJoined { member { id role joinedAt user { id } room { id } } room { memberCount } }
    ... on MemberLeft { memberId wasRemoved user { id name } room { memberCount } }
    ... on MemberUpdated { member { id role } }
    ... on RoomUpdated { room { id name topic cursor } }`
  const following = parse(`subscription Follow($room: ID!, $after: Cursor) { roomEvents(roomId: $room, after: $after) { ${wholeEvent} } }`)
  const followingAsOneself = parse(
    `subscription Follow($room: ID!) { roomEvents(roomId: $room) { __typename ... on MessageAdded { room { viewerMembership { user { id } role } } } } }`,
  )

  it('gives everybody the very same answer where nothing depends on the person', async () => {
    const { room, people } = await aRoom(3)
    const followers = await Promise.all(people.map((person) => follow(person, following, { room })))
    expect(live.groups).toBe(1)
    await say(people[0]!, room, 'hello')
    await until(() => followers.every(({ rendered }) => rendered.length === 1))
    const [first, ...others] = followers.map(({ rendered }) => rendered[0])
    for (const other of others) expect(other).toBe(first)
    expect(first?.result.errors).toBeUndefined()
    expect(first?.result.data).toMatchObject({ roomEvents: { __typename: 'MessageAdded', seq: 1, message: { content: 'hello' } } })
  })

  it('gives each their own where it does, though all ask the same', async () => {
    const { room, people } = await aRoom(3)
    const followers = await Promise.all(people.map((person) => follow(person, followingAsOneself, { room })))
    expect(live.groups).toBe(1)
    await say(people[0]!, room, 'one')
    await say(people[1]!, room, 'two')
    await until(() => followers.every(({ rendered }) => rendered.length === 2))
    for (const [index, { rendered }] of followers.entries())
      for (const { result } of rendered)
        expect(result).toEqual({
          data: {
            roomEvents: {
              __typename: 'MessageAdded',
              room: { viewerMembership: { user: { id: people[index]!.globalId }, role: index === 0 ? 'ADMIN' : 'MEMBER' } },
            },
          },
        })
  })

  it('shares again, soon after one message among others was another for each', async () => {
    const { room, people } = await aRoom(2)
    const [admin, other] = people as [APerson, APerson]
    const elsewhere = await aRoom(1)
    const source = await say(elsewhere.people[0]!, elsewhere.room, 'From elsewhere')
    await run(
      elsewhere.people[0]!,
      'mutation ($room: ID!, $user: ID!) { addRoomMember(input: { roomId: $room, userId: $user }) { room { id } } }',
      {
        room: elsewhere.room,
        user: admin.globalId,
      },
    )
    const withSource = parse(
      'subscription Follow($room: ID!) { roomEvents(roomId: $room) { ... on MessageAdded { message { content forwardedFrom { id } } } } }',
    )
    const followers = [await follow(admin, withSource, { room }), await follow(other, withSource, { room })]
    await say(admin, room, 'shared')
    await run(admin, 'mutation ($id: ID!, $room: ID!) { forwardMessage(input: { messageId: $id, toRoomId: $room }) { message { id } } }', {
      id: source,
      room,
    })
    for (const content of ['not tried', 'shared again', 'and again']) await say(admin, room, content)
    await until(() => followers.every(({ rendered }) => rendered.length === 5))
    const [mine, theirs] = followers.map(({ rendered }) => rendered)
    expect(mine!.map((rendered, index) => rendered === theirs![index])).toEqual([true, false, false, true, true])
    expect(mine![1]!.result.data).toMatchObject({ roomEvents: { message: { forwardedFrom: { id: source } } } })
    expect(theirs![1]!.result.data).toMatchObject({ roomEvents: { message: { forwardedFrom: null } } })
  })

  it('joins those who stand at different places, and keeps apart those who ask for different things', async () => {
    const { room, people } = await aRoom(2)
    await follow(people[0]!, following, { room })
    const start = await cursorOf(people[0]!, room)
    await say(people[0]!, room, 'one')
    await follow(people[1]!, following, { room, after: start })
    expect(live.groups).toBe(1)
    await follow(people[1]!, followingAsOneself, { room })
    await follow(people[1]!, parse(`subscription { roomEvents(roomId: "${room}") { seq } }`), {})
    expect(live.groups).toBe(3)
  })

  it('shows a person the event that ends their access, also what is theirs in it, and then ends', async () => {
    const { room, people } = await aRoom(3)
    const [admin, leaver, stays] = people as [APerson, APerson, APerson]
    const asOneself = parse(
      `subscription Leaving($room: ID!) { roomEvents(roomId: $room) { __typename ... on MemberLeft { user { id } room { id viewerMembership { id } } } } }`,
    )
    const [theirs, others] = [await follow(leaver, asOneself, { room }), await follow(stays, asOneself, { room })]
    await run(admin, 'mutation ($room: ID!, $user: ID!) { removeRoomMember(input: { roomId: $room, userId: $user }) { memberId } }', {
      room,
      user: leaver.globalId,
    })
    await say(admin, room, 'they are gone')
    await until(() => theirs.ended && others.rendered.length === 3)
    expect(theirs.rendered.map(({ result }) => result)).toEqual([
      { data: { roomEvents: { __typename: 'MemberLeft', user: { id: leaver.globalId }, room: { id: room, viewerMembership: null } } } },
    ])
    expect(theirs.ended).toMatchObject({ extensions: { code: 'NOT_FOUND' } })
    await expect(follow(leaver, asOneself, { room })).rejects.toMatchObject({ extensions: { code: 'NOT_FOUND' } })
  })

  it('shows the same whether an event came with its rows, was read from the log, or is executed for one person', async () => {
    const { room, people } = await aRoom(3)
    const [admin, other, third] = people as [APerson, APerson, APerson]
    const start = await cursorOf(admin, room)
    const livelong = await follow(admin, following, { room })
    await say(admin, room, 'with “quotes”, ünïcode 👋 and\nlines')
    await run(admin, 'mutation ($room: ID!) { updateRoom(input: { roomId: $room, topic: "a topic" }) { room { id } } }', { room })
    await run(
      admin,
      'mutation ($room: ID!, $user: ID!) { setRoomRole(input: { roomId: $room, userId: $user, role: ADMIN }) { room { id } } }',
      {
        room,
        user: other.globalId,
      },
    )
    await run(third, 'mutation ($room: ID!, $user: ID!) { removeRoomMember(input: { roomId: $room, userId: $user }) { memberId } }', {
      room,
      user: third.globalId,
    })
    await run(admin, 'mutation ($room: ID!, $user: ID!) { addRoomMember(input: { roomId: $room, userId: $user }) { room { id } } }', {
      room,
      user: third.globalId,
    })
    await until(() => livelong.rendered.length === 7)
    const replayed = await follow(other, following, { room, after: start })
    await until(() => replayed.rendered.length === 7)
    const page = await run<{ roomEvents: { events: object[] } }>(
      other,
      `query ($room: ID!, $start: Cursor!) { roomEvents(roomId: $room, after: $start) { events { ${wholeEvent} } } }`,
      { room, start },
    )
    const shown = (events: Rendered<ExecutionResult>[]) => events.map(({ result }) => (result.data as { roomEvents: object }).roomEvents)
    expect(shown(replayed.rendered).map(settled)).toEqual(page.roomEvents.events.map(settled))
    expect(shown(livelong.rendered).map((event) => (event as { seq: number }).seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(settled(shown(livelong.rendered)[0]!)).toEqual(settled(page.roomEvents.events[0]!))
  })

  it('refuses a place that is none, is of another stream, or lies beyond the head', async () => {
    const [one, other] = [await aRoom(1), await aRoom(1)]
    const person = one.people[0]!
    const elsewhere = await cursorOf(other.people[0]!, other.room)
    for (const after of ['nonsense', '', elsewhere])
      await expect(follow(person, following, { room: one.room, after })).rejects.toMatchObject({
        extensions: { code: 'BAD_USER_INPUT', field: 'after' },
      })
    const [seq, epoch, stream] = Buffer.from(await cursorOf(person, one.room), 'base64url')
      .toString()
      .split('.')
    for (const text of [`${Number(seq) + 1}.${epoch}.${stream}`, `${seq}.another.${stream}`])
      await expect(follow(person, following, { room: one.room, after: Buffer.from(text).toString('base64url') })).rejects.toMatchObject({
        extensions: { code: 'CURSOR_EXPIRED' },
      })
  })

  it('is for members, and tells strangers nothing, not even that the room is there', async () => {
    const { room } = await aRoom(1)
    const stranger = await domain.aPerson()
    await expect(follow(stranger, following, { room })).rejects.toMatchObject({ extensions: { code: 'NOT_FOUND' } })
    await expect(follow(stranger, following, { room: 'x' })).rejects.toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
  })

  /** What moves with time is left out: a replayed event shows its rows as they are now. */
  function settled(event: object): object {
    return JSON.parse(JSON.stringify(event, (key, value) => (['room', 'joinedAt'].includes(key) ? undefined : value)))
  }

  async function aRoom(size: number): Promise<{ room: string; people: APerson[] }> {
    const people = await Promise.all(Array.from({ length: size }, (_, index) => domain.aPerson(`Person ${index}`)))
    const made = await run<{ createGroupRoom: { room: { id: string } } }>(
      people[0]!,
      'mutation ($ids: [ID!]!) { createGroupRoom(input: { name: "A room", memberIds: $ids }) { room { id } } }',
      { ids: people.slice(1).map(({ globalId }) => globalId) },
    )
    return { room: made.createGroupRoom.room.id, people }
  }

  async function say(person: APerson, room: string, content: string): Promise<string> {
    const { sendMessage } = await run<{ sendMessage: { message: { id: string } } }>(
      person,
      'mutation ($room: ID!, $content: String!) { sendMessage(input: { roomId: $room, content: $content }) { message { id } } }',
      {
        room,
        content,
      },
    )
    return sendMessage.message.id
  }

  async function cursorOf(person: APerson, room: string): Promise<string> {
    return (await run<{ room: { cursor: string } }>(person, 'query ($room: ID!) { room(id: $room) { cursor } }', { room })).room.cursor
  }

  async function run<Data = Record<string, unknown>>(person: APerson, ...given: Parameters<Runner>): Promise<Data> {
    const { data, errors } = await domain.as(person.actor, services)(...given)
    if (errors) throw errors[0]
    return data as Data
  }

  async function follow(person: APerson, document: ReturnType<typeof parse>, variables: Record<string, unknown>) {
    const got = { rendered: [] as Rendered<ExecutionResult>[], ended: undefined as Error | undefined }
    const sink: Sink<ExecutionResult> = {
      deliver: (rendered) => void got.rendered.push(rendered),
      isFull: false,
      drained: async () => {},
      end(reason) {
        got.ended = reason
      },
    }
    const reader = await live.open({ document, operationName: undefined, variables }, createContext(services, person.actor), sink)
    open.push(reader)
    reader.start()
    return got
  }
})
