import { connect as connectTcp } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { followEvents, post } from '../support/client.ts'
import { type AUser, aParley, type Parley, startParley } from '../support/parley.ts'

const query = 'subscription ($roomId: ID!, $after: Cursor) { messageAdded(roomId: $roomId, after: $after) { cursor message { content } } }'

let parley: Parley
let ada: AUser
beforeAll(async () => {
  parley = await aParley()
  ada = await parley.aUser('Ada')
})

describe('following over Server-Sent Events', () => {
  it('hears what is said, and what was missed since a cursor', async () => {
    const roomId = await parley.aRoom(ada)
    const first = await followEvents(parley.url, { query, variables: { roomId } }, ada.credentials)
    await parley.say(ada, roomId, 'one')
    const { data } = await first.events.next()
    expect(data?.data).toMatchObject({ messageAdded: { message: { content: 'one' } } })
    first.abort()
    await parley.say(ada, roomId, 'two')
    const { cursor } = data!.data!.messageAdded as { cursor: string }
    const second = await followEvents(parley.url, { query, variables: { roomId, after: cursor } }, ada.credentials)
    expect((await second.events.next()).data?.data).toMatchObject({ messageAdded: { message: { content: 'two' } } })
    second.abort()
  })

  it('lets go when the client goes, also while nothing happens', async () => {
    const bob = await parley.aUser()
    const roomId = await parley.aRoom(bob)
    const personId = Buffer.from(bob.id, 'base64url').toString().split(':')[1]!
    const groups = parley.app.live.groups
    const stream = await followEvents(parley.url, { query, variables: { roomId } }, bob.credentials)
    await expect.poll(() => parley.app.attendance.guestsOf(personId)).toBe(1)
    expect(parley.app.live.groups).toBe(groups + 1)
    stream.abort()
    await expect.poll(() => parley.app.attendance.guestsOf(personId)).toBe(0)
    await expect.poll(() => parley.app.live.groups).toBe(groups)
  })

  it('refuses what may not be followed, and says why', async () => {
    const bob = await parley.aUser()
    const roomId = await parley.aRoom(ada)
    const stranger = await followEvents(parley.url, { query, variables: { roomId } }, bob.credentials)
    expect((await stranger.events.next()).data).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
    expect((await stranger.events.next()).event).toBe('complete')
    const nobody = await followEvents(parley.url, { query, variables: { roomId } })
    expect((await nobody.events.next()).data).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    const bad = await followEvents(parley.url, { query, variables: { roomId } }, { authorization: 'Bearer nonsense' })
    expect(bad.status).toBe(401)
  })

  it('ends with UNAUTHENTICATED when the session does', async () => {
    const bob = await parley.aUser()
    const roomId = await parley.aRoom(bob)
    const stream = await followEvents(parley.url, { query, variables: { roomId } }, bob.credentials)
    await bob.post('mutation { signOut { endedSessions } }')
    expect((await stream.events.next()).data).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    expect((await stream.events.next()).event).toBe('complete')
    await stream.ended
  })

  it('is for subscriptions: a client that takes JSON too gets everything else as JSON', async () => {
    // As urql says it.
    const kinds = [
      'application/graphql-response+json',
      'application/graphql+json',
      'application/json',
      'text/event-stream',
      'multipart/mixed',
    ]
    const accept = kinds.join(', ')
    const roomId = await parley.aRoom(ada)
    const viewer = await post(parley.url, { query: '{ viewer { user { name } } }' }, { ...ada.credentials, accept })
    expect(viewer).toMatchObject({ status: 200, data: { viewer: { user: { name: 'Ada' } } } })
    expect(viewer.headers.get('content-type')).toContain('application/graphql-response+json')
    const stream = await followEvents(parley.url, { query, variables: { roomId } }, { ...ada.credentials, accept })
    await parley.say(ada, roomId, 'one')
    expect((await stream.events.next()).data?.data).toMatchObject({ messageAdded: { message: { content: 'one' } } })
    stream.abort()
    const unasked = await followEvents(parley.url, { query: '{ viewer { user { name } } }' }, ada.credentials)
    expect((await unasked.events.next()).data?.data).toMatchObject({ viewer: { user: { name: 'Ada' } } })
  })

  it('is asked for by name: plain JSON cannot follow', async () => {
    const roomId = await parley.aRoom(ada)
    const groups = parley.app.live.groups
    const answer = await post(parley.url, { query, variables: { roomId } }, ada.credentials)
    expect(answer).toMatchObject({ status: 406, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    expect(parley.app.live.groups).toBe(groups)
  })
})

describe('a reader that does not read', () => {
  let small: Parley
  beforeAll(async () => {
    small = await startParley({ STUCK_MS: '200', SLOW_BYTES: '20000' })
  })
  afterAll(() => small.close())

  it('is let go, and cut off when it does not even take that', async () => {
    const bob = await small.aUser()
    const roomId = await small.aRoom(bob)
    const body = JSON.stringify({ query, variables: { roomId } })
    const socket = connectTcp(Number(new URL(small.url).port), '127.0.0.1')
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    const head = ['POST /graphql HTTP/1.1', 'host: x', 'content-type: application/json', 'accept: text/event-stream']
    socket.write([...head, `authorization: ${bob.credentials.authorization}`, `content-length: ${body.length}`, '', body].join('\r\n'))
    await new Promise((resolve) => socket.once('data', resolve))
    socket.pause()
    await expect.poll(() => small.app.live.groups).toBe(1)
    // More than the kernels of both sides hold.
    const content = '漢'.repeat(8000)
    for (let count = 0; count < 100 && small.app.live.groups > 0; count++)
      await Promise.all(Array.from({ length: 10 }, () => small.say(bob, roomId, content)))
    await expect.poll(() => small.app.live.groups, { timeout: 5000 }).toBe(0)
    socket.resume()
    await closed
  })
})
