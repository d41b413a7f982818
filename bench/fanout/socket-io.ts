// Socket.IO as its documentation shows it: a room, and a broadcast to it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { paddedTo, shownOf } from './event.ts'

const http = createServer()
const io = new Server(http, { transports: ['websocket'] })
const redis = new Redis(process.env.REDIS_URL!)
const frameBytes = Number(process.env.BENCH_FRAME_BYTES)
const envelope = '42["messageAdded",]'.length

io.on('connection', (socket) => void socket.join('room'))
await redis.subscribe(process.env.BENCH_TOPIC!)
redis.on('message', (_topic, text) => {
  const event = shownOf(JSON.parse(text))
  const padded = paddedTo(frameBytes - envelope, (padding) => JSON.stringify({ ...event, padding }))
  io.to('room').emit('messageAdded', JSON.parse(padded))
})
http.listen(0, '127.0.0.1', () => {
  console.log(`listens on ws://127.0.0.1:${(http.address() as AddressInfo).port}/socket.io/?EIO=4&transport=websocket`)
})
