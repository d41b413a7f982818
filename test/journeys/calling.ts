import type { Client } from 'graphql-ws'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { resume } from '../../docs/examples/resume.ts'
import { until } from '../support/until.ts'
import { orThrow, type Person } from './person.ts'

export interface Ring {
  readonly __typename: string
  readonly cursor: string
  readonly callId?: string
  readonly reason?: string
  readonly call?: { readonly state: string; readonly ringsUntil: string } | null
  readonly participant?: { readonly id: string; readonly state: string } | null
}

export interface Signal {
  readonly seq: number
  readonly cursor: string
  readonly kind: string
  readonly payload: unknown
  readonly from: { readonly user: { readonly id: string } }
}

/** What a subscription brings through every lost connection, on a client of its own. */
export interface Hearing<Item> {
  readonly heard: readonly Item[]
  /** Resolves with the codes by which it ended, or with nothing when it was stopped. */
  readonly ended: Promise<readonly string[] | undefined>
  count(count: number): Promise<void>
  /** Ends the connection without a goodbye; the client comes back by itself. */
  cut(): void
  /** Ends it, and the client with it. */
  stop(): void
}

/** In a call, as one device knows it. */
export interface Seat {
  readonly callId: string
  readonly participantId: string
}

const place = 'call { id } participant { id }'

export async function startCall(person: Person, roomId: string, deviceId = 'phone'): Promise<Seat> {
  return seatOf(person, 'startCall', 'StartCallInput', { roomId, media: 'VIDEO', deviceId })
}

export async function joinMeeting(person: Person, meetingId: string, deviceId = 'phone'): Promise<Seat> {
  return seatOf(person, 'joinMeeting', 'JoinMeetingInput', { meetingId, deviceId })
}

export async function joinCall(person: Person, callId: string, deviceId = 'phone'): Promise<Seat> {
  return seatOf(person, 'joinCall', 'JoinCallInput', { callId, deviceId })
}

async function seatOf(person: Person, mutation: string, type: string, input: object): Promise<Seat> {
  const document = `mutation ($input: ${type}!) { done: ${mutation}(input: $input) { ${place} } }`
  const { done } = orThrow(await person.ask<{ done: Record<'call' | 'participant', { id: string }> }>(document, { input }))
  return { callId: done.call.id, participantId: done.participant.id }
}

export async function send(person: Person, from: string, to: string, kind: string, payload: unknown, nonce?: string): Promise<number> {
  const document = 'mutation ($input: SendSignalInput!) { sendSignal(input: $input) { seq } }'
  const input = { from, to, kind, payload, ...(nonce && { nonce }) }
  return orThrow(await person.ask<{ sendSignal: { seq: number } }>(document, { input })).sendSignal.seq
}

export async function callOf(person: Person, id: string) {
  const document = 'query ($id: ID!) { call(id: $id) { state endReason participants { id state user { id } } } }'
  interface Shown {
    readonly state: string
    readonly endReason: string | null
    readonly participants: readonly { readonly id: string; readonly state: string; readonly user: { readonly id: string } }[]
  }
  return orThrow(await person.ask<{ call: Shown }>(document, { id })).call
}

/** How that person stands to the call. */
export async function stateOf(person: Person, callId: string, of = person): Promise<string | undefined> {
  return (await callOf(person, callId)).participants.find(({ user }) => user.id === of.id)?.state
}

export function listen(person: Person, { participantId }: Seat, after?: string): Hearing<Signal> {
  const query = `subscription ($id: ID!, $after: Cursor) { callSignal(participantId: $id, after: $after) {
    seq cursor kind payload from { user { id } } } }`
  return hear<Signal>(person, query, { id: participantId, after })
}

/** One's inbox, from now on unless `after` says otherwise. */
export async function rings(person: Person, after?: string): Promise<Hearing<Ring>> {
  const { viewer } = orThrow(await person.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }'))
  const query = `subscription ($after: Cursor) { inbox(after: $after) { __typename cursor
    ... on CallRinging { callId call { state ringsUntil } participant { id state } } ... on CallStoppedRinging { callId reason call { state ringsUntil } } } }`
  return hear<Ring>(person, query, { after: after ?? viewer.inboxCursor }, ({ __typename }) => __typename.startsWith('Call'))
}

/** A subscription of one field whose items have cursors. */
export function hear<Item>(
  person: Person,
  query: string,
  variables: Record<string, unknown>,
  wanted: (item: Item) => boolean = () => true,
): Hearing<Item> {
  const heard: Item[] = []
  let socket: WebSocket | undefined
  const client: Client = createClient({
    url: `${person.url.replace('http', 'ws')}/graphql`,
    connectionParams: person.credentials,
    webSocketImpl: WebSocket,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 25)),
    on: {
      opened(opened) {
        socket = opened as WebSocket
      },
    },
  })
  const ended = new Promise<readonly string[] | undefined>((resolve) => {
    resume<Record<string, Item & { cursor: string }>>(
      client,
      { query, variables },
      {
        next({ data, errors }) {
          if (errors) resolve(errors.map(({ extensions }) => String(extensions?.code)))
          const [item] = Object.values(data ?? {})
          if (item && wanted(item)) heard.push(item)
        },
        error: (reason) => resolve(Array.isArray(reason) ? reason.map(({ extensions }) => extensions.code) : [String(reason)]),
        complete: () => resolve(undefined),
      },
    )
  })
  return {
    heard,
    ended,
    count: (count) => until(() => heard.length >= count, { within: 20_000, what: `${count} of ${query.slice(0, 60)}` }).then(() => {}),
    cut: () => socket?.terminate(),
    stop() {
      void Promise.resolve(client.dispose()).catch(() => {})
      socket?.terminate()
    },
  }
}
