import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Rendered } from '../../src/engine/sink.ts'
import { tailOf } from '../../src/server/frames.ts'
import { Outbox } from '../../src/server/outbox.ts'
import { Inbox } from '../support/client.ts'

describe('an outbox', () => {
  const http = createServer()
  const server = new WebSocketServer({ noServer: true })
  let outbox: Outbox
  let received: Inbox<string>
  let closed: Promise<unknown[]>
  /** How often the socket was written to. */
  let writes = 0

  beforeAll(() => once(http.listen(0, '127.0.0.1'), 'listening'))
  beforeEach(async () => {
    const opened = new Promise<Outbox>((resolve) => {
      http.once('upgrade', (request, socket: Socket, head) =>
        server.handleUpgrade(request, socket, head, (ws) => {
          const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
          socket.write = (...args: unknown[]) => {
            writes++
            return write(...args)
          }
          resolve(new Outbox(ws, socket, { slowBytes: 1000, stuckBytes: 100_000_000, stuckMs: 60_000 }))
        }),
      )
    })
    const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`)
    received = new Inbox()
    client.on('message', (data) => received.put(String(data)))
    closed = once(client, 'close')
    outbox = await opened
    writes = 0
  })
  afterAll(() => {
    server.close()
    http.closeAllConnections()
    http.close()
  })

  const operation = (id: string) => ({ tail: tailOf(id), isGone: false })
  const next = (id: string, payload: unknown) => `{"type":"next","payload":${JSON.stringify(payload)},"id":"${id}"}`

  it('writes once what is due in one tick: events and answers, in their order', async () => {
    const event = new Rendered({ data: 1 })
    outbox.deliver(event, operation('a'))
    outbox.send('{"type":"pong"}')
    outbox.deliver(event, operation('b'))
    outbox.send(`"${'é'.repeat(200)}"`)
    expect(await received.take(4)).toEqual([next('a', { data: 1 }), '{"type":"pong"}', next('b', { data: 1 }), `"${'é'.repeat(200)}"`])
    expect(writes).toBe(1)
  })

  it('writes nothing for an operation that its client has ended meanwhile, and all else', async () => {
    const gone = { tail: tailOf('gone'), isGone: false }
    outbox.deliver(new Rendered(1), operation('a'))
    outbox.deliver(new Rendered(2), gone)
    outbox.deliver(new Rendered(3), operation('b'))
    gone.isGone = true
    expect(await received.take(2)).toEqual([next('a', 1), next('b', 3)])
    outbox.send('later')
    expect(await received.next()).toBe('later')
  })

  it('writes what is queued before it closes', async () => {
    outbox.deliver(new Rendered(1), operation('a'))
    outbox.send('answer')
    outbox.close(1012, 'Restarting')
    expect(await received.take(2)).toEqual([next('a', 1), 'answer'])
    expect((await closed)[0]).toBe(1012)
  })

  it('is full while too much is queued, and drained once it is written', async () => {
    outbox.send('x'.repeat(1001))
    expect(outbox.isFull).toBe(true)
    await outbox.drained()
    expect(outbox.isFull).toBe(false)
    expect(await received.next()).toHaveLength(1001)
  })
})
