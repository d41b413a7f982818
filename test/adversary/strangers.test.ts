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

describe('what is there is answered like what is not', () => {
  const missing = () => ({ ...found, room: globalId('GroupRoom'), message: globalId('Message'), member: globalId('RoomMember') })
  const shown = ({ data, errors }: Answer) => ({ data, errors: errors?.map(({ message, extensions }) => ({ message, extensions })) })

  it.each(reads)('to whoever has not signed in, who is UNAUTHENTICATED: %s', async (_name, query) => {
    const there = await post<Record<string, unknown>>(parley.url, { query: query(found) })
    expect(there.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    expect(shown(await post(parley.url, { query: query(missing()) }))).toEqual(shown(there))
  })

  it.each(reads)('to a stranger: %s', async (_name, query) => {
    expect(shown(await eve.post(query(missing())))).toEqual(shown(await eve.post(query(found))))
  })
})

it('nobody lists everybody by asking for those who are called nothing', async () => {
  const { errors } = await eve.post('{ users(query: "@", first: 100) { handle } }')
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'query' })
})
