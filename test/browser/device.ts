/// <reference lib="dom" />
// Runs in the page: the least app around docs/examples/phone.ts, and what a test looks at.
import type { Call, Talk } from '../../docs/examples/call.ts'
import type { Peer } from '../../docs/examples/peer.ts'
import { createPhone, type Phone } from '../../docs/examples/phone.ts'
import { createSession, type Tokens } from '../../docs/examples/session.ts'

/** `window.device`: everything that goes in and out is JSON. */
export interface Device {
  /** Signs in and listens for calls. It speaks with the first of the nodes, and after each lost connection with the next one. */
  open(options: DeviceOptions): Promise<void>
  start(roomId: string): Promise<void>
  meet(meetingId: string): Promise<void>
  /** The newest that rings. */
  answer(): Promise<void>
  show(sent: { audio?: boolean; video?: boolean }): Promise<void>
  hangUp(): Promise<void>
  look(): Promise<Look>
}

export interface DeviceOptions {
  readonly nodes: readonly string[]
  readonly tokens: Tokens
  readonly kinds?: readonly ('audio' | 'video')[]
  readonly configuration?: RTCConfiguration
  /** Loses its socket as soon as this many signals have come in. */
  readonly losesSocketAfter?: number
}

export interface Look {
  readonly call: Call | undefined
  readonly participantId: string | undefined
  readonly isInCall: boolean
  /** How many it has had. */
  readonly sockets: number
  /** What the phone said, and what the inbox had told of calls over the sockets. */
  readonly rang: readonly string[]
  readonly told: readonly string[]
  /** The signals as they came over the sockets, and over which of these. */
  readonly received: readonly ReceivedSignal[]
  /** Those that were taken by the server, in the order in which it answered. */
  readonly sent: readonly SentSignal[]
  readonly flows: readonly Flow[]
  /** Of this device; null is the end of them. */
  readonly candidates: readonly (string | null)[]
  readonly refusedByTurn: readonly number[]
}

export interface ReceivedSignal {
  readonly socket: number
  readonly seq: number
  readonly from: string
  readonly kind: string
  readonly payload: unknown
}

export interface SentSignal {
  readonly to: string
  readonly seq: number
  readonly kind: string
  readonly payload: unknown
}

/** To and from one of the others. */
export interface Flow {
  readonly with: string
  readonly state: RTCPeerConnectionState
  /** Types of the candidates that were chosen, ours and theirs: `host/host`. */
  readonly way: string | undefined
  readonly framesDecoded: number
  readonly audioBytes: number
  /** Width of the picture, as the page shows it. */
  readonly width: number
  /** Its average brightness, and a number that another picture hardly has too. */
  readonly picture: { readonly brightness: number; readonly print: number }
}

declare global {
  interface Window {
    readonly device: Device
  }
}

interface Brought {
  readonly inbox?: { readonly __typename: string }
  readonly callSignal?: Omit<ReceivedSignal, 'from' | 'socket'> & { readonly from: { readonly id: string } }
}

let phone: Phone
let media: MediaStream
let talk: Talk | undefined
let isInCall = false
let sockets = 0
const ringing: Call[] = []
const rang: string[] = []
const told: string[] = []
const received: ReceivedSignal[] = []
const sent: SentSignal[] = []
const candidates: (string | null)[] = []
const refusedByTurn: number[] = []
const videos = new Map<Peer, HTMLVideoElement>()

const listeners = {
  changed(changed: Talk) {
    draw(changed)
    const others = changed.call.participants.filter(({ id }) => id !== changed.participantId)
    // In a call of two.
    if (isInCall && others.length > 0 && others.every(({ state }) => state === 'LEFT')) void changed.hangUp()
  },
  ended(ended: Talk) {
    isInCall = false
    draw(ended)
  },
}

async function enter(place: Promise<Talk>): Promise<void> {
  talk = await place
  isInCall = true
}

const device: Device = {
  async open({ nodes, tokens, kinds = ['audio', 'video'], configuration = {}, losesSocketAfter }) {
    let attempts = 0
    const node = () => nodes[Math.max(0, attempts - 1) % nodes.length]!
    const session = createSession({
      url: `${nodes[0]}/graphql`,
      fetch: async (_url, init) => note(init, await fetch(`${node()}/graphql`, init)),
      socket: {
        url() {
          attempts++
          return `${node().replace('http', 'ws')}/graphql`
        },
        retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
        on: {
          opened: () => void sockets++,
          message(message) {
            if (message.type !== 'next') return
            const { inbox, callSignal: signal } = (message.payload.data ?? {}) as Brought
            if (inbox?.__typename.startsWith('Call')) told.push(inbox.__typename)
            if (!signal) return
            received.push({ ...signal, from: signal.from.id, socket: sockets })
            if (received.length === losesSocketAfter) queueMicrotask(() => session.sockets.terminate())
          },
        },
      },
    })
    session.keep(tokens)
    const picture = { width: 160, height: 120, frameRate: 10 }
    const wanted = { audio: kinds.includes('audio'), video: kinds.includes('video') && picture }
    media = kinds.length > 0 ? await navigator.mediaDevices.getUserMedia(wanted) : new MediaStream()
    phone = createPhone(session, { deviceId: crypto.randomUUID(), configuration })
    await phone.listen({
      rings(call) {
        ringing.push(call)
        rang.push('rings')
      },
      stops: (_callId, reason) => void rang.push(reason),
      ended: (reason) => void rang.push(JSON.stringify(reason)),
    })
  },
  start: (roomId) => enter(phone.start(roomId, media, listeners)),
  meet: (meetingId) => enter(phone.meet(meetingId, media, listeners)),
  answer: () => enter(phone.join(ringing.at(-1)!.id, media, listeners)),
  show: (sent) => talk!.show(sent),
  hangUp: () => talk!.hangUp(),
  async look() {
    const { call, participantId, peers = new Map() } = talk ?? {}
    const flows = await Promise.all([...peers].map(([id, peer]) => flowOf(id, peer)))
    return { call, participantId, isInCall, sockets, rang, told, received, sent, flows, candidates, refusedByTurn }
  },
}
Object.assign(window, { device })

/** Keeps what was sent, once it is answered. */
async function note(init: RequestInit | undefined, response: Response): Promise<Response> {
  const { variables } = JSON.parse(String(init?.body))
  const { data } = await response.clone().json()
  if (data?.sendSignal) sent.push({ ...variables.input, seq: data.sendSignal.seq })
  return response
}

/** One picture for each of the others, with their name. */
function draw({ peers, call }: Talk): void {
  for (const [peer, video] of videos) {
    if ([...peers.values()].includes(peer)) continue
    video.parentElement!.remove()
    videos.delete(peer)
  }
  for (const [id, peer] of peers) {
    if (videos.has(peer)) continue
    peer.connection.addEventListener('icecandidate', ({ candidate }) => void candidates.push(candidate?.candidate ?? null))
    peer.connection.addEventListener('icecandidateerror', ({ errorCode }) => void refusedByTurn.push(errorCode))
    const video = Object.assign(document.createElement('video'), { autoplay: true, playsInline: true, muted: true, srcObject: peer.media })
    const figure = document.createElement('figure')
    const caption = document.createElement('figcaption')
    caption.textContent = call.participants.find((participant) => participant.id === id)?.user.name ?? ''
    figure.append(video, caption)
    document.body.append(figure)
    videos.set(peer, video)
  }
}

async function flowOf(id: string, peer: Peer): Promise<Flow> {
  const stats = await peer.connection.getStats()
  // biome-ignore lint/suspicious/noExplicitAny: the DOM's types know no kinds of statistics
  const all = [...(stats as unknown as Map<string, any>).values()]
  const inbound = (kind: string) => all.find((entry) => entry.type === 'inbound-rtp' && entry.kind === kind)
  const transport = all.find(({ type }) => type === 'transport')
  const pair = stats.get(transport?.selectedCandidatePairId)
  const video = videos.get(peer)
  return {
    with: id,
    state: peer.connection.connectionState,
    way: pair && `${stats.get(pair.localCandidateId)?.candidateType}/${stats.get(pair.remoteCandidateId)?.candidateType}`,
    framesDecoded: inbound('video')?.framesDecoded ?? 0,
    audioBytes: inbound('audio')?.bytesReceived ?? 0,
    width: video?.videoWidth ?? 0,
    picture: pictureOf(video),
  }
}

function pictureOf(video: HTMLVideoElement | undefined): Flow['picture'] {
  if (!video?.videoWidth) return { brightness: 0, print: 0 }
  const [width, height] = [64, 48]
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const drawing = canvas.getContext('2d', { willReadFrequently: true })!
  drawing.drawImage(video, 0, 0, width, height)
  const { data } = drawing.getImageData(0, 0, width, height)
  let total = 0
  let print = 0
  for (let at = 0; at < data.length; at += 4) {
    const light = data[at]! + data[at + 1]! + data[at + 2]!
    total += light
    print = (print * 31 + light) | 0
  }
  return { brightness: total / (3 * width * height), print }
}
