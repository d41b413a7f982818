import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, Observable, type Reference } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'
import { OperationTypeNode, print } from 'graphql'
import type { Client } from 'graphql-ws'
import {
  type EdgePartsFragment,
  FollowInboxDocument,
  type FollowInboxSubscription,
  FollowRoomDocument,
  MeDocument,
  RoomsDocument,
  SendMessageDocument,
} from './generated/documents.ts'
import fragments from './generated/possible-types.ts'
import { resume } from './resume.ts'
import type { Session } from './session.ts'

export function createApollo({ url, fetch, sockets }: Session): ApolloClient {
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      resuming(sockets),
      new HttpLink({ uri: url, fetch }),
    ),
    cache: new InMemoryCache({
      possibleTypes: fragments.possibleTypes,
      // No two objects have the same id, whatever their types.
      dataIdFromObject: ({ id }) => id as string | undefined,
      typePolicies: {
        Room: { fields: { messages: relayStylePagination() } },
        // Without an id: the next one replaces the last.
        Message: { fields: { reactions: { merge: false } } },
        Subscription: { fields: { roomEvents: { keyArgs: ['roomId'], merge: false }, inbox: { keyArgs: false, merge: false } } },
      },
    }),
  })
}

/** Subscriptions that go on where they were, however often the connection is lost. */
function resuming(sockets: Client): ApolloLink {
  return new ApolloLink(({ query, operationName = '', variables }) => {
    return new Observable((observer) =>
      resume(
        sockets,
        { query: print(query), operationName, variables },
        {
          next: (result) => observer.next(result as ApolloLink.Result),
          error: (reason) => observer.error(Array.isArray(reason) ? new CombinedGraphQLErrors({ errors: reason }) : reason),
          complete: () => observer.complete(),
        },
      ),
    )
  })
}

/**
 * Keeps the room as it is in the cache, from the cursor that it was read with. What ends it for good comes to `onEnd`: NOT_FOUND when access
 * is lost, CURSOR_EXPIRED when everything has to be read again.
 */
export function followRoom(client: ApolloClient, roomId: string, after: string, onEnd: (error: unknown) => void): () => void {
  let lastError: unknown
  const following = client.subscribe({ query: FollowRoomDocument, variables: { roomId, after }, errorPolicy: 'all' }).subscribe({
    next({ data, error }) {
      lastError = error
      if (data?.roomEvents.__typename === 'MessageAdded') insert(client, roomId, data.roomEvents.edge)
    },
    complete: () => onEnd(lastError),
  })
  return () => following.unsubscribe()
}

/** Keeps the list of rooms as it is in the cache, from the cursor that it was read with. Show it sorted by `lastActivityAt`. */
export function followInbox(client: ApolloClient, after: string, onEnd: (error: unknown) => void): () => void {
  let lastError: unknown
  const following = client.subscribe({ query: FollowInboxDocument, variables: { after }, errorPolicy: 'all' }).subscribe({
    next({ data, error }) {
      lastError = error
      if (data) list(client, data.inbox)
    },
    complete: () => onEnd(lastError),
  })
  return () => following.unsubscribe()
}

/** What is in the list already, the cache changes by itself. */
function list({ cache }: ApolloClient, event: FollowInboxSubscription['inbox']): void {
  const edge = event.__typename === 'RoomAdded' ? event.edge : null
  const goes = edge?.node.id ?? (event.__typename === 'RoomRemoved' ? event.roomId : undefined)
  if (goes === undefined) return
  cache.updateQuery({ query: RoomsDocument }, (held) => {
    if (!held?.viewer) return undefined
    const { viewer } = held
    const others = viewer.rooms.edges.filter(({ node }) => node.id !== goes)
    return { ...held, viewer: { ...viewer, rooms: { ...viewer.rooms, edges: edge ? [edge, ...others] : others } } }
  })
}

/** Shows it at once. It may be repeated with the same nonce until it is answered, and is said once. */
export function sendMessage(client: ApolloClient, roomId: string, content: string, nonce = crypto.randomUUID() as string) {
  const sender = client.readQuery({ query: MeDocument })!.viewer!.user
  const node = { ...notSentYet, id: nonce, nonce, content, sender, createdAt: new Date().toISOString() }
  return client.mutate({
    mutation: SendMessageDocument,
    variables: { input: { roomId, content, nonce } },
    optimisticResponse: { sendMessage: { __typename: 'SendMessagePayload', edge: { __typename: 'MessageEdge', cursor: '', node } } },
    update: (cache, { data }) => insert({ cache }, roomId, data!.sendMessage.edge),
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

/** Puts a message into its place among the room's: once, and instead of its optimistic copy. */
function insert({ cache }: Pick<ApolloClient, 'cache'>, roomId: string, { node, ...edge }: EdgePartsFragment): void {
  // A reply in a thread is not in the room's list.
  if (node.thread && node.thread.root.id !== node.id) return
  // Also on top of what is optimistic, which hides what lies below until it is answered.
  for (const optimistic of [false, true]) {
    cache.modify({
      id: roomId,
      optimistic,
      fields: {
        messages(stored, { readField, toReference }) {
          const list = stored as { edges: Place[] }
          const isCopy = (other: Reference) =>
            node.nonce !== null &&
            readField('nonce', other) === node.nonce &&
            readField('id', readField('sender', other)) === node.sender.id
          const others = list.edges.filter((other) => readField('id', other.node) !== node.id && !isCopy(other.node))
          const seqOf = (other: Place) => readField<number>('seq', other.node)!
          const edges = [...others, { ...edge, node: toReference(node.id)! }].sort((one, other) => seqOf(one) - seqOf(other))
          return { ...list, edges }
        },
      },
    })
  }
}

interface Place {
  readonly cursor: string
  readonly node: Reference
}
