import { resume } from './resume.ts'
import type { Session } from './session.ts'

/** What happened in a room. `on` hands each to the listener that is named like its type. */
export interface RoomEvent {
  readonly __typename: string
  readonly cursor: string
  readonly seq: number
  readonly message?: { readonly id: string; readonly content: string; readonly sender: { readonly name: string } }
  readonly member?: { readonly user: { readonly name: string } }
  readonly user?: { readonly name: string }
}

/** What an app did with its Socket.IO socket. */
export interface Chat {
  /** `emit('message:send', …, acknowledge)`. Again with the same nonce, after an answer that was lost, it is still sent once. */
  say(roomId: string, content: string, nonce?: string): Promise<{ id: string }>
  /** `emit('join_room')` and `on('message:new')`: each event once, in order, through every lost connection. Leaves by what it answers. */
  on(roomId: string, listeners: Record<string, (event: RoomEvent) => void>, onEnd: (reason: unknown) => void): Promise<() => void>
  /**
   * `emit('typing:start')` and `emit('typing:stop')`: again every three seconds while it lasts. Follow something meanwhile: a socket on which
   * nothing runs is closed, and that ends it.
   */
  type(roomId: string, isTyping: boolean): Promise<void>
  /** `on('typing:indicator')`: everybody but oneself. */
  onTyping(roomId: string, listener: (name: string, isTyping: boolean) => void): () => void
  /** `emit('read')`. */
  read(roomId: string, messageId: string): Promise<{ unreadCount: number }>
  /** `on('user:online')` and `on('user:offline')`: first how it is, then what changes. Again after a first answer in a room. */
  onPresence(userIds: readonly string[], listener: (userId: string, status: string) => void): () => void
}

export function createChat({ sockets }: Session): Chat {
  /** Over the socket that is open anyway. What was refused is thrown: `extensions.code` says why. */
  async function ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data> {
    for await (const { data, errors } of sockets.iterate<Data>({ query, variables })) {
      if (errors) throw errors[0]
      return data as Data
    }
    throw new Error('The socket was closed before the answer came.')
  }

  /** Nothing to resume: after a lost connection it begins with how it is then. */
  function follow<Data>(query: string, variables: Record<string, unknown>, next: (data: Data) => void): () => void {
    return sockets.subscribe<Data>(
      { query, variables },
      { next: ({ data }) => data && next(data), error: console.error, complete: () => {} },
    )
  }

  return {
    async say(roomId, content, nonce = crypto.randomUUID()) {
      const { sendMessage } = await ask<{ sendMessage: { message: { id: string } } }>(
        'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
        { input: { roomId, content, nonce } },
      )
      return sendMessage.message
    },
    async on(roomId, listeners, onEnd) {
      const { room } = await ask<{ room: { cursor: string } | null }>('query ($roomId: ID!) { room(id: $roomId) { cursor } }', { roomId })
      const query = `subscription ($roomId: ID!, $after: Cursor) {
        roomEvents(roomId: $roomId, after: $after) {
          __typename
          cursor
          seq
          ... on MessageAdded { message { id content sender { name } } }
          ... on MessageEdited { message { id content sender { name } } }
          ... on MessageDeleted { message { id content sender { name } } }
          ... on MemberJoined { member { user { name } } }
          ... on MemberLeft { user { name } }
        }
      }`
      return resume<{ roomEvents: RoomEvent }>(
        sockets,
        { query, variables: { roomId, after: room?.cursor } },
        {
          next: ({ data }) => data && listeners[data.roomEvents.__typename]?.(data.roomEvents),
          error: onEnd,
          complete: () => {},
        },
      )
    },
    async type(roomId, isTyping) {
      await ask('mutation ($input: SetTypingInput!) { setTyping(input: $input) { room { id } } }', { input: { roomId, isTyping } })
    },
    onTyping(roomId, listener) {
      return follow<{ typing: { user: { name: string }; isTyping: boolean } }>(
        'subscription ($roomId: ID!) { typing(roomId: $roomId) { isTyping user { name } } }',
        { roomId },
        ({ typing }) => listener(typing.user.name, typing.isTyping),
      )
    },
    async read(roomId, messageId) {
      const { markRead } = await ask<{ markRead: { room: { unreadCount: number } } }>(
        'mutation ($input: MarkReadInput!) { markRead(input: $input) { room { id unreadCount } } }',
        { input: { roomId, messageId } },
      )
      return markRead.room
    },
    onPresence(userIds, listener) {
      return follow<{ presence: { user: { id: string; presence: { status: string } } } }>(
        'subscription ($userIds: [ID!]!) { presence(userIds: $userIds) { user { id presence { id status } } } }',
        { userIds },
        ({ presence }) => listener(presence.user.id, presence.user.presence.status),
      )
    },
  }
}
