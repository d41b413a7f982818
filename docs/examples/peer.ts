/** One WebRTC message, as `sendSignal` takes it and `callSignal` brings it. */
export interface Signal {
  readonly kind: 'OFFER' | 'ANSWER' | 'ICE_CANDIDATE' | 'RENEGOTIATE' | 'BYE'
  readonly payload: unknown
}

/** The connection to one other device in a call. */
export interface Peer {
  readonly connection: RTCPeerConnection
  /** What comes from them. */
  readonly media: MediaStream
  /** What they have sent: one after the other, in their order. */
  take(signal: Signal): Promise<void>
}

export interface PeerOptions {
  readonly configuration: RTCConfiguration
  /** What goes to them. */
  readonly media: MediaStream
  /** Of two offers that cross, this side takes back its own: so say one of the two, and not the other. */
  readonly isPolite: boolean
  /** To them, in the order in which it is called. */
  send(signal: Signal): void
}

/**
 * Perfect negotiation (https://w3c.github.io/webrtc-pc/#perfect-negotiation-example). Offers by itself, unless an offer of theirs is taken at
 * once, and again whenever there is something new to agree on.
 */
export function connect({ configuration, media, isPolite, send }: PeerOptions): Peer {
  const connection = new RTCPeerConnection(configuration)
  const theirs = new MediaStream()
  let isOffering = false
  let isTakingAnswer = false
  let ignoresOffer = false

  connection.ontrack = ({ track }) => theirs.addTrack(track)
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) send({ kind: 'ICE_CANDIDATE', payload: candidate.toJSON() })
  }
  connection.onnegotiationneeded = () => describe('OFFER')
  for (const track of media.getTracks()) connection.addTrack(track, media)
  // Who has nothing to send offers to listen.
  if (media.getTracks().length === 0) connection.addTransceiver('audio', { direction: 'recvonly' })

  async function describe(kind: 'OFFER' | 'ANSWER'): Promise<void> {
    isOffering = kind === 'OFFER'
    try {
      await connection.setLocalDescription()
      send({ kind, payload: connection.localDescription!.toJSON() })
    } finally {
      isOffering = false
    }
  }

  async function takeDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const isReady = !isOffering && (connection.signalingState === 'stable' || isTakingAnswer)
    ignoresOffer = description.type === 'offer' && !isReady && !isPolite
    if (ignoresOffer) return
    isTakingAnswer = description.type === 'answer'
    await connection.setRemoteDescription(description).finally(() => {
      isTakingAnswer = false
    })
    if (description.type === 'offer') await describe('ANSWER')
  }

  return {
    connection,
    media: theirs,
    async take({ kind, payload }) {
      if (kind === 'RENEGOTIATE') return connection.restartIce()
      if (kind === 'BYE') return connection.close()
      if (kind !== 'ICE_CANDIDATE') return takeDescription(payload as RTCSessionDescriptionInit)
      await connection.addIceCandidate(payload as RTCIceCandidateInit).catch((error) => {
        // It belongs to an offer that was not taken.
        if (!ignoresOffer) throw error
      })
    },
  }
}
