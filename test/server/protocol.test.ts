import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, openSocket } from '../support/client.ts'
import { type AUser, aParley, type Parley, startParley } from '../support/parley.ts'

const follow = 'subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { cursor message { content } } }'
const hello = '{ viewer { user { handle } } }'

let parley: Parley
let ada: AUser
beforeAll(async () => {
  parley = await aParley()
  ada = await parley.aUser('Ada')
})

describe('a socket is closed', () => {
  it('with 4400 for what is no message', async () => {
    for (const nonsense of ['{', '[]', '{"type":"hello"}', '{"type":"subscribe","id":"1"}', '{"type":"next","id":"1","payload":{}}']) {
      const socket = await openSocket(parley.socketUrl)
      await socket.enter()
      socket.send(nonsense)
      expect(await socket.closed).toMatchObject({ code: 4400 })
    }
  })

  it('with 4401 for an operation before connection_init was acknowledged', async () => {
    const socket = await openSocket(parley.socketUrl)
    socket.subscribe('1', hello)
    expect(await socket.closed).toMatchObject({ code: 4401 })
  })

  it('with 4403 for bad credentials', async () => {
    for (const authorization of ['Bearer nonsense', 'two words more', 7, {}]) {
      const socket = await openSocket(parley.socketUrl)
      socket.send({ type: 'connection_init', payload: { authorization } })
      expect(await socket.closed).toMatchObject({ code: 4403 })
    }
  })

  it('with 4403 for a session that has ended', async () => {
    const bob = await parley.aUser()
    await bob.post('mutation { signOut { endedSessions } }')
    const socket = await openSocket(parley.socketUrl)
    socket.send({ type: 'connection_init', payload: bob.credentials })
    expect(await socket.closed).toMatchObject({ code: 4403 })
  })

  it('with 4406 for a protocol that is not ours', async () => {
    const socket = await openSocket(parley.socketUrl, { protocol: undefined })
    expect(await socket.closed).toMatchObject({ code: 4406 })
  })

  it('with 4409 for an id that is in use', async () => {
    const roomId = await parley.aRoom(ada)
    const socket = await openSocket(parley.socketUrl)
    await socket.enter(ada.credentials)
    socket.subscribe('1', follow, { roomId })
    socket.subscribe('1', follow, { roomId })
    expect(await socket.closed).toMatchObject({ code: 4409 })
  })

  it('with 4429 for a second connection_init', async () => {
    const socket = await openSocket(parley.socketUrl)
    await socket.enter()
    socket.send({ type: 'connection_init' })
    expect(await socket.closed).toMatchObject({ code: 4429 })
  })

  it('with 1009 for a frame that is too large', async () => {
    const socket = await openSocket(parley.socketUrl)
    await socket.enter()
    socket.ws.on('error', () => {})
    socket.subscribe('1', `{ viewer { id } } # ${'x'.repeat(256 * 1024)}`)
    expect(await socket.closed).toMatchObject({ code: 1009 })
  })
})

describe('on a socket', () => {
  it('authorization is found in whatever case it is written', async () => {
    for (const key of ['authorization', 'Authorization', 'AUTHORIZATION']) {
      const socket = await openSocket(parley.socketUrl)
      await socket.enter({ [key]: ada.credentials.authorization })
      socket.subscribe('1', hello)
      expect((await socket.messages.next()).payload.data).toEqual({ viewer: { user: { handle: ada.handle } } })
      await socket.close()
    }
  })

  it('whoever brings no credentials is nobody', async () => {
    const socket = await openSocket(parley.socketUrl)
    await socket.enter()
    socket.subscribe('1', hello)
    expect(await socket.messages.next()).toEqual({ type: 'next', id: '1', payload: { data: { viewer: null } } })
    expect(await socket.messages.next()).toEqual({ type: 'complete', id: '1' })
    socket.subscribe('2', follow, { roomId: 'any' })
    expect(await socket.messages.next()).toMatchObject({ type: 'error', id: '2', payload: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    await socket.close()
  })

  it('a ping is answered, with what it carried', async () => {
    const socket = await openSocket(parley.socketUrl)
    await socket.enter()
    socket.send({ type: 'ping', payload: { at: 1 } })
    expect(await socket.messages.next()).toEqual({ type: 'pong', payload: { at: 1 } })
    await socket.close()
  })

  it('a syntax error costs one operation, and the subscription beside it goes on', async () => {
    const roomId = await parley.aRoom(ada)
    const socket = await openSocket(parley.socketUrl)
    await socket.enter(ada.credentials)
    socket.subscribe('live', follow, { roomId })
    socket.subscribe('broken', '{ viewer {')
    expect(await socket.messages.next()).toMatchObject({
      type: 'error',
      id: 'broken',
      payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    })
    socket.subscribe('invalid', '{ nothing }')
    expect(await socket.messages.next()).toMatchObject({
      type: 'error',
      id: 'invalid',
      payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    })
    socket.subscribe('misfit', follow, {})
    expect(await socket.messages.next()).toMatchObject({
      type: 'error',
      id: 'misfit',
      payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    })
    await parley.say(ada, roomId, 'still there?')
    expect(await socket.messages.next()).toMatchObject({
      type: 'next',
      id: 'live',
      payload: { data: { messageAdded: { message: { content: 'still there?' } } } },
    })
    await socket.close()
  })

  it('after complete nothing comes for an operation, and its id is free at once', async () => {
    const roomId = await parley.aRoom(ada)
    const socket = await openSocket(parley.socketUrl)
    await socket.enter(ada.credentials)
    socket.subscribe('1', follow, { roomId })
    socket.subscribe('barrier', hello)
    await socket.messages.take(2)
    for (let round = 0; round < 5; round++) {
      socket.send({ type: 'complete', id: '1' })
      socket.subscribe('1', follow, { roomId })
    }
    socket.subscribe('barrier', hello)
    const around = await socket.messages.take(2)
    expect(around.map(({ type, id }) => `${type} ${id}`)).toEqual(['next barrier', 'complete barrier'])
    await expect.poll(() => parley.app.live.groups).toBeGreaterThan(0)
    await parley.say(ada, roomId, 'once')
    expect(await socket.messages.next()).toMatchObject({ type: 'next', id: '1' })
    socket.send({ type: 'complete', id: '1' })
    await parley.say(ada, roomId, 'nobody listens')
    socket.subscribe('barrier', hello)
    expect((await socket.messages.take(2)).map(({ id }) => id)).toEqual(['barrier', 'barrier'])
    await socket.close()
  })

  it('a mutation and its event come in whole frames, in order, however long they are', async () => {
    const roomId = await parley.aRoom(ada)
    const socket = await openSocket(parley.socketUrl)
    await socket.enter(ada.credentials)
    for (const id of ['a', 'b', 'a longer id than the others']) socket.subscribe(id, follow, { roomId })
    socket.subscribe('barrier', hello)
    await socket.messages.take(2)
    for (const content of ['x', 'é👋'.repeat(100), 'y'.repeat(8000), '漢'.repeat(8000)]) {
      await parley.say(ada, roomId, content)
      const messages = await socket.messages.take(3)
      expect(messages.map(({ id }) => id).sort()).toEqual(['a', 'a longer id than the others', 'b'])
      for (const { payload } of messages) expect(payload.data.messageAdded.message.content).toBe(content)
    }
    await socket.close()
  })

  it('an id may not be longer than it has to be', async () => {
    const socket = await openSocket(parley.socketUrl)
    await socket.enter()
    socket.subscribe('x'.repeat(257), hello)
    expect(await socket.messages.next()).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    await socket.close()
  })

  it('ending the session ends it with 4403, and that session alone', async () => {
    const bob = await parley.aUser()
    const roomId = await parley.aRoom(bob)
    const socket = await openSocket(parley.socketUrl)
    await socket.enter(bob.credentials)
    socket.subscribe('1', follow, { roomId })
    const other = await openSocket(parley.socketUrl)
    await other.enter(ada.credentials)
    await bob.post('mutation { signOut { endedSessions } }')
    expect(await socket.closed).toMatchObject({ code: 4403 })
    other.subscribe('1', hello)
    expect((await other.messages.next()).payload.data.viewer.user.handle).toBe(ada.handle)
    await other.close()
  })

  it('leaves nothing behind, however it goes', async () => {
    const bob = await parley.aUser()
    const roomId = await parley.aRoom(bob)
    const groups = parley.app.live.groups
    for (const leave of ['close', 'terminate'] as const) {
      const socket = await openSocket(parley.socketUrl)
      await socket.enter(bob.credentials)
      for (let n = 0; n < 20; n++) socket.subscribe(String(n), follow, { roomId })
      socket.subscribe('barrier', hello)
      await socket.messages.take(2)
      socket.ws[leave]()
      await socket.closed
      await expect.poll(() => parley.app.live.groups).toBe(groups)
    }
  })

  it('a stock client runs and follows', async () => {
    const roomId = await parley.aRoom(ada)
    const client = connect(parley.socketUrl, ada.credentials)
    expect((await client.run({ query: hello })).data).toEqual({ viewer: { user: { handle: ada.handle } } })
    const followed = client.follow({ query: follow, variables: { roomId } })
    await client.run({ query: hello })
    const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { content } } }'
    await client.run({ query: send, variables: { input: { roomId, content: 'over the socket' } } })
    expect((await followed.results.next()).data).toMatchObject({ messageAdded: { message: { content: 'over the socket' } } })
    followed.stop()
    await followed.ended
    await client.close()
  })
})

describe('who may open one', () => {
  it('programs, our own pages, and those of configured sites', async () => {
    const own = await startParley({ CORS_ORIGINS: 'https://chat.example.org', PUBLIC_URL: 'https://parley.example.org/' })
    for (const origin of [undefined, own.url, 'https://chat.example.org', 'https://parley.example.org'])
      await (await openSocket(own.socketUrl, origin ? { origin } : {})).close()
    for (const origin of ['https://evil.example.org', 'http://chat.example.org', 'null', 'nonsense'])
      await expect(openSocket(own.socketUrl, { origin })).rejects.toThrow('403')
    await expect(openSocket(own.socketUrl, { path: '/elsewhere' })).rejects.toThrow('404')
    await own.close()
  })
})

describe('bounds of a socket', () => {
  let small: Parley
  let bob: AUser
  beforeAll(async () => {
    const env = {
      INIT_WAIT_MS: '50',
      SUBSCRIPTIONS_PER_SOCKET: '3',
      SOCKETS_PER_PERSON: '2',
      PING_MS: '50',
      SLOW_BYTES: '1000',
      STUCK_MS: '300',
    }
    small = await startParley(env)
    bob = await small.aUser()
  })
  afterAll(() => small.close())

  it('4408: connection_init does not come', async () => {
    const socket = await openSocket(small.socketUrl)
    expect(await socket.closed).toMatchObject({ code: 4408 })
  })

  it('one operation too many at once is refused, and may come when another has ended', async () => {
    const roomId = await small.aRoom(bob)
    const socket = await openSocket(small.socketUrl)
    await socket.enter(bob.credentials)
    for (const id of ['1', '2', '3']) socket.subscribe(id, follow, { roomId })
    socket.subscribe('4', hello)
    expect(await socket.messages.next()).toMatchObject({ type: 'error', id: '4', payload: [{ extensions: { code: 'RATE_LIMITED' } }] })
    socket.send({ type: 'complete', id: '1' })
    await expect
      .poll(async () => {
        socket.subscribe('5', hello)
        const message = await socket.messages.next()
        if (message.type === 'next') await socket.messages.next()
        return message.type
      })
      .toBe('next')
    await socket.close()
  })

  it('one socket too many of a person is closed with 1013, and may come when another has gone', async () => {
    const sockets = [await openSocket(small.socketUrl), await openSocket(small.socketUrl)]
    for (const socket of sockets) await socket.enter(bob.credentials)
    const third = await openSocket(small.socketUrl)
    third.send({ type: 'connection_init', payload: bob.credentials })
    expect(await third.closed).toMatchObject({ code: 1013 })
    await sockets[0]!.close()
    const fourth = await openSocket(small.socketUrl)
    await fourth.enter(bob.credentials)
    await fourth.close()
    await sockets[1]!.close()
  })

  it('is dead when it does not answer a ping by the next', async () => {
    const socket = await openSocket(small.socketUrl)
    await socket.enter()
    // Takes nothing in: the ping is not answered.
    socket.ws.pause()
    await expect.poll(() => small.app.server.sockets).toBe(0)
    socket.ws.resume()
    expect((await socket.closed).code).toBe(1006)
  })

  it('lives as long as it answers pings', async () => {
    const socket = await openSocket(small.socketUrl)
    await socket.enter()
    await new Promise<void>((resolve) => {
      let pings = 0
      socket.ws.on('ping', () => ++pings === 4 && resolve())
    })
    socket.subscribe('1', hello)
    expect((await socket.messages.next()).type).toBe('next')
    await socket.close()
  })
})

describe('the deadline of credentials', () => {
  let brief: Parley
  beforeAll(async () => {
    brief = await startParley({ ACCESS_TOKEN_MS: '3000', EXPIRY_GRACE_MS: '500' })
  })
  afterAll(() => brief.close())

  it('lets no operation begin after it, and closes with 4403 a moment later', async () => {
    const bob = await brief.aUser()
    const socket = await openSocket(brief.socketUrl)
    await socket.enter(bob.credentials)
    const refused = expect
      .poll(
        async () => {
          socket.subscribe('1', hello)
          const message = await socket.messages.next()
          if (message.type === 'next') await socket.messages.next()
          return message.payload?.[0]?.extensions.code
        },
        { timeout: 5000, interval: 20 },
      )
      .toBe('UNAUTHENTICATED')
    await refused
    expect(await socket.closed).toMatchObject({ code: 4403 })
  })

  it('is moved by refreshSession on the socket', async () => {
    const bob = await brief.aUser()
    const [kept, left] = [await openSocket(brief.socketUrl), await openSocket(brief.socketUrl)]
    await kept.enter(bob.credentials)
    await left.enter(bob.credentials)
    // A second later: tokens count in whole seconds.
    await expect.poll(() => Date.now() % 1000 < 100, { interval: 10 }).toBe(true)
    const refresh = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken } }'
    kept.subscribe('1', refresh, { input: { refreshToken: bob.refreshToken } })
    expect((await kept.messages.take(2))[0]!.payload.data.refreshSession.accessToken).toBeTruthy()
    expect(await left.closed).toMatchObject({ code: 4403 })
    kept.subscribe('2', hello)
    expect((await kept.messages.next()).payload.data.viewer.user.handle).toBe(bob.handle)
    expect(await kept.closed).toMatchObject({ code: 4403 })
  })
})
