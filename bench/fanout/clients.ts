// A process of sockets that only count what they get.
import { WebSocket } from 'ws'
import type { Open } from './sockets.ts'

let frames = 0
let wanted = Number.POSITIVE_INFINITY
let silent = 0
let least = Number.POSITIVE_INFINITY
let most = 0

process.on('message', async (order: { open: Open } | { expect: number } | { sizes: true }) => {
  if ('open' in order) {
    silent = order.open.sockets
    for (let index = 0; index < order.open.sockets; index++) {
      open(order.open, index)
      // What is measured comes later: they come in one after the other, and not all at once.
      if (index % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } else if ('expect' in order) {
    wanted = order.expect
    frames = 0
    process.send!({ expecting: true })
  } else if ('sizes' in order) {
    process.send!({ sizes: { least, most } })
    least = Number.POSITIVE_INFINITY
    most = 0
  }
})

function open({ url, kind, tokens, query, roomId }: Open, index: number): void {
  const ws = new WebSocket(url, kind === 'graphql' ? 'graphql-transport-ws' : [])
  ws.on('close', (code) => {
    throw new Error(`A socket was closed with ${code}.`)
  })
  let hasCome = false
  ws.on('message', (data) => {
    const bytes = data as Buffer
    if (!isEvent(bytes)) return
    if (!hasCome && --silent === 0) process.send!({ followed: true })
    hasCome = true
    count(bytes.length)
  })

  /** Whether it is an event; answers what is not. */
  function isEvent(bytes: Buffer): boolean {
    if (kind === 'plain') return true
    if (kind === 'graphql') {
      if (!bytes.subarray(0, 14).equals(acknowledgement)) return true
      ws.send(JSON.stringify({ type: 'subscribe', id: crypto.randomUUID(), payload: { query, variables: { roomId } } }))
      return false
    }
    // The protocol of Socket.IO: 0 opened, 2 a ping, 40 connected, 42 an event.
    if (bytes[0] === 0x34 && bytes[1] === 0x32) return true
    if (bytes[0] === 0x32) ws.send('3')
    else if (bytes[0] === 0x30) ws.send('40')
    return false
  }

  if (kind !== 'graphql') return
  const payload = { authorization: tokens[index % tokens.length] }
  ws.once('open', () => ws.send(JSON.stringify({ type: 'connection_init', payload })))
}

const acknowledgement = Buffer.from('{"type":"conne')

function count(bytes: number): void {
  if (bytes < least) least = bytes
  if (bytes > most) most = bytes
  if (++frames === wanted) process.send!({ arrived: true })
  else if (frames > wanted) throw new Error(`More came than was sent: ${frames} of ${wanted}`)
}
