import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSocket, type RawSocket } from '../support/client.ts'
import { type AUser, type Parley, startParley } from '../support/parley.ts'

const follow = 'subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { message { seq content } } }'
const long = '漢'.repeat(8000)

let parley: Parley
let ada: AUser
beforeAll(async () => {
  parley = await startParley({ SOCKETS_PER_PERSON: '100', SLOW_BYTES: '100000', STUCK_MS: '60000', STUCK_BYTES: '1000000' })
  ada = await parley.aUser('Ada')
})
afterAll(() => parley.close())

async function follower(roomId: string, ids: readonly string[]): Promise<RawSocket> {
  const socket = await openSocket(parley.socketUrl)
  await socket.enter(ada.credentials)
  for (const id of ids) socket.subscribe(id, follow, { roomId })
  socket.subscribe('barrier', '{ __typename }')
  await socket.messages.take(2)
  return socket
}

const sayMany = async (roomId: string, count: number, content: string) => {
  for (let said = 0; said < count; said += 10) await Promise.all(Array.from({ length: 10 }, () => parley.say(ada, roomId, content)))
}

describe('what many sockets are owed in one tick', () => {
  it('comes to each with its own ids, whole and in order, whatever is due to the others', async () => {
    const roomId = await parley.aRoom(ada)
    const rows = Array.from({ length: 12 }, (_, n) => [`first-${String(n).padStart(2, '0')}`, ...(n % 3 === 0 ? [`second-${n}`] : [])])
    const sockets = await Promise.all(rows.map((ids) => follower(roomId, ids)))
    // One takes nothing for a while: what is kept for it must not be overwritten by what the others get.
    const asleep = sockets[5]!
    asleep.ws.pause()
    await sayMany(roomId, 300, long)
    asleep.ws.resume()
    for (const [index, socket] of sockets.entries()) {
      const ids = rows[index]!
      const messages = await socket.messages.take(300 * ids.length)
      for (const id of ids) {
        const mine = messages.filter((message) => message.id === id)
        const seqs = mine.map(({ payload }) => payload.data.messageAdded.message.seq as number)
        expect(seqs).toEqual(Array.from({ length: 300 }, (_, n) => seqs[0]! + n))
        expect(mine.every(({ payload }) => payload.data.messageAdded.message.content === long)).toBe(true)
      }
      await socket.close()
    }
  }, 60_000)
})

describe('a socket that does not read', () => {
  it('is cut when answers to its own operations pile up', async () => {
    const socket = await openSocket(parley.socketUrl)
    await socket.enter(ada.credentials)
    const before = parley.app.server.sockets
    socket.ws.pause()
    const query = '{ __schema { types { name description fields { name description } } } }'
    await expect
      .poll(
        () => {
          for (let n = 0; n < 50; n++) socket.subscribe(`${Math.random()}`, query)
          return parley.app.server.sockets
        },
        { timeout: 30_000, interval: 50 },
      )
      .toBe(before - 1)
    socket.ws.terminate()
  }, 40_000)

  it('is cut when it has not drained in time', async () => {
    const brief = await startParley({ SLOW_BYTES: '20000', STUCK_MS: '100' })
    const bob = await brief.aUser()
    const roomId = await brief.aRoom(bob)
    const socket = await openSocket(brief.socketUrl)
    await socket.enter(bob.credentials)
    socket.subscribe('1', follow, { roomId })
    await expect.poll(() => brief.app.live.groups).toBe(1)
    socket.ws.pause()
    for (let round = 0; round < 60 && brief.app.server.sockets > 0; round++)
      await Promise.all(Array.from({ length: 10 }, () => brief.say(bob, roomId, long)))
    await expect.poll(() => brief.app.server.sockets, { timeout: 10_000 }).toBe(0)
    await expect.poll(() => brief.app.live.groups).toBe(0)
    socket.ws.terminate()
    await brief.close()
  }, 40_000)
})
