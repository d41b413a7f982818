import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { print } from 'graphql'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface Failure {
  message: string
  path?: readonly (string | number)[]
  extensions: { code: string; field?: string; retryAfterMs?: number }
}

export interface Answer<Data = Record<string, unknown>> {
  status: number
  headers: Headers
  data?: Data | null
  errors?: Failure[]
}

export interface Operation {
  query: string
  variables?: Record<string, unknown>
  operationName?: string
}

/** GraphQL over HTTP, as most clients send it. */
export async function post<Data>(url: string, operation: Operation, headers: Record<string, string> = {}): Promise<Answer<Data>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(operation),
  })
  return { status: response.status, headers: response.headers, ...((await response.json()) as object) }
}

/** The same, typed: an operation of `*.graphql`, as `codegen.ts` wrote it down. */
export function ask<Data, Variables extends Record<string, unknown>>(
  url: string,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  headers?: Record<string, string>,
): Promise<Answer<Data>> {
  return post(url, { query: print(document), variables }, headers)
}

/** Keeps what comes until it is asked for, so that nothing is missed and nobody has to sleep. */
export class Inbox<Item> {
  readonly #items: Item[] = []
  readonly #waiting: ((item: Item) => void)[] = []

  put(item: Item): void {
    const waiting = this.#waiting.shift()
    if (waiting) waiting(item)
    else this.#items.push(item)
  }

  /** The next one, now or when it comes. */
  next(): Promise<Item> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift()!)
    // Made here, so that it tells who waited.
    const late = new Error(`Nothing came within ${longestWaitMs} ms.`)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(late), longestWaitMs).unref()
      this.#waiting.push((item) => {
        clearTimeout(timer)
        resolve(item)
      })
    })
  }

  async take(count: number): Promise<Item[]> {
    const items: Item[] = []
    while (items.length < count) items.push(await this.next())
    return items
  }

  /** What lies there unread. */
  get waiting(): readonly Item[] {
    return this.#items
  }
}

const longestWaitMs = 30_000

export interface Message {
  type: string
  id?: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sends, for the test to look into
  payload?: any
}

export interface Closed {
  code: number
  reason: string
}

/** A socket without a client library, for what a good client would never do. */
export interface RawSocket {
  readonly ws: WebSocket
  readonly messages: Inbox<Message>
  readonly closed: Promise<Closed>
  send(message: Message | string): void
  /** connection_init, and its acknowledgement. */
  enter(payload?: Record<string, unknown>): Promise<void>
  subscribe(id: string, query: string, variables?: Record<string, unknown>): void
  close(): Promise<Closed>
}

export interface RawOptions {
  protocol?: string | undefined
  origin?: string
  path?: string
}

/** Resolves when the socket is open; rejects with the status of the answer when it was refused. */
export async function openSocket(socketUrl: string, options: RawOptions = {}): Promise<RawSocket> {
  const { path = '/graphql', origin } = options
  const protocols = 'protocol' in options ? (options.protocol ? [options.protocol] : []) : ['graphql-transport-ws']
  const ws = new WebSocket(`${socketUrl}${path}`, protocols, origin === undefined ? {} : { origin })
  const messages = new Inbox<Message>()
  ws.on('message', (data) => messages.put(JSON.parse(String(data))))
  const closed = new Promise<Closed>((resolve) => ws.once('close', (code, reason) => resolve({ code, reason: String(reason) })))
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('unexpected-response', (_request, response) => reject(new Error(String(response.statusCode))))
    ws.on('error', reject)
  })
  const send = (message: Message | string) => ws.send(typeof message === 'string' ? message : JSON.stringify(message))
  return {
    ws,
    messages,
    closed,
    send,
    async enter(payload) {
      send({ type: 'connection_init', ...(payload && { payload }) })
      const { type } = await messages.next()
      if (type !== 'connection_ack') throw new Error(`Instead of connection_ack: ${type}`)
    },
    subscribe: (id, query, variables) => send({ type: 'subscribe', id, payload: { query, ...(variables && { variables }) } }),
    close() {
      ws.close()
      return closed
    },
  }
}

/** Results of one subscription, in their order, and how it ended. */
export interface Followed<Data> {
  readonly results: Inbox<{ data?: Data | null; errors?: Failure[] }>
  /** Resolves with nothing when it completed, with the errors when it failed. */
  readonly ended: Promise<unknown>
  stop(): void
}

/** A stock graphql-ws client that does not try again. */
export interface SocketClient {
  readonly client: Client
  run<Data = Record<string, unknown>>(operation: Operation): Promise<{ data?: Data | null; errors?: Failure[] }>
  follow<Data = Record<string, unknown>>(operation: Operation): Followed<Data>
  close(): Promise<void>
}

export function connect(socketUrl: string, connectionParams: Record<string, unknown> = {}): SocketClient {
  const client = createClient({
    url: `${socketUrl}/graphql`,
    connectionParams,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    onNonLazyError: () => {},
  })
  function follow<Data>(operation: Operation): Followed<Data> {
    const results: Followed<Data>['results'] = new Inbox()
    let stop = () => {}
    const ended = new Promise((resolve) => {
      stop = client.subscribe<Data>(operation, {
        next: (result) => results.put(result as { data?: Data | null }),
        error: resolve,
        complete: () => resolve(undefined),
      })
    })
    return { results, ended, stop: () => stop() }
  }
  return {
    client,
    follow,
    async run<Data>(operation: Operation) {
      const { results, ended } = follow<Data>(operation)
      const result = await Promise.race([results.next(), ended.then((reason) => reason)])
      return Array.isArray(result) ? { errors: result as Failure[] } : (result as { data?: Data | null; errors?: Failure[] })
    },
    close: async () => client.dispose(),
  }
}

/** Follows over Server-Sent Events. */
export interface EventSource {
  readonly status: number
  readonly events: Inbox<{ event: string; data: { data?: Record<string, unknown> | null; errors?: Failure[] } | undefined }>
  readonly ended: Promise<void>
  abort(): void
}

export async function followEvents(url: string, operation: Operation, headers: Record<string, string> = {}): Promise<EventSource> {
  const aborting = new AbortController()
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify(operation),
    signal: aborting.signal,
  })
  const events: EventSource['events'] = new Inbox()
  const ended = readEvents(response.body!, events).catch(() => {})
  return { status: response.status, events, ended, abort: () => aborting.abort() }
}

async function readEvents(body: ReadableStream<Uint8Array>, events: EventSource['events']): Promise<void> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const lines = Object.fromEntries(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      )
      if (lines.event) events.put({ event: lines.event, data: lines.data ? JSON.parse(lines.data) : undefined })
    }
  }
}
