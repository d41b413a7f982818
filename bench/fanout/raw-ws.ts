// The least that a server can do: one string to every socket.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { WebSocketServer } from 'ws'
import { paddedTo, shownOf } from './event.ts'

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
const redis = new Redis(process.env.REDIS_URL!)
const frameBytes = Number(process.env.BENCH_FRAME_BYTES)

await redis.subscribe(process.env.BENCH_TOPIC!)
redis.on('message', (_topic, text) => {
  const event = shownOf(JSON.parse(text))
  const frame = paddedTo(frameBytes, (padding) => JSON.stringify({ ...event, padding }))
  for (const ws of server.clients) ws.send(frame)
})
if (!server.address()) await once(server, 'listening')
console.log(`listens on ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
