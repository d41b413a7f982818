import { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { openSocket } from '../support/client.ts'
import { type Parley, startParley } from '../support/parley.ts'
import { until } from '../support/until.ts'
import { aPerson, followRoom, type Heard, inTurns, isDense } from './person.ts'

const slowBytes = 128 * 1024
/** As long as a message may be: 24,000 bytes. */
const paragraph = '漢'.repeat(7980)

describe('a reader who stops reading', () => {
  let patient: Parley
  let strict: Parley
  beforeAll(async () => {
    patient = await startParley({ SLOW_BYTES: String(slowBytes), STUCK_MS: '600000' })
    strict = await startParley({ SLOW_BYTES: String(slowBytes), STUCK_MS: '300' })
  })
  afterAll(async () => {
    await patient?.close()
    await strict?.close()
  })

  it('loses nothing when they read on, and meanwhile costs the server no more than they are allowed', async () => {
    const ada = await aPerson(patient, 'Ada')
    const roomId = await ada.make()
    const after = await ada.cursorOf(roomId)
    const slow = await openSocket(patient.socketUrl)
    await slow.enter(ada.credentials)
    slow.subscribe('1', followRoom, { roomId, after })
    const quick = await ada.follow(roomId, { after })
    await ada.say(roomId, 'Read this')
    await slow.messages.next()
    slow.ws.pause()
    // More than the kernel's buffers, the outbox and the ring can hold together.
    const mostKept: number[] = []
    const { socket } = serverSide(slow.ws)
    await inTurns(600, async (number) => {
      await ada.say(roomId, `${number} ${paragraph}`)
      mostKept.push(socket.writableLength)
    })
    await quick.hearsUpTo(601)
    expect(Math.max(...mostKept)).toBeGreaterThan(slowBytes)
    // What was under way when the bound was reached comes on top: a turn of a group.
    expect(Math.max(...mostKept)).toBeLessThan(slowBytes + 1024 * 1024)
    expect(slow.ws.readyState).toBe(slow.ws.OPEN)
    slow.ws.resume()
    const heard = (await slow.messages.take(600)).map(({ payload }) => payload.data.roomEvents as Heard)
    expect(heard[0]!.seq).toBe(2)
    expect(isDense(heard)).toBe(true)
    expect(heard.map(({ message }) => message!.content)).toEqual(quick.contents.slice(1))
    // And is live again.
    await ada.say(roomId, 'The end')
    expect((await slow.messages.next()).payload.data.roomEvents.message.content).toBe('The end')
    await slow.close()
    await quick.stop()
  }, 60_000)

  it('is closed with 1013 when they never drain, comes back, and reads on where they stopped', async () => {
    const ada = await aPerson(strict, 'Ada')
    const ben = await aPerson(strict, 'Ben')
    const roomId = await ada.make(ben)
    const listening = await ben.follow(roomId)
    await ada.say(roomId, '0')
    await listening.hears('0')
    const server = serverSide(listening.socket)
    listening.socket.pause()
    let said = 1
    for (; server.ws.readyState === server.ws.OPEN && said < 1500; said += 25)
      await inTurns(25, (number) => ada.say(roomId, `${said + number} ${paragraph}`))
    await until(() => server.ws.readyState === server.ws.CLOSING, { what: 'the end of its patience' })
    listening.socket.resume()
    await ada.say(roomId, 'The end')
    await listening.hears('The end')
    expect(listening.closeCodes).toEqual([1013])
    expect(listening.connections).toBe(2)
    expect(isDense(listening.heard)).toBe(true)
    expect(listening.contents).toEqual(await ada.readAll(roomId))
    await listening.stop()
  }, 60_000)
})

/** The server's end of a client's socket, which is in this process too: it alone knows what waits to be sent. */
function serverSide(client: WebSocket): { socket: Socket; ws: WebSocket } {
  const port = (client as unknown as { _socket: Socket })._socket.localPort
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] }
  const socket = _getActiveHandles().find((handle): handle is Socket => handle instanceof Socket && handle.remotePort === port)!
  const place = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'websocket')!
  return { socket, ws: (socket as unknown as Record<symbol, WebSocket>)[place]! }
}
