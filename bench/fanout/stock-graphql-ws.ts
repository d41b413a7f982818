// GraphQL subscriptions by the book: graphql-ws, an iterator of graphql-redis-subscriptions for each, an execution for each.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buildSchema } from 'graphql'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { Redis } from 'ioredis'
import { WebSocketServer } from 'ws'
import { type Rung, shownOf } from './event.ts'

const schema = buildSchema(`
  type User { name: String! }
  type Message { id: ID! content: String! sender: User! }
  type MessageAdded { cursor: String! message: Message! }
  type Query { nothing: Boolean }
  type Subscription { messageAdded(roomId: ID!): MessageAdded! }
`)
const connect = () => new Redis(process.env.REDIS_URL!)
const pubSub = new RedisPubSub({ publisher: connect(), subscriber: connect() })
const frameBytes = Number(process.env.BENCH_FRAME_BYTES)
const envelope = `{"id":"${crypto.randomUUID()}","type":"next","payload":{"data":{"messageAdded":}}}`.length

const events = new WeakMap<Rung, ReturnType<typeof shownOf>>()

const { messageAdded } = schema.getSubscriptionType()!.getFields()
messageAdded!.subscribe = () => pubSub.asyncIterableIterator(process.env.BENCH_TOPIC!)
messageAdded!.resolve = padded

/** Once for all: what is measured is graphql-ws. */
function padded(rung: Rung) {
  const found = events.get(rung)
  if (found) return found
  const event = shownOf(rung)
  const missing = frameBytes - envelope - JSON.stringify(event).length
  const made = { ...event, cursor: event.cursor + '.'.repeat(Math.max(0, missing)) }
  events.set(rung, made)
  return made
}

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
useServer({ schema }, server)
if (!server.address()) await once(server, 'listening')
console.log(`listens on ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
