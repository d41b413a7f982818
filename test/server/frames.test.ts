import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { stringifyMessage } from 'graphql-ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Rendered } from '../../src/engine/sink.ts'
import { frameOf, tailOf } from '../../src/server/frames.ts'

const texts = ['', 'a', 'ü👋 "quoted" \\ \n\u2028', '中文', 'x'.repeat(40), 'é'.repeat(60_000), 'y'.repeat(70_000)]
const ids = ['1', 'd9b2d63d-a233-4123-847a-7090fb0fbb80', 'with "quotes" and \\', '👋', 'i'.repeat(200)]

it('a frame written beside the protocol says what the protocol would have said, for all lengths of a frame', async () => {
  for (const text of texts) {
    const result = { data: { messageAdded: { message: { content: text, nonce: null }, seq: text.length } } }
    const rendered = new Rendered(result)
    for (const id of ids) {
      const tail = tailOf(id)
      const told = await asReceived(Buffer.concat([frameOf(rendered, tail.length), tail]))
      expect(JSON.parse(told)).toEqual(JSON.parse(stringifyMessage({ id, type: 'next', payload: result } as never)))
    }
  }
})

it('around each length at which frames change their form', async () => {
  const tail = tailOf('1')
  const empty = Buffer.byteLength(`{"type":"next","payload":{"data":{"text":""}}`) + tail.length
  for (const bytes of [124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537]) {
    const rendered = new Rendered({ data: { text: 'z'.repeat(bytes - empty) } })
    const told = await asReceived(Buffer.concat([frameOf(rendered, tail.length), tail]))
    expect(Buffer.byteLength(told)).toBe(bytes)
    expect(JSON.parse(told).payload).toEqual(rendered.result)
  }
})

let server: WebSocketServer
let client: WebSocket
let wire: Socket

beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const connected = once(server, 'connection')
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  wire = (await connected)[1].socket
})
afterAll(() => {
  client.terminate()
  server.close()
})

/** What a client makes of exactly these bytes: one whole text message. */
async function asReceived(bytes: Buffer): Promise<string> {
  const received = once(client, 'message')
  wire.write(bytes)
  const [data, isBinary] = await received
  expect(isBinary).toBe(false)
  return String(data)
}
