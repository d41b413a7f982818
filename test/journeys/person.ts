import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { print } from 'graphql'
import { type Client, createClient, type ExecutionResult } from 'graphql-ws'
import { WebSocket } from 'ws'
import { resume } from '../../docs/examples/resume.ts'
import { type Answer, type Failure, post, ask as send } from '../support/client.ts'
import {
  AddMemberDocument,
  CreateRoomDocument,
  FollowRoomDocument,
  type FollowRoomSubscription,
  MessagePageDocument,
  type MessagePageQuery,
  OpenRoomDocument,
  RemoveMemberDocument,
  RoomCursorDocument,
  SayDocument,
  SignInDocument,
} from '../support/generated/documents.ts'
import type { AUser, Parley } from '../support/parley.ts'
import { until } from '../support/until.ts'

/** Somebody with a device on a node. What was refused is thrown; `ask` alone answers it. */
export interface Person extends AUser {
  /** Of their node. */
  readonly url: string
  /** The same person and session, on another node. */
  on(node: Pick<Parley, 'url'>): Person
  ask<Data = Record<string, unknown>>(query: string, variables?: Record<string, unknown>): Promise<Answer<Data>>
  make(...members: Person[]): Promise<string>
  open(friend: Person): Promise<string>
  add(roomId: string, person: Person): Promise<void>
  /** Removes them; oneself to leave. */
  remove(roomId: string, person: Person): Promise<void>
  /** Answers the message's id. */
  say(roomId: string, content: string, nonce?: string): Promise<string>
  cursorOf(roomId: string): Promise<string>
  /** All that was said, as the pages tell it, oldest first. */
  readAll(roomId: string): Promise<string[]>
  /**
   * Follows a room with a stock client, through every lost connection. Without `after`: from where the room stands now. `thenAt`: where its
   * client comes back to.
   */
  follow(roomId: string, options?: { after?: string; thenAt?: Pick<Parley, 'url'> }): Promise<Listening>
  /** A stock client that comes back as often as it takes. */
  connect(): Client
}

/** An event as `FollowRoom` asks for it, of whichever type. */
export interface Heard {
  readonly __typename: string
  readonly seq: number
  readonly cursor: string
  readonly message?: { readonly id: string; readonly content: string; readonly sender: { readonly id: string } }
  readonly user?: { readonly id: string }
}

export interface Listening {
  readonly heard: readonly Heard[]
  /** What was said, in the order in which it was heard. */
  readonly contents: readonly string[]
  /** The cursor to go on from. */
  readonly cursor: string
  /** Resolves with what ended it: a refusal, or nothing when it was stopped. */
  readonly ended: Promise<readonly Failure[] | undefined>
  /** How often its client has had a connection. */
  readonly connections: number
  hears(...contents: readonly string[]): Promise<void>
  hearsUpTo(seq: number): Promise<void>
  /** Ends without a goodbye; the client comes back by itself. */
  cut(): void
  /** The connection of the moment: to be paused, say. */
  readonly socket: WebSocket
  /** With which its connections were closed. */
  readonly closeCodes: readonly number[]
  stop(): Promise<void>
}

/** `FollowRoom`, as it is sent. */
export const followRoom = print(FollowRoomDocument)

export async function aPerson(node: Parley, name: string): Promise<Person> {
  return personOn(node, await node.aUser(name))
}

/** The same person, signed in once more. */
export async function anotherDevice(person: Person, node: Pick<Parley, 'url'>): Promise<Person> {
  const { signIn } = orThrow(await send(node.url, SignInDocument, { input: { handle: person.handle, password } }))
  return personOn(node, { ...person, ...signIn, credentials: { authorization: `Bearer ${signIn.accessToken}` } })
}

/** Everybody's. */
export const password = 'correct horse battery'

export function personOn(node: Pick<Parley, 'url'>, user: AUser): Person {
  const ask: Person['ask'] = (query, variables) => post(node.url, { query, ...(variables && { variables }) }, user.credentials)
  const run = async <Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> => orThrow(await send(node.url, document, variables, user.credentials))

  function connect(onSocket: (socket: WebSocket) => void = () => {}, thenAt = node): Client {
    let at = node
    return createClient({
      url: () => `${at.url.replace('http', 'ws')}/graphql`,
      connectionParams: user.credentials,
      webSocketImpl: WebSocket,
      retryAttempts: Number.POSITIVE_INFINITY,
      // A server that is just restarting refuses connections, which is no close event.
      shouldRetry: () => true,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 25)),
      on: {
        opened(socket) {
          at = thenAt
          onSocket(socket as WebSocket)
        },
      },
    })
  }

  async function cursorOf(roomId: string): Promise<string> {
    const { room } = await run(RoomCursorDocument, { roomId })
    if (!room) throw new Error('NOT_FOUND: room')
    return room.cursor
  }

  return {
    ...user,
    url: node.url,
    on: (other) => personOn(other, user),
    ask,
    connect: () => connect(),
    cursorOf,
    make: async (...members) =>
      (await run(CreateRoomDocument, { input: { name: 'Friends', memberIds: idsOf(members) } })).createGroupRoom.room.id,
    open: async (friend) => (await run(OpenRoomDocument, { input: { userId: friend.id } })).openDirectRoom.room.id,
    add: async (roomId, person) => void (await run(AddMemberDocument, { input: { roomId, userId: person.id } })),
    remove: async (roomId, person) => void (await run(RemoveMemberDocument, { input: { roomId, userId: person.id } })),
    say: async (roomId, content, nonce) => (await run(SayDocument, { input: { roomId, content, nonce } })).sendMessage.message.id,
    async readAll(roomId) {
      const contents: string[] = []
      for (let after: string | null = null; ; ) {
        const page: MessagePageQuery = await run(MessagePageDocument, { roomId, after })
        if (!page.room) throw new Error('NOT_FOUND: room')
        const { nodes, pageInfo } = page.room.messages
        contents.push(...nodes.map(({ content }) => content))
        if (!pageInfo.hasNextPage) return contents
        after = pageInfo.endCursor ?? null
      }
    },
    async follow(roomId, { after, thenAt } = {}) {
      return listen((onSocket) => connect(onSocket, thenAt), roomId, after ?? (await cursorOf(roomId)))
    },
  }
}

function listen(connect: (onSocket: (socket: WebSocket) => void) => Client, roomId: string, after: string): Listening {
  const heard: Heard[] = []
  const closeCodes: number[] = []
  let sockets = 0
  let current: WebSocket | undefined
  const client = connect((socket) => {
    sockets++
    current = socket
    socket.addEventListener('close', ({ code }) => closeCodes.push(code))
  })
  const failed: Failure[] = []
  const ended = new Promise<readonly Failure[] | undefined>((resolve) => {
    resume<FollowRoomSubscription>(
      client,
      { query: followRoom, variables: { roomId, after } },
      {
        next: ({ data, errors }: ExecutionResult<FollowRoomSubscription>) => {
          if (data?.roomEvents) heard.push(data.roomEvents)
          if (errors) failed.push(...(errors as unknown as Failure[]))
        },
        error: (reason) => resolve(Array.isArray(reason) ? reason : [{ message: String(reason), extensions: { code: 'CLOSED' } }]),
        complete: () => resolve(failed.length > 0 ? failed : undefined),
      },
    )
  })
  const contents = () => heard.flatMap(({ message }) => (message ? [message.content] : []))
  return {
    heard,
    ended,
    get contents() {
      return contents()
    },
    get cursor() {
      return heard.at(-1)?.cursor ?? after
    },
    get connections() {
      return sockets
    },
    async hears(...wanted) {
      await until(() => wanted.every((content) => contents().includes(content)), { within: 20_000, what: `hearing ${wanted.join(', ')}` })
    },
    async hearsUpTo(seq) {
      await until(() => (heard.at(-1)?.seq ?? 0) >= seq, { within: 20_000, what: `hearing event ${seq}, after ${heard.at(-1)?.seq}` })
    },
    closeCodes,
    cut: () => current?.terminate(),
    get socket() {
      return current!
    },
    async stop() {
      // While it is connecting, what it waits for may fail.
      await Promise.resolve(client.dispose()).catch(() => {})
      current?.terminate()
    },
  }
}

const idsOf = (people: readonly Person[]) => people.map(({ id }) => id)

/** The answer's data, or its code thrown. */
export function orThrow<Data>({ data, errors }: Answer<Data>): Data {
  if (errors) throw new Error(`${errors[0]!.extensions?.code}: ${errors[0]!.message}`)
  return data!
}

/** The same many times, a few at once: as fast as an impatient friend. */
export async function inTurns<Result>(count: number, work: (number: number) => Promise<Result>, atOnce = 25): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(atOnce, count) }, async () => {
      while (next < count) {
        const number = next++
        results[number] = await work(number)
      }
    }),
  )
  return results
}

/** Numbers one after the other: a stream heard whole. */
export function isDense(heard: readonly Heard[]): boolean {
  return heard.every(({ seq }, index) => index === 0 || seq === heard[index - 1]!.seq + 1)
}
