import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import { connect } from 'node:net'
import { json } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import { followEvents, openSocket } from '../support/client.ts'
import { aDomain } from '../support/domain.ts'
import { startParley } from '../support/parley.ts'

const hello = '{ viewer { user { handle } } }'

// Opened here, where there is time for it.
beforeAll(aDomain)

describe('when the server stops', () => {
  it('is not ready any more, lets no socket in, and closes those it has with 1012, one after the other', async () => {
    const parley = await startParley({ DRAIN_MS: '300' })
    const ada = await parley.aUser()
    const sockets = await Promise.all(Array.from({ length: 6 }, () => openSocket(parley.socketUrl)))
    for (const socket of sockets) await socket.enter(ada.credentials)
    const start = performance.now()
    const times = sockets.map(async ({ closed }) => [(await closed).code, performance.now() - start] as const)
    const draining = parley.app.drain()
    expect((await fetch(`${parley.url}/readyz`)).status).toBe(503)
    await expect(openSocket(parley.socketUrl)).rejects.toThrow('503')
    const ends = await Promise.all(times)
    expect(ends.map(([code]) => code)).toEqual([1012, 1012, 1012, 1012, 1012, 1012])
    // Not all at once.
    expect(ends.at(-1)![1] - ends[0]![1]).toBeGreaterThan(50)
    await draining
    await parley.close()
    await expect(fetch(parley.url)).rejects.toThrow()
  })

  it('lets a mutation that runs end, and its answer arrive, before it closes the socket', async () => {
    const parley = await startParley({ PASSWORD_COST: '16' })
    const ada = await parley.aUser()
    const socket = await openSocket(parley.socketUrl)
    await socket.enter(ada.credentials)
    // Slow by its nature: it hashes.
    const input = { handle: `late_${Date.now()}`, name: 'Late', password: 'correct horse battery' }
    socket.subscribe('1', 'mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { id } } }', { input })
    socket.send({ type: 'ping' })
    expect((await socket.messages.next()).type).toBe('pong')
    await parley.app.drain()
    expect(await socket.closed).toMatchObject({ code: 1012 })
    expect(socket.messages.waiting.map(({ type }) => type)).toEqual(['next', 'complete'])
    await parley.close()
  })

  it('is done at once when nobody is there, and cuts event streams', async () => {
    const parley = await startParley({ DRAIN_MS: '60000' })
    const ada = await parley.aUser()
    const roomId = await parley.aRoom(ada)
    const query = 'subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { cursor } }'
    const stream = await followEvents(parley.url, { query, variables: { roomId } }, ada.credentials)
    await parley.app.drain()
    await stream.ended
    await expect.poll(() => parley.app.live.groups).toBe(0)
    expect((await ada.post(hello)).status).toBe(200)
    await parley.close()
  })

  it('answers a request that has come before, also of a client that takes event streams', async () => {
    const parley = await startParley({ DRAIN_MS: '0' })
    const asking = ask(parley.url, 'application/json, text/event-stream')
    const answered = once(asking, 'response')
    await once(asking, 'continue')
    const draining = parley.app.drain()
    asking.end(JSON.stringify({ query: hello }))
    const [response] = await answered
    expect(await json(response)).toEqual({ data: { viewer: null } })
    await draining
    await parley.close()
  })

  it('cuts an event stream that would begin only then', async () => {
    const parley = await startParley({ DRAIN_MS: '0' })
    const ada = await parley.aUser()
    const asking = ask(parley.url, 'text/event-stream', ada.credentials)
    const answered = once(asking, 'response')
    await once(asking, 'continue')
    const draining = parley.app.drain()
    asking.end(JSON.stringify({ query: 'subscription { inbox { cursor } }' }))
    await expect(answered).rejects.toThrow()
    await draining
    await parley.close()
  })

  it('does not wait for those who have hung up in the middle of an answer', async () => {
    const parley = await startParley({ DRAIN_MS: '0' })
    const { hostname, port } = new URL(parley.url)
    const caller = connect(Number(port), hostname)
    caller.write('GET /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n')
    await once(caller, 'data')
    caller.destroy()
    await parley.app.drain()
    await parley.close()
  })
})

/** A request that has arrived when it hears `continue`, and is read when it is ended. */
function ask(url: string, accept: string, credentials = {}): ClientRequest {
  const headers = { 'content-type': 'application/json', accept, expect: '100-continue', ...credentials }
  return request(`${url}/graphql`, { method: 'POST', headers })
}
