import { GraphQLObjectType } from 'graphql'
import { expect, it } from 'vitest'
import { schema } from '../../src/features/schema.ts'
import { accountRules, applyEvents, inboxRules, type Rules, roomRules, type ShownEvent, type State } from '../support/apply-events.ts'
import { post } from '../support/client.ts'
import { until } from '../support/until.ts'
import { anotherDevice, orThrow, type Person, password } from './person.ts'
import { inEachWorld, type World } from './world.ts'

const message = `fragment MessageParts on Message { __typename id seq content createdAt editedAt deletedAt isPinned edits { content replacedAt }
  reactions { emoji count viewerReacted users(first: 5) { __typename id name } } sender { __typename id name }
  replyTo { __typename id content } thread { ...ThreadParts } }
  fragment ThreadParts on Thread { __typename id replyCount lastReplyAt participants(first: 5) { __typename id name } }`
const pins = 'fragment PinParts on Room { __typename id pinnedMessages { __typename id content isPinned } }'
const member = 'fragment MemberParts on RoomMember { __typename id role joinedAt mutedUntil notificationLevel user { __typename id name } }'
const room = `fragment RoomParts on Room { __typename id kind name topic memberCount lastActivityAt lastMessage { ...MessageParts } } ${message}`
const viewer = `fragment ViewerParts on Viewer { __typename id email user { __typename id name }
  sessions { __typename id userAgent createdAt isCurrent } blockedUsers { __typename id name } }`
const stateDocument = `query ($roomId: ID!) {
  viewer { ...ViewerParts inboxCursor rooms(first: 20) { edges { node { ...RoomParts } } } }
  room(id: $roomId) { ...RoomParts ...PinParts cursor viewerPermissions viewerMembership { ...MemberParts }
    members(first: 100) { nodes { ...MemberParts } } messages(last: 50) { edges { cursor node { ...MessageParts } } } } }
  ${viewer} ${room} ${pins} ${member}`
const roomDocument = `subscription ($roomId: ID!, $after: Cursor!) { roomEvents(roomId: $roomId, after: $after) {
  __typename cursor at roomId
  ... on MemberJoined { member { ...MemberParts } room { ...RoomParts } }
  ... on MemberLeft { memberId room { ...RoomParts } }
  ... on MemberUpdated { member { ...MemberParts room { __typename id viewerPermissions } } }
  ... on RoomUpdated { room { ...RoomParts } }
  ... on MessageEdited { message { ...MessageParts } }
  ... on MessageDeleted { message { ...MessageParts } }
  ... on MessagePinned { message { ...MessageParts } room { ...RoomParts ...PinParts } }
  ... on MessageUnpinned { message { ...MessageParts } room { ...RoomParts ...PinParts } }
  ... on ReactionAdded { emoji message { ...MessageParts } }
  ... on ReactionRemoved { emoji message { ...MessageParts } }
  ... on MessageAdded { message { ...MessageParts } reply: message { thread { root { __typename id thread { ...ThreadParts } } } } edge { cursor node { ...MessageParts } } room { ...RoomParts } } } }
  ${room} ${pins} ${member}`
const inboxDocument = `subscription ($after: Cursor!) { inbox(after: $after) {
  __typename cursor
  ... on RoomAdded { roomId edge { node { ...RoomParts } } }
  ... on RoomRemoved { roomId }
  ... on ViewerUpdated { viewer { ...ViewerParts } room { __typename id viewerPermissions viewerMembership { ...MemberParts } } }
  ... on SessionEnded { sessionId } } }
  ${room} ${viewer} ${member}`

/** Who is in the story: Ada, an admin, on two devices; Ben, a member; Cid, who is not in the room. */
interface Cast {
  readonly ada: Person
  readonly tablet: Person
  readonly ben: Person
  readonly cid: Person
  readonly roomId: string
}

type Act = (cast: Cast) => Promise<unknown>

interface Case {
  readonly act: Act
  /** Whose state the events keep; everybody's, unless it changes what belongs to a person alone. */
  readonly seenBy?: (cast: Cast) => readonly Person[]
  /** Whom it signs out. */
  readonly ends?: (cast: Cast) => readonly Person[]
}

const write = async (person: Person, mutation: string, input: Record<string, unknown>) => {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  return orThrow(await person.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input }))
}
const aCase = (act: Act, who: Omit<Case, 'act'> = {}): Case => ({ act, ...who })
const tablet: Case['ends'] = (cast) => [cast.tablet]

/** A case or more for every mutation there is: one that comes without fails the first test. */
const cases: Record<string, Record<string, Case>> = {
  addRoomMember: {
    'somebody new': aCase(({ ada, cid, roomId }) => ada.add(roomId, cid)),
    'somebody who is in': aCase(({ ada, ben, roomId }) => ada.add(roomId, ben)),
  },
  addReaction: {
    'by two, and one of them twice': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'Nice')
      for (const person of [ada, ben, ada]) await write(person, 'addReaction', { messageId, emoji: '👍' })
      await write(ada, 'addReaction', { messageId, emoji: '🎉' })
    }),
    'to what is then deleted': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'Nice')
      await write(ada, 'addReaction', { messageId, emoji: '👍' })
      await write(ben, 'deleteMessage', { messageId })
    }),
  },
  blockUser: {
    somebody: aCase(({ ada, ben }) => write(ada, 'blockUser', { userId: ben.id })),
    'somebody with whom there is a direct room, twice': aCase(async ({ ada, cid }) => {
      await ada.open(cid)
      for (let time = 0; time < 2; time++) await write(ada, 'blockUser', { userId: cid.id })
    }),
  },
  changePassword: {
    'the other devices are out': aCase(
      ({ ada }) => write(ada, 'changePassword', { currentPassword: password, newPassword: 'another horse' }),
      { ends: tablet },
    ),
  },
  createGroupRoom: {
    'with everybody': aCase(({ ada, ben, cid }) => ada.make(ben, cid)),
    'twice with one nonce': aCase(async ({ ben, cid }) => {
      const input = { name: 'Once', topic: 'A topic', memberIds: [cid.id], nonce: 'once' }
      await write(ben, 'createGroupRoom', input)
      await write(ben, 'createGroupRoom', input)
    }),
  },
  deleteMessage: {
    'edited, then deleted by an admin, twice': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'One')
      await write(ben, 'editMessage', { messageId, content: 'Two' })
      await write(ada, 'deleteMessage', { messageId })
      await write(ben, 'deleteMessage', { messageId })
    }),
    'the one before the last': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'Not the last')
      await ada.say(roomId, 'The last')
      await write(ben, 'deleteMessage', { messageId })
    }),
  },
  editMessage: {
    'by its sender, twice': aCase(async ({ ben, roomId }) => {
      const messageId = await ben.say(roomId, 'One')
      await write(ben, 'editMessage', { messageId, content: 'Two' })
      await write(ben, 'editMessage', { messageId, content: 'Three' })
    }),
    'to what it says already': aCase(async ({ ada, roomId }) => {
      await write(ada, 'editMessage', { messageId: await ada.say(roomId, 'Same'), content: 'Same' })
    }),
  },
  muteMember: {
    'until a time': aCase(({ ada, ben, roomId }) =>
      write(ada, 'muteMember', { roomId, userId: ben.id, until: '2100-01-01T00:00:00.000Z' }),
    ),
    'and lifted': aCase(async ({ ada, ben, roomId }) => {
      await write(ada, 'muteMember', { roomId, userId: ben.id, until: '2100-01-01T00:00:00.000Z' })
      await write(ada, 'muteMember', { roomId, userId: ben.id, until: null })
    }),
  },
  openDirectRoom: {
    'made and then found': aCase(async ({ ada, cid }) => {
      await ada.open(cid)
      await cid.open(ada)
    }),
  },
  pinMessage: {
    'two, and one of them twice': aCase(async ({ ada, ben, roomId }) => {
      const [one, two] = [await ben.say(roomId, 'One'), await ada.say(roomId, 'Two')]
      for (const messageId of [one, two, one]) await write(ada, 'pinMessage', { messageId })
    }),
    'what is then edited': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'One')
      await write(ada, 'pinMessage', { messageId })
      await write(ben, 'editMessage', { messageId, content: 'Two' })
    }),
    'what its sender then deletes': aCase(async ({ ada, ben, roomId }) => {
      const [one, two] = [await ben.say(roomId, 'One'), await ben.say(roomId, 'Two')]
      for (const messageId of [one, two]) await write(ada, 'pinMessage', { messageId })
      await write(ben, 'deleteMessage', { messageId: two })
    }),
  },
  refreshSession: {
    'of one device': aCase(({ tablet }) => write(tablet, 'refreshSession', { refreshToken: tablet.refreshToken })),
  },
  removeReaction: {
    'the last of its kind, and one of two': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ben.say(roomId, 'Nice')
      for (const person of [ada, ben]) await write(person, 'addReaction', { messageId, emoji: '👍' })
      await write(ada, 'addReaction', { messageId, emoji: '🎉' })
      for (const emoji of ['👍', '🎉']) await write(ada, 'removeReaction', { messageId, emoji })
    }),
  },
  removeRoomMember: {
    'a member': aCase(({ ada, ben, roomId }) => ada.remove(roomId, ben)),
    'the last admin, who leaves': aCase(({ ada, roomId }) => ada.remove(roomId, ada)),
    'somebody who comes back': aCase(async ({ ada, ben, roomId }) => {
      await ada.remove(roomId, ben)
      await ada.say(roomId, 'While Ben is away')
      await ada.add(roomId, ben)
    }),
  },
  revokeSession: {
    'of the other device': aCase(
      async ({ ada, tablet }) => {
        const document = '{ viewer { sessions { id isCurrent } } }'
        const { viewer } = orThrow(await tablet.ask<{ viewer: { sessions: { id: string; isCurrent: boolean }[] } }>(document))
        return write(ada, 'revokeSession', { sessionId: viewer.sessions.find(({ isCurrent }) => isCurrent)!.id })
      },
      { ends: tablet },
    ),
  },
  sendMessage: {
    'said by two': aCase(async ({ ada, ben, roomId }) => {
      await ada.say(roomId, 'One')
      await ben.say(roomId, 'Two')
    }),
    'twice with one nonce': aCase(async ({ ada, roomId }) => {
      await ada.say(roomId, 'Once', 'once')
      await ada.say(roomId, 'Once', 'once')
    }),
  },
  'sendMessage, in threads': {
    'begun and gone on with by two': aCase(async ({ ada, ben, roomId }) => {
      const threadId = await ada.say(roomId, 'Plans?')
      await write(ben, 'sendMessage', { roomId, content: 'The sea', threadId })
      const { sendMessage } = orThrow(
        await ada.ask<{ sendMessage: { message: { id: string } } }>(
          'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
          { input: { roomId, content: 'The hills', threadId } },
        ),
      )
      await write(ben, 'sendMessage', { roomId, content: 'Which?', replyToId: sendMessage.message.id })
      await write(ada, 'deleteMessage', { messageId: sendMessage.message.id })
    }),
    'under a message that was there before': aCase(async ({ ben, roomId }) => {
      const { room } = orThrow(
        await ben.ask<{ room: { lastMessage: { id: string } } }>('query ($id: ID!) { room(id: $id) { lastMessage { id } } }', {
          id: roomId,
        }),
      )
      await write(ben, 'sendMessage', { roomId, content: 'Thanks', threadId: room.lastMessage.id })
    }),
    'answers to what is then edited and deleted': aCase(async ({ ada, ben, roomId }) => {
      const messageId = await ada.say(roomId, 'Tea?')
      await write(ben, 'sendMessage', { roomId, content: 'Yes', replyToId: messageId })
      await write(ada, 'editMessage', { messageId, content: 'Coffee?' })
      await write(ada, 'deleteMessage', { messageId })
    }),
  },
  setNotificationLevel: {
    'on one device': aCase(({ ada, roomId }) => write(ada, 'setNotificationLevel', { roomId, level: 'MENTIONS' })),
    'twice, by a member': aCase(async ({ ben, roomId }) => {
      for (const level of ['NONE', 'NONE']) await write(ben, 'setNotificationLevel', { roomId, level })
    }),
  },
  setRoomRole: {
    'to admin': aCase(({ ada, ben, roomId }) => write(ada, 'setRoomRole', { roomId, userId: ben.id, role: 'ADMIN' })),
    'there and back': aCase(async ({ ada, ben, roomId }) => {
      await write(ada, 'setRoomRole', { roomId, userId: ben.id, role: 'ADMIN' })
      await write(ben, 'setRoomRole', { roomId, userId: ada.id, role: 'MEMBER' })
    }),
  },
  signIn: { 'on a third device': aCase(({ ada }) => anotherDevice(ada, { url: ada.url })) },
  signOut: {
    'on one device': aCase(({ tablet }) => write(tablet, 'signOut', {}), { ends: tablet }),
    'on all of them': aCase(({ tablet }) => write(tablet, 'signOut', { everywhere: true }), { ends: ({ ada, tablet }) => [ada, tablet] }),
  },
  signUp: {
    'by somebody else': aCase(async ({ ada }) => {
      const input = { handle: `new_${Date.now()}`, name: 'New', password }
      const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }'
      orThrow(await post(ada.url, { query, variables: { input } }))
    }),
  },
  unpinMessage: {
    'one of two, which is pinned again': aCase(async ({ ada, ben, roomId }) => {
      const [one, two] = [await ben.say(roomId, 'One'), await ben.say(roomId, 'Two')]
      for (const messageId of [one, two]) await write(ada, 'pinMessage', { messageId })
      await write(ada, 'unpinMessage', { messageId: one })
      await write(ada, 'pinMessage', { messageId: one })
    }),
    'what is not pinned': aCase(async ({ ada, roomId }) => write(ada, 'unpinMessage', { messageId: await ada.say(roomId, 'One') })),
  },
  unblockUser: {
    'somebody blocked': aCase(async ({ ada, ben, cid }) => {
      for (const { id } of [ben, cid]) await write(ada, 'blockUser', { userId: id })
      await write(ada, 'unblockUser', { userId: ben.id })
    }),
    'somebody who is not': aCase(({ ada, ben }) => write(ada, 'unblockUser', { userId: ben.id })),
  },
  updateProfile: {
    // A name reaches others with the next answer that shows it.
    'name and address': aCase(({ ada }) => write(ada, 'updateProfile', { name: 'Ada L.', email: 'ada@example.org' }), {
      seenBy: ({ ada, tablet }) => [ada, tablet],
    }),
  },
  updateRoom: {
    'its name': aCase(({ ada, roomId }) => write(ada, 'updateRoom', { roomId, name: 'Renamed' })),
    'its topic, and back': aCase(async ({ ada, roomId }) => {
      await write(ada, 'updateRoom', { roomId, topic: 'New' })
      await write(ada, 'updateRoom', { roomId, topic: null })
    }),
  },
}

it('every mutation has a case', () => {
  const mutation = schema.getMutationType()
  expect(mutation).toBeInstanceOf(GraphQLObjectType)
  expect([...new Set(Object.keys(cases).map((name) => name.split(',')[0]!))].sort()).toEqual(Object.keys(mutation!.getFields()).sort())
})

inEachWorld('what a client held, and the events since', (world) => {
  const all = Object.entries(cases).flatMap(([mutation, some]) => Object.entries(some).map(([name, one]) => [mutation, name, one] as const))

  it.each(all)('make what it reads afresh: %s, %s', async (_mutation, _name, { act, seenBy, ends }) => {
    const cast = await aCast(world())
    const { ada, tablet, ben, cid, roomId } = cast
    const leaving = ends?.(cast) ?? []
    const watching = (seenBy?.(cast) ?? [ada, tablet, ben, cid]).filter((person) => !leaving.includes(person))
    const held = await Promise.all(watching.map((person) => read(person, roomId)))
    await act(cast)
    for (const person of leaving) await until(async () => (await person.ask('{ viewer { id } }')).status === 401)
    for (const [index, person] of watching.entries()) {
      const before = held[index]!
      const fresh = await read(person, roomId)
      const inbox = await eventsOf(person, inboxDocument, {}, before.viewer.inboxCursor, fresh.viewer.inboxCursor)
      const room = fresh.room && before.room ? await eventsOf(person, roomDocument, { roomId }, before.room.cursor, fresh.room.cursor) : []
      // A room that one has come into is read, not made of events.
      const expected = before.room ? fresh : { ...fresh, room: null }
      const once = { inboxFirst: applyRoom(applyInbox(before, inbox), room), roomFirst: applyInbox(applyRoom(before, room), inbox) }
      expect(once.inboxFirst).toEqual(expected)
      expect(once.roomFirst).toEqual(expected)
      expect(applyRoom(applyInbox(once.inboxFirst, inbox), room)).toEqual(expected)
      expect(applyRoom(applyInbox(expected, inbox), room)).toEqual(expected)
    }
  })
})

async function aCast(world: World): Promise<Cast> {
  const [here, there = here] = world.nodes
  const ada = await world.aPerson('Ada', here)
  const [tablet, ben, cid] = await Promise.all([anotherDevice(ada, there!), world.aPerson('Ben', there), world.aPerson('Cid', here)])
  const roomId = await ada.make(ben)
  await ada.say(roomId, 'Welcome')
  return { ada, tablet, ben, cid, roomId }
}

async function read(person: Person, roomId: string): Promise<State> {
  return orThrow(await person.ask<State>(stateDocument, { roomId }))
}

/** What a subscription brings between two cursors, over a socket. */
async function eventsOf(person: Person, query: string, variables: object, after: string, upTo: string): Promise<ShownEvent[]> {
  const events: ShownEvent[] = []
  if (after === upTo) return events
  const client = person.connect()
  const subscription = client.iterate<Record<string, ShownEvent & { cursor: string }>>({ query, variables: { ...variables, after } })
  for await (const { data, errors } of subscription) {
    if (errors) throw errors[0]
    const [event] = Object.values(data!)
    events.push(event!)
    if (event!.cursor === upTo) break
  }
  await client.dispose()
  return events
}

const inboxAndAccount: Rules = {
  ...inboxRules,
  ...accountRules,
  '*'({ viewer }, { cursor }) {
    viewer.inboxCursor = cursor
  },
}

/** A room that is lost, and not given back since, is dropped. */
function applyInbox(held: State, events: readonly ShownEvent[]): State {
  const state = applyEvents(held, events, inboxAndAccount)
  const last = events.filter(({ roomId }) => roomId !== undefined && roomId === held.room?.id).at(-1)
  return sorted(last?.__typename === 'RoomRemoved' ? { ...state, room: null } : state)
}

function applyRoom(held: State, events: readonly ShownEvent[]): State {
  return sorted(held.room ? applyEvents(held, events, roomRules) : held)
}

/** A list of rooms is shown by latest activity. */
function sorted(state: State): State {
  state.viewer.rooms.edges.sort((one: State, other: State) => (one.node.lastActivityAt < other.node.lastActivityAt ? 1 : -1))
  return state
}
