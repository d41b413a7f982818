import { SignJWT } from 'jose'
import type { Sfu, SfuPlace } from './sfu.ts'

export interface LivekitOptions {
  /** Where clients connect: `ws:` or `wss:`. Its API is at the same place, by `http:` or `https:`. */
  readonly url: string
  readonly apiKey: string
  readonly apiSecret: string
  readonly grantMs: number
  /** How long it may take to answer. */
  readonly answerMs: number
}

/** LiveKit: tokens as it takes them, and its RoomService as JSON over HTTP. */
export function createLivekit({ url, apiKey, apiSecret, grantMs, answerMs }: LivekitOptions): Sfu {
  const key = new TextEncoder().encode(apiSecret)
  const api = new URL(url.replace(/^ws/, 'http'))

  async function sign(video: VideoGrant, lifeMs: number, subject?: string): Promise<{ token: string; expiresAt: Date }> {
    // Whole seconds, as tokens have them: what we say is what it holds.
    const now = Math.floor(Date.now() / 1000)
    const expires = Math.floor((Date.now() + lifeMs) / 1000)
    const jwt = new SignJWT({ video }).setProtectedHeader({ alg: 'HS256' }).setIssuer(apiKey).setNotBefore(now).setExpirationTime(expires)
    if (subject !== undefined) jwt.setSubject(subject)
    return { token: await jwt.sign(key), expiresAt: new Date(expires * 1000) }
  }

  /** Undefined: what it is about is not there. */
  async function ask(method: string, video: VideoGrant, body: Record<string, string>): Promise<Record<string, unknown> | undefined> {
    const { token } = await sign(video, 2 * answerMs)
    const { ok, status, answer } = await fetch(new URL(`/twirp/livekit.RoomService/${method}`, api), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(answerMs),
    })
      .then(async (response) => ({ ok: response.ok, status: response.status, answer: readObject(await response.text()) }))
      .catch((cause: Error) => {
        throw new Error(`LiveKit at ${api.host} did not answer ${method}: ${cause.message}`, { cause })
      })
    if (ok && answer) return answer
    if (status === 404 && answer?.code === 'not_found') return undefined
    // Not what else it says: it repeats the token that it refuses.
    throw new Error(`LiveKit at ${api.host} answered ${method} with ${status} ${codeOf(answer)}.`)
  }

  return {
    name: `LiveKit at ${api.host}`,
    returnMs: Math.max(grantMs, refreshedMs) + leewayMs,
    async grant({ callId, participantId }) {
      const video = { roomJoin: true, room: callId, canPublish: true, canSubscribe: true, canPublishData: true }
      return { url, ...(await sign(video, grantMs, participantId)) }
    },
    async present(room) {
      const answer = await ask('ListParticipants', { roomAdmin: true, room }, { room })
      return identitiesIn(answer?.participants)
    },
    async remove({ callId: room, participantId: identity }: SfuPlace) {
      await ask('RemoveParticipant', { roomAdmin: true, room }, { room, identity })
    },
    async close(room) {
      return (await ask('DeleteRoom', { roomCreate: true }, { room })) !== undefined
    },
  }
}

type VideoGrant = Readonly<Record<string, string | boolean>>

/** LiveKit gives whoever is connected a token of its own every few minutes, to come back with after a break: it is good for so long. */
const refreshedMs = 10 * 60_000
/** How far it lets clocks differ. */
const leewayMs = 60_000

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function codeOf(answer: Record<string, unknown> | undefined): string {
  return typeof answer?.code === 'string' && /^[a-z_]{1,40}$/.test(answer.code) ? answer.code : 'and no code of its own'
}

function identitiesIn(participants: unknown): string[] {
  if (!Array.isArray(participants)) return []
  return participants.map((participant: { identity?: unknown }) => participant?.identity).filter((identity) => typeof identity === 'string')
}
