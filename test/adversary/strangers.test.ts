import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, post } from '../support/client.ts'
import { type AUser, aParley, type Parley } from '../support/parley.ts'

const nothing = '01900000-0000-7000-8000-000000000000'
const globalId = (type: string, id = nothing) => Buffer.from(`${type}:${id}`).toString('base64url')

let parley: Parley
let ada: AUser
let eve: AUser
let found: Record<string, string>
let roomId: string
beforeAll(async () => {
  parley = await aParley()
  ada = await parley.aUser('Ada')
  eve = await parley.aUser('Eve')
  roomId = await parley.aRoom(ada)
  await parley.say(ada, roomId, 'a secret')
  const { data } = await ada.post<{ room: { cursor: string; lastMessage: { id: string }; viewerMembership: { id: string } } }>(
    'query ($id: ID!) { room(id: $id) { cursor lastMessage { id } viewerMembership { id } } }',
    { id: roomId },
  )
  const { cursor, lastMessage, viewerMembership } = data!.room
  found = { room: roomId, message: lastMessage.id, member: viewerMembership.id, cursor, after: cursor }
})

/** Every read that begins with an id: what is asked about something that is there must be answered as about what is not. */
const reads: [string, (ids: Record<string, string>) => string][] = [
  ['node of a room', ({ room }) => `{ node(id: "${room}") { id } }`],
  ['node of a message', ({ message }) => `{ node(id: "${message}") { id } }`],
  ['node of a membership', ({ member }) => `{ node(id: "${member}") { id } }`],
  ['nodes', ({ room, message }) => `{ nodes(ids: ["${room}", "${message}"]) { id } }`],
  ['room', ({ room }) => `{ room(id: "${room}") { id } }`],
  ['message', ({ message }) => `{ message(id: "${message}") { id content } }`],
  ['roomEvents', ({ room, after }) => `{ roomEvents(roomId: "${room}", after: "${after}") { hasMore } }`],
]

const shown = ({ data, errors }: Answer) => ({ data, errors: errors?.map(({ message, extensions }) => ({ message, extensions })) })

describe('what is there is answered like what is not', () => {
  const missing = () => ({ ...found, room: globalId('GroupRoom'), message: globalId('Message'), member: globalId('RoomMember') })

  it.each(reads)('to whoever has not signed in, who is UNAUTHENTICATED: %s', async (_name, query) => {
    const there = await post<Record<string, unknown>>(parley.url, { query: query(found) })
    expect(there.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    expect(shown(await post(parley.url, { query: query(missing()) }))).toEqual(shown(there))
  })

  it.each(reads)('to a stranger: %s', async (_name, query) => {
    expect(shown(await eve.post(query(missing())))).toEqual(shown(await eve.post(query(found))))
  })
})

describe('a private channel is answered to the lead of its team, who is not in it, like what is not', () => {
  let secret: Record<string, string>
  // A room of the lead's own, and what they say there.
  let own: string
  let ownMessage: string
  beforeAll(async () => {
    own = await parley.aRoom(eve)
    await parley.say(eve, own, 'mine')
    const mine = await eve.post<{ room: { lastMessage: { id: string } } }>('query ($id: ID!) { room(id: $id) { lastMessage { id } } }', {
      id: own,
    })
    ownMessage = mine.data!.room.lastMessage.id
    const teams = await eve.post<{ createTeam: { team: { id: string } } }>(
      'mutation { createTeam(input: { name: "Crew" }) { team { id } } }',
    )
    const teamId = teams.data!.createTeam.team.id
    await eve.post('mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { team { id } } }', {
      input: { teamId, userId: ada.id },
    })
    const { data } = await ada.post<{ createChannel: { channel: { id: string; cursor: string; viewerMembership: { id: string } } } }>(
      'mutation ($input: CreateChannelInput!) { createChannel(input: $input) { channel { id cursor viewerMembership { id } } } }',
      { input: { teamId, name: 'Secrets', isPrivate: true } },
    )
    const { id, cursor, viewerMembership } = data!.createChannel.channel
    const said = await ada.post<{ sendMessage: { message: { id: string } } }>(
      'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
      { input: { roomId: id, content: 'a secret' } },
    )
    secret = { room: id, message: said.data!.sendMessage.message.id, member: viewerMembership.id, cursor, after: cursor }
  })

  it.each(reads)('%s', async (_name, query) => {
    expect((await ada.post(query(secret))).errors).toBeUndefined()
    const missing = { ...secret, room: globalId('Channel'), message: globalId('Message'), member: globalId('RoomMember') }
    expect(shown(await eve.post(query(missing)))).toEqual(shown(await eve.post(query(secret))))
  })

  it.each([
    ['sendMessage', ({ room }: Record<string, string>) => ({ roomId: room, content: 'Hello' })],
    ['joinChannel', ({ room }: Record<string, string>) => ({ channelId: room })],
    ['updateRoom', ({ room }: Record<string, string>) => ({ roomId: room, name: 'Mine' })],
    ['archiveRoom', ({ room }: Record<string, string>) => ({ roomId: room })],
    ['unarchiveRoom', ({ room }: Record<string, string>) => ({ roomId: room })],
    ['addRoomMember', ({ room }: Record<string, string>) => ({ roomId: room, userId: eve.id })],
    ['addReaction', ({ message }: Record<string, string>) => ({ messageId: message, emoji: '👍' })],
    ['deleteMessage', ({ message }: Record<string, string>) => ({ messageId: message })],
    ['editMessage', ({ message }: Record<string, string>) => ({ messageId: message, content: 'Mine' })],
    ['pinMessage', ({ message }: Record<string, string>) => ({ messageId: message })],
    ['unpinMessage', ({ message }: Record<string, string>) => ({ messageId: message })],
    ['forwardMessage', ({ message }: Record<string, string>) => ({ messageId: message, toRoomId: own })],
    ['forwardMessage', ({ room }: Record<string, string>) => ({ messageId: ownMessage, toRoomId: room })],
    ['removeRoomMember', ({ room }: Record<string, string>) => ({ roomId: room, userId: ada.id })],
    ['setRoomRole', ({ room }: Record<string, string>) => ({ roomId: room, userId: ada.id, role: 'MEMBER' })],
    ['muteMember', ({ room }: Record<string, string>) => ({ roomId: room, userId: ada.id, until: '2999-01-01T00:00:00Z' })],
    ['setNotificationLevel', ({ room }: Record<string, string>) => ({ roomId: room, level: 'NONE' })],
  ])('%s', async (verb, input) => {
    const write = (ids: Record<string, string>) =>
      eve.post(`mutation ($input: ${verb[0]!.toUpperCase()}${verb.slice(1)}Input!) { ${verb}(input: $input) { __typename } }`, {
        input: input(ids),
      })
    const there = await write(secret)
    expect(there.errors?.[0]?.extensions.code).toBe('NOT_FOUND')
    expect(shown(await write({ room: globalId('Channel'), message: globalId('Message') }))).toEqual(shown(there))
  })
})

it('nobody lists everybody by asking for those who are called nothing', async () => {
  const { errors } = await eve.post('{ users(query: "@", first: 100) { handle } }')
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'query' })
})
