import { type Ask, type Call, callParts, createTalk, type Place, type Talk, type TalkListeners, wayParts } from './call.ts'
import { resume } from './resume.ts'
import type { Session } from './session.ts'

/** What a device is called on, and calls with. */
export interface Phone {
  /** From now on, through every lost connection, until what it answers is called. What rings already rings at once. */
  listen(listeners: RingListeners): Promise<() => void>
  /** Calls a room, or joins the call that is there. `media` is what this device sends. */
  start(roomId: string, media: MediaStream, listeners: TalkListeners): Promise<Talk>
  /** Answers, or joins. */
  join(callId: string, media: MediaStream, listeners: TalkListeners): Promise<Talk>
  /** Begins a meeting's call, or joins it. */
  meet(meetingId: string, media: MediaStream, listeners: TalkListeners): Promise<Talk>
  decline(callId: string): Promise<void>
}

export interface RingListeners {
  rings(call: Call): void
  /** `reason`: ANSWERED_ELSEWHERE, say. */
  stops(callId: string, reason: string): void
  /** Nothing rings here any more: the session has ended. */
  ended(reason: unknown): void
}

export interface PhoneOptions {
  /**
   * Of this device alone, and the same when it repeats itself: made once and kept in `sessionStorage`, say, a page that is loaded anew has
   * its place in a call still, and a second tab is another device.
   */
  readonly deviceId: string
  /** What the server's `iceServers` leave open. */
  readonly configuration?: RTCConfiguration
}

interface InboxEvent {
  readonly __typename: string
  readonly callId: string
  readonly reason: string
  readonly call: Call | null
  readonly participant: { readonly state: string } | null
}

export function createPhone(session: Session, { deviceId, configuration = {} }: PhoneOptions): Phone {
  /** Asks again while there is no answer: all that is asked here may be repeated. What was refused is thrown: `extensions.code` says why. */
  const ask: Ask = async (query, variables = {}) => {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query, variables }) }
    for (let attempts = 1; ; attempts++) {
      const { data, errors } = await session
        .fetch(session.url, { ...request, signal: AbortSignal.timeout(10_000) })
        .then((response) => response.json())
        .catch((reason) => ({ errors: [{ message: String(reason), extensions: { retryAfterMs: 500 } }] }))
      if (!errors) return data
      const { retryAfterMs } = errors[0].extensions
      if (retryAfterMs === undefined || attempts === 20) throw errors[0]
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs))
    }
  }

  type Way = 'startCall' | 'joinCall' | 'joinMeeting'
  async function take(way: Way, input: object, media: MediaStream, listeners: TalkListeners): Promise<Talk> {
    const type = { startCall: 'StartCallInput', joinCall: 'JoinCallInput', joinMeeting: 'JoinMeetingInput' }[way]
    const { place } = await ask<{ place: Place }>(
      `mutation ($input: ${type}!) {
        place: ${way}(input: $input) { participant { id } call { ${callParts} room { id cursor } } ${wayParts} }
      }`,
      { input: { ...input, deviceId } },
    )
    return createTalk({ sockets: session.sockets, ask, place, media, configuration, listeners })
  }

  return {
    async listen({ rings, stops, ended }) {
      const ringing = new Set<string>()
      const ring = (call: Call) => {
        if (ringing.has(call.id)) return
        ringing.add(call.id)
        rings(call)
      }
      const { viewer } = await ask<{ viewer: { inboxCursor: string; ringingCalls: Call[] } }>(
        `{ viewer { inboxCursor ringingCalls { ${callParts} } } }`,
      )
      viewer.ringingCalls.forEach(ring)
      const query = `subscription ($after: Cursor) {
        inbox(after: $after) {
          __typename
          cursor
          ... on CallRinging { callId call { ${callParts} } participant { state } }
          ... on CallStoppedRinging { callId reason }
        }
      }`
      return resume<{ inbox: InboxEvent }>(
        session.sockets,
        { query, variables: { after: viewer.inboxCursor } },
        {
          next({ data }) {
            if (!data) return
            const { __typename, callId, call, participant, reason } = data.inbox
            // As it is now: one that was missed meanwhile does not ring.
            if (__typename === 'CallRinging' && call && participant?.state === 'RINGING') ring(call)
            if (__typename === 'CallStoppedRinging' && ringing.delete(callId)) stops(callId, reason)
          },
          error: ended,
          complete: () => {},
        },
      )
    },
    start(roomId, media, listeners) {
      return take('startCall', { roomId, media: kindOf(media), nonce: crypto.randomUUID() }, media, listeners)
    },
    join: (callId, media, listeners) => take('joinCall', { callId }, media, listeners),
    meet: (meetingId, media, listeners) => take('joinMeeting', { meetingId, media: kindOf(media) }, media, listeners),
    async decline(callId) {
      await ask('mutation ($input: DeclineCallInput!) { declineCall(input: $input) { call { id } } }', { input: { callId } })
    },
  }
}

function kindOf(media: MediaStream): 'AUDIO' | 'VIDEO' {
  return media.getVideoTracks().length > 0 ? 'VIDEO' : 'AUDIO'
}
