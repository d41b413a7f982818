import { connect as connectTcp } from 'node:net'
import { beforeAll, it } from 'vitest'
import { aParley, type Parley } from '../support/parley.ts'

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
