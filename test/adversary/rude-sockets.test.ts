import { connect as connectTcp } from 'node:net'
import { beforeAll, expect, it } from 'vitest'
import { openSocket } from '../support/client.ts'
import { aParley, type Parley } from '../support/parley.ts'
import { until } from '../support/until.ts'

let parley: Parley
beforeAll(async () => {
  parley = await aParley()
})

it('a refused upgrade is over for the server, also when its client never closes its own side', async () => {
  const port = Number(new URL(parley.url).port)
  for (const [path, origin] of [
    ['/elsewhere', ''],
    ['/graphql', 'Origin: https://elsewhere.example\r\n'],
  ]) {
    const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
    const cut = new Promise((resolve) => socket.once('error', resolve).once('close', resolve))
    socket.resume()
    socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\n${origin}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`)
    await new Promise((resolve) => socket.once('end', resolve))
    // A server that has let go answers whatever comes with a reset.
    const writing = setInterval(() => socket.write('.'), 5)
    await cut
    clearInterval(writing)
    socket.destroy()
  }
})

it('subscriptions do not fill the memory with what nobody asked for, nor with what is asked at length', async () => {
  const ada = await parley.aUser('Ada')
  const roomId = await parley.aRoom(ada)
  const follow = 'subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { message { content } } }'
  const socket = await openSocket(parley.socketUrl)
  await socket.enter(ada.credentials)
  const groups = parley.app.live.groups
  for (let n = 0; n < 3; n++) socket.subscribe(`alike ${n}`, follow, { roomId, [`junk${n}`]: n })
  const payload = JSON.stringify({ query: follow, variables: { roomId, deep: 0 } }).replace(
    '"deep":0',
    `"deep":${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  )
  socket.send(`{"type":"subscribe","id":"deep","payload":${payload}}`)
  await until(() => parley.app.live.groups === groups + 1)
  for (let n = 0; n < 5; n++) socket.subscribe(`long ${n}`, `${follow} # ${n}${'x'.repeat(200_000)}`, { roomId })
  const refused = { type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] }
  expect(await socket.messages.next()).toMatchObject(refused)
  await parley.say(ada, roomId, 'Hello')
  const heard = await socket.messages.take(4)
  expect(heard.map(({ id }) => id)).toEqual(expect.arrayContaining(['alike 0', 'alike 1', 'alike 2', 'deep']))
  await socket.close()
})
