import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AccessToken, type ClaimGrants, TokenVerifier } from 'livekit-server-sdk'
import { readConfig } from '../../src/config.ts'

/** What it was asked, and by what right. */
export interface Asked {
  readonly method: string
  readonly body: Record<string, string>
  readonly video: ClaimGrants['video']
}

/**
 * As much of LiveKit as the server talks to: a RoomService over HTTP, and the door to its rooms. Every token is verified by LiveKit's own SDK,
 * and its right asked for as LiveKit does. No media.
 */
export interface Livekit {
  /** Where clients connect. */
  readonly url: string
  /** As an operator would set it. */
  readonly env: { LIVEKIT_URL: string; LIVEKIT_API_KEY: string; LIVEKIT_API_SECRET: string }
  readonly asked: Asked[]
  /** While true it answers 503. */
  isDown: boolean
  /** Lets in whoever bears it, as a device does that connects. Gives the token with which LiveKit lets a device come back after a break. */
  connect(token: string): Promise<string>
  presentIn(room: string): string[]
  stop(): Promise<void>
}

export async function startLivekit(apiKey = 'key', apiSecret = 'a secret that is long enough for it'): Promise<Livekit> {
  const verifier = new TokenVerifier(apiKey, apiSecret)
  const rooms = new Map<string, Set<string>>()
  const asked: Asked[] = []

  const methods: Record<string, (asking: Asked) => [number, object]> = {
    ListParticipants({ body, video }) {
      if (!video?.roomAdmin || video.room !== body.room) return refused
      return [200, { participants: [...(rooms.get(body.room!) ?? [])].map((identity) => ({ sid: `PA_${identity}`, identity })) }]
    },
    RemoveParticipant({ body, video }) {
      if (!video?.roomAdmin || video.room !== body.room) return refused
      return rooms.get(body.room!)?.delete(body.identity!) ? [200, {}] : [404, { code: 'not_found', msg: 'participant not found' }]
    },
    DeleteRoom({ body, video }) {
      if (!video?.roomCreate) return refused
      return rooms.delete(body.room!) ? [200, {}] : [404, { code: 'not_found', msg: 'room not found' }]
    },
  }

  async function answer(path: string, authorization: string | undefined, text: string): Promise<[number, object | string]> {
    const method = /^\/twirp\/livekit\.RoomService\/(\w+)$/.exec(path)?.[1]
    const serve = method === undefined ? undefined : methods[method]
    if (livekit.isDown) return [503, 'Service Unavailable']
    if (method === undefined || !serve) return [404, { code: 'bad_route', msg: 'no handler' }]
    const token = authorization?.replace(/^Bearer /, '') ?? ''
    try {
      const { video } = await verifier.verify(token, 0)
      const asking = { method, body: JSON.parse(text), video }
      asked.push(asking)
      return serve(asking)
    } catch {
      return [401, { code: 'unauthenticated', msg: `invalid token: ${token}` }]
    }
  }

  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const [status, body] = await answer(request.url!, request.headers.authorization, text)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`

  const livekit: Livekit = {
    url,
    env: { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret },
    asked,
    isDown: false,
    async connect(token) {
      const { sub: identity, video } = await verifier.verify(token, 0)
      if (!video?.roomJoin || !video.room || !identity) throw new Error('This token lets nobody in.')
      const inside = rooms.get(video.room) ?? new Set()
      rooms.set(video.room, inside.add(identity))
      const again = new AccessToken(apiKey, apiSecret, { identity, ttl: '10m' })
      again.addGrant(video)
      return again.toJwt()
    },
    presentIn: (room) => [...(rooms.get(room) ?? [])],
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return livekit
}

const refused: [number, object] = [401, { code: 'unauthenticated', msg: 'permissions denied' }]

/** What `createLivekit` takes, by the defaults of the configuration. */
export function livekitOptions({ env }: Livekit) {
  const { livekitUrl, livekitApiKey, livekitApiSecret, sfuGrantMs: grantMs, sfuAnswerMs: answerMs } = readConfig(env)
  return { url: livekitUrl!, apiKey: livekitApiKey!, apiSecret: livekitApiSecret!, grantMs, answerMs }
}
