import {
  Client,
  type CombinedError,
  type ExecutionResult,
  fetchExchange,
  type SubscriptionForwarder,
  subscriptionExchange,
} from '@urql/core'
import { type Cache, cacheExchange, type Resolver } from '@urql/exchange-graphcache'
import { relayPagination } from '@urql/exchange-graphcache/extras'
import type { Client as SocketClient } from 'graphql-ws'
import {
  type EdgePartsFragment,
  FollowInboxDocument,
  type FollowInboxSubscription,
  FollowRoomDocument,
  type FollowRoomSubscription,
  MeDocument,
  RoomsDocument,
  SendMessageDocument,
  type SendMessageMutation,
  type SendMessageMutationVariables,
} from './generated/documents.ts'
import { introspection } from './generated/introspection.ts'
import fragments from './generated/possible-types.ts'
import { resume } from './resume.ts'
import type { Session } from './session.ts'

export function createUrql({ url, fetch, sockets }: Session): Client {
  return new Client({
    url,
    fetch,
    // A GET without credentials is refused: a page of another site could have sent it.
    preferGetMethod: false,
    exchanges: [
      createCache(),
      subscriptionExchange({ forwardSubscription: (operation) => ({ subscribe: (sink) => resuming(sockets, operation, sink) }) }),
      fetchExchange,
    ],
  })
}

/** Subscriptions that go on where they were, however often the connection is lost. */
function resuming(sockets: SocketClient, { query = '', operationName = '', variables = {} }: Operation, sink: Sink) {
  const unsubscribe = resume(
    sockets,
    { query, operationName, variables },
    {
      next: (result) => sink.next(result as ExecutionResult),
      // To urql errors are one more event, and not the end.
      error: (reason) => (Array.isArray(reason) ? sink.next({ errors: reason, hasNext: false }) : sink.error(reason)),
      complete: () => sink.complete(),
    },
  )
  return { unsubscribe }
}

type Operation = Parameters<SubscriptionForwarder>[0]
type Sink = Parameters<ReturnType<SubscriptionForwarder>['subscribe']>[0]

/**
 * Keeps the room as it is in the cache, from the cursor that it was read with. What ends it for good comes to `onEnd`: NOT_FOUND when access
 * is lost, CURSOR_EXPIRED when everything has to be read again.
 */
export function followRoom(client: Client, roomId: string, after: string, onEnd: (error: CombinedError | undefined) => void): () => void {
  const following = client.subscription(FollowRoomDocument, { roomId, after }).subscribe(({ error, hasNext }) => {
    if (!hasNext) onEnd(error)
  })
  return () => following.unsubscribe()
}

/** Keeps the list of rooms as it is in the cache, from the cursor that it was read with. Show it sorted by `lastActivityAt`. */
export function followInbox(client: Client, after: string, onEnd: (error: CombinedError | undefined) => void): () => void {
  const following = client.subscription(FollowInboxDocument, { after }).subscribe(({ error, hasNext }) => {
    if (!hasNext) onEnd(error)
  })
  return () => following.unsubscribe()
}

/** Shows it at once. It may be repeated with the same nonce until it is answered, and is said once. */
export function sendMessage(client: Client, roomId: string, content: string, nonce = crypto.randomUUID() as string) {
  return client.mutation(SendMessageDocument, { input: { roomId, content, nonce } })
}

function createCache() {
  return cacheExchange({
    schema: introspection,
    // No two objects have the same id, whatever their types.
    globalIDs: true,
    keys: {
      MessageEdge: (edge) => keyOf(edge as unknown as EdgePartsFragment),
    },
    // Of each type by itself: Graphcache knows no resolvers of an interface.
    resolvers: Object.fromEntries(fragments.possibleTypes.Room!.map((type) => [type, { messages }])),
    updates: {
      Mutation: {
        sendMessage({ sendMessage: { edge } }: SendMessageMutation, { input }: SendMessageMutationVariables, cache, { optimistic }) {
          if (optimistic) cache.link(input.roomId, 'sending', [...sending(cache, input.roomId), keyOf(edge)])
          else insert(cache, input.roomId, edge)
        },
      },
      Subscription: {
        roomEvents({ roomEvents: event }: FollowRoomSubscription, _args, cache) {
          if (event.__typename === 'MessageAdded') insert(cache, event.roomId, event.edge)
        },
        inbox: ({ inbox }: FollowInboxSubscription, _args, cache) => list(cache, inbox),
      },
    },
    optimistic: {
      sendMessage({ input: { content, nonce } }: SendMessageMutationVariables, cache) {
        const sender = cache.readQuery({ query: MeDocument })!.viewer!.user
        const node = { ...notSentYet, id: nonce!, nonce: nonce!, content, sender, createdAt: new Date().toISOString() }
        return { __typename: 'SendMessagePayload', edge: { __typename: 'MessageEdge', cursor: '', node } }
      },
    },
  })
}

/** What is in the list already, the cache changes by itself. */
function list(cache: Cache, event: FollowInboxSubscription['inbox']): void {
  const edge = event.__typename === 'RoomAdded' ? event.edge : null
  const goes = edge?.node.id ?? (event.__typename === 'RoomRemoved' ? event.roomId : undefined)
  if (goes === undefined) return
  cache.updateQuery({ query: RoomsDocument }, (held) => {
    if (!held?.viewer) return held
    const { viewer } = held
    const others = viewer.rooms.edges.filter(({ node }) => node.id !== goes)
    return { ...held, viewer: { ...viewer, rooms: { ...viewer.rooms, edges: edge ? [edge, ...others] : others } } }
  })
}

const notSentYet = {
  __typename: 'Message' as const,
  // After everything that is there.
  seq: Number.MAX_SAFE_INTEGER,
  editedAt: null,
  deletedAt: null,
  reactions: [],
  thread: null,
}

/** A room's messages: all pages that were read, then what is being sent and is not among them yet. */
const messages: Resolver = (room, args, cache, info) => {
  const list = pages(room, args, cache, info) as { edges: string[] } | undefined
  if (!list) return list
  const nameOf = (edge: string) => {
    const node = cache.resolve(edge, 'node') as string
    return `${cache.resolve(node, 'sender')} ${cache.resolve(node, 'nonce')}`
  }
  const there = new Set(list.edges.map(nameOf))
  return { ...list, edges: [...list.edges, ...sending(cache, info.parentKey).filter((edge) => !there.has(nameOf(edge)))] }
}

const pages = relayPagination()

/** A field of ours beside those of the schema: it lies in the layers of what is optimistic, and goes with them. */
function sending(cache: Cache, roomId: string): string[] {
  return (cache.resolve(roomId, 'sending') as string[] | undefined) ?? []
}

/** Puts a message into its place on the newest page of the room's, once. */
function insert(cache: Cache, roomId: string, edge: EdgePartsFragment): void {
  // A reply in a thread is not in the room's list.
  if (edge.node.thread && edge.node.thread.root.id !== edge.node.id) return
  const seqOf = (key: string) => cache.resolve(cache.resolve(key, 'node') as string, 'seq') as number
  for (const { fieldName, fieldKey, arguments: args } of cache.inspectFields(roomId)) {
    if (fieldName !== 'messages' || args?.before) continue
    const page = cache.resolve(roomId, fieldKey) as string
    const edges = new Set(cache.resolve(page, 'edges') as string[]).add(keyOf(edge))
    const inOrder = [...edges].sort((one, other) => seqOf(one) - seqOf(other))
    cache.link(page, 'edges', inOrder)
  }
}

function keyOf({ node }: EdgePartsFragment): string {
  return `place of ${node.id}`
}
