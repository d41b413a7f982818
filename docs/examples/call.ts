import type { Client } from 'graphql-ws'
import { connect, type Peer, type Signal } from './peer.ts'
import { resume } from './resume.ts'

/** A call that this device is in. */
export interface Talk {
  /** One's own place in it. */
  readonly participantId: string
  /** As it last was. */
  readonly call: Call
  /** The others to whom this device is connected, or about to be, by the ids of their participants. */
  readonly peers: ReadonlyMap<string, Peer>
  /** Where `call.transport` is SFU: what LiveKit's own client connects with, and soon. There are no `peers` then. */
  readonly sfu: { readonly url: string; readonly token: string } | null
  /** Turns microphone and camera on and off, and tells the others. */
  show(sent: { readonly audio?: boolean; readonly video?: boolean }): Promise<void>
  hangUp(): Promise<void>
}

export interface TalkListeners {
  /** Somebody came or went, sends something else, or is connected now. */
  changed(talk: Talk): void
  /** This device is in it no longer. Where it is over for all, `talk.call` is ENDED. */
  ended(talk: Talk): void
}

export interface Call {
  readonly id: string
  readonly state: 'RINGING' | 'ONGOING' | 'ENDED'
  readonly endReason: string | null
  readonly transport: 'PEER_TO_PEER' | 'SFU'
  readonly startedBy: { readonly name: string }
  readonly participants: readonly Participant[]
}

/** Somebody in a call, or asked to be. */
export interface Participant {
  readonly id: string
  readonly state: 'RINGING' | 'JOINED' | 'LEFT' | 'DECLINED' | 'MISSED'
  readonly audio: boolean
  readonly video: boolean
  readonly user: { readonly id: string; readonly name: string }
}

const participantParts = 'id state audio video user { id name }'
export const callParts = `id state endReason transport startedBy { name } participants { ${participantParts} }`
const iceParts = 'iceServers { urls username credential expiresAt }'
export const wayParts = `${iceParts} sfu { url token }`

type IceServer = RTCIceServer & { readonly expiresAt: string | null }

/** What `startCall`, `joinCall` and `joinMeeting` answer. */
export interface Place {
  readonly participant: { readonly id: string }
  readonly call: Call & { readonly room: { readonly id: string; readonly cursor: string } }
  readonly iceServers: IceServer[]
  readonly sfu: Talk['sfu']
}

export type Ask = <Data>(query: string, variables?: Record<string, unknown>) => Promise<Data>

export interface TalkOptions {
  readonly sockets: Client
  readonly ask: Ask
  readonly place: Place
  readonly media: MediaStream
  readonly configuration: RTCConfiguration
  readonly listeners: TalkListeners
}

type Received = Signal & { readonly from: { readonly id: string } }

interface RoomEvent {
  readonly call?: Call
  readonly participant?: Participant | null
}

export function createTalk({ sockets, ask, place, media, configuration, listeners }: TalkOptions): Talk {
  const { participant, call: begun } = place
  const participantId = participant.id
  let call: Call = begun
  let { iceServers } = place
  // One way for sound and picture together: half as many candidates to be sent.
  const configurationNow = (): RTCConfiguration => ({ bundlePolicy: 'max-bundle', ...configuration, iceServers })
  const peers = new Map<string, Peer>()
  let isOver = false

  /** What comes in is taken in its order. */
  let taking: Promise<unknown> = Promise.resolve()
  const inTurn = (work: () => Promise<unknown>) => {
    taking = taking.then(() => isOver || work()).catch(console.error)
  }

  // At once: this is what keeps the device in the call.
  const stopSignals = resume<{ callSignal: Received }>(
    sockets,
    {
      query: `subscription ($participantId: ID!, $after: Cursor) {
        callSignal(participantId: $participantId, after: $after) { seq cursor kind payload from { id } }
      }`,
      variables: { participantId },
    },
    {
      next: ({ data }) => data && inTurn(() => take(data.callSignal)),
      // NOT_FOUND: this device is out of the call, whoever did it.
      error: () => inTurn(() => look().finally(end)),
      complete: () => {},
    },
  )
  const stopEvents = resume<{ roomEvents: RoomEvent }>(
    sockets,
    {
      query: `subscription ($roomId: ID!, $after: Cursor) {
        roomEvents(roomId: $roomId, after: $after) {
          cursor
          seq
          ... on CallUpdated { call { ${callParts} } participant { ${participantParts} } }
          ... on CallEnded { call { ${callParts} } }
        }
      }`,
      variables: { roomId: begun.room.id, after: begun.room.cursor },
    },
    {
      next({ data }) {
        const { call, participant } = data?.roomEvents ?? {}
        if (call?.id === begun.id) see(call, participant)
      },
      error: console.error,
      complete: () => {},
    },
  )
  // Whoever came last offers, so this device does to all who are there. Two who came at once may both: that is what being polite is for.
  inTurn(async () => {
    await look()
    // What connects to an SFU is its own client.
    if (call.transport === 'SFU') return
    for (const { id, state } of call.participants) if (state === 'JOINED' && id !== participantId) await peerOf(id)
  })

  async function look(): Promise<void> {
    const before = call
    const { call: shown } = await ask<{ call: Call | null }>(`query ($id: ID!) { call(id: $id) { ${callParts} } }`, { id: begun.id })
    // What an event has shown meanwhile is newer.
    if (shown && call === before) see(shown)
  }

  function see(shown: Call, participant?: Participant | null): void {
    if (isOver) return
    call = shown
    for (const { id, state } of [...shown.participants, ...(participant ? [participant] : [])]) if (state === 'LEFT') drop(id)
    if (shown.state === 'ENDED') end()
    else listeners.changed(talk)
  }

  async function take({ from, ...signal }: Received): Promise<void> {
    // Of somebody who has left nothing but an offer would be news, and there comes none.
    if (signal.kind === 'OFFER' || peers.has(from.id)) await (await peerOf(from.id)).take(signal)
    if (signal.kind === 'BYE') drop(from.id)
  }

  async function peerOf(id: string): Promise<Peer> {
    const known = peers.get(id)
    if (known) return known
    await refreshIceServers()
    let sending: Promise<unknown> = Promise.resolve()
    const peer = connect({
      configuration: configurationNow(),
      media,
      isPolite: participantId < id,
      send(signal) {
        const input = { from: participantId, to: id, ...signal, nonce: crypto.randomUUID() }
        const mutation = 'mutation ($input: SendSignalInput!) { sendSignal(input: $input) { seq } }'
        // The next one when this has arrived. Whom nothing can be sent to has left.
        sending = sending.then(() => peers.get(id) === peer && ask(mutation, { input })).catch(() => drop(id))
      },
    })
    peers.set(id, peer)
    peer.connection.onconnectionstatechange = () => {
      if (peer.connection.connectionState === 'failed') inTurn(() => findAnotherWay(peer))
      listeners.changed(talk)
    }
    listeners.changed(talk)
    return peer
  }

  async function findAnotherWay({ connection }: Peer): Promise<void> {
    await refreshIceServers()
    if (connection.connectionState === 'closed') return
    connection.setConfiguration(configurationNow())
    connection.restartIce()
  }

  /** Credentials are good for an hour: others shortly before. */
  async function refreshIceServers(): Promise<void> {
    if (!iceServers.some(({ expiresAt }) => expiresAt !== null && Date.parse(expiresAt) - Date.now() < 60_000)) return
    const query = `query ($participantId: ID!) { iceServers(participantId: $participantId) { urls username credential expiresAt } }`
    iceServers = (await ask<{ iceServers: IceServer[] }>(query, { participantId })).iceServers
  }

  function drop(id: string): void {
    peers.get(id)?.connection.close()
    if (peers.delete(id)) listeners.changed(talk)
  }

  function end(): void {
    if (isOver) return
    isOver = true
    stopSignals()
    stopEvents()
    for (const { connection } of peers.values()) connection.close()
    peers.clear()
    listeners.ended(talk)
  }

  const talk: Talk = {
    participantId,
    get call() {
      return call
    },
    peers,
    sfu: place.sfu,
    async show(sent) {
      for (const track of media.getTracks()) track.enabled = sent[track.kind as 'audio' | 'video'] ?? track.enabled
      const mutation = 'mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { id } } }'
      await ask(mutation, { input: { participantId, ...sent } })
    },
    async hangUp() {
      end()
      await ask('mutation ($input: LeaveCallInput!) { leaveCall(input: $input) { call { id } } }', { input: { participantId } })
    },
  }
  return talk
}
