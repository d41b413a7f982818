import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type ErrorCode, Refusal } from '../lib/refusal.ts'
import { readBody } from './body.ts'
import { createCalendarRoute } from './calendars.ts'
import { createFileRoutes, takesLong } from './files.ts'
import { createGraphQLOverHttp } from './graphql-over-http.ts'
import { readiness } from './health.ts'
import type { ServerParts } from './parts.ts'
import { eventsOrJson, pathOf, wantsEvents } from './request.ts'
import { openSockets } from './websocket.ts'

export interface Server {
  readonly url: string
  /** How many sockets are open. */
  readonly sockets: number
  /** Is not ready any more, lets no socket in, sends those it has away over `overMs`, and lets what runs end. Requests are still answered. */
  drain(overMs: number): Promise<void>
  /** Stops listening, and cuts what is left. */
  close(): Promise<void>
}

/** Listens; rejects when it cannot. */
export async function openServer(parts: ServerParts): Promise<Server> {
  const { settings, services, bus, logger, mask } = parts
  const graphql = createGraphQLOverHttp({ ...parts, onStream: keepStream })
  const files = createFileRoutes({ ...parts, onStream: keepStream })
  const calendars = createCalendarRoute(parts)
  const sockets = openSockets(parts)
  const streams = new Set<ServerResponse>()
  const running = new Set<Promise<void>>()
  const tooLarge = { refusal: new Refusal('PAYLOAD_TOO_LARGE', `At most ${settings.bodyBytes} bytes, please.`) }
  let isDraining = false
  let areStreamsCut = false

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void> | void> = {
    '/': (_request, response) => void response.writeHead(302, { location: '/graphql' }).end(),
    '/healthz': (_request, response) => json(response, 200, { status: 'up' }),
    async '/readyz'(_request, response) {
      const { isReady, parts: found } = await readiness(services.database, bus, isDraining)
      json(response, isReady ? 200 : 503, found)
    },
    '/.well-known/jwks.json': (_request, response) =>
      json(response, 200, services.accessTokens.publicKeys(), { 'cache-control': 'max-age=300' }),
    async '/graphql'(request, response) {
      if (wantsEvents(request)) request.headers.accept = eventsOrJson(request.headers.accept!)
      const given = request.headers['content-length']
      if (Number(given ?? 0) > settings.bodyBytes) return graphql(withBody(request, nothing), response, tooLarge)
      // Of a length that is told no more can come. One that is not told has to be counted.
      if (given !== undefined || request.method !== 'POST') return graphql(request, response)
      const body = await readBody(request, settings.bodyBytes)
      return body === undefined ? graphql(withBody(request, nothing), response, tooLarge) : graphql(withBody(request, body), response)
    },
  }

  function keepStream(response: ServerResponse): void {
    if (areStreamsCut) return void response.destroy()
    streams.add(response)
    response.once('close', () => streams.delete(response))
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('x-frame-options', 'DENY')
    const route = routes[pathOf(request)]
    if (!URL.canParse(`http://${request.headers.host}`))
      return json(response, 400, refused('BAD_USER_INPUT', 'The Host header names no host.'))
    if (isDraining) response.setHeader('connection', 'close')
    if (!takesLong(request)) hurry(request, response, settings.requestMs)
    try {
      if (route) await route(request, response)
      else if (!(await files(request, response)) && !(await calendars(request, response)))
        json(response, 404, refused('NOT_FOUND', 'There is nothing here.'))
    } catch (error) {
      if (request.destroyed && !request.complete) return void response.destroy()
      const { message, extensions } = mask.error(error)
      if (response.headersSent) return void response.destroy()
      json(response, 500, { errors: [{ message, extensions }] })
    } finally {
      // Answered before all of it came: what still comes is for nobody.
      if (takesLong(request)) hurry(request, response, settings.requestMs)
    }
  }

  const server = createServer((request, response) => {
    // An answer that its client does not wait for may never be written to its end: what runs is over when nobody is there.
    const gone = new Promise<void>((resolve) => response.once('close', resolve))
    const serving = Promise.race([serve(request, response), gone])
    running.add(serving)
    serving.finally(() => running.delete(serving)).catch((error) => logger.error('A request failed.', { error }))
  })
  // A large file may come as slowly as its link is good. All else is cut by `hurry`.
  server.requestTimeout = Math.max(services.uploads.linkMs, settings.requestMs)
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket as Socket, head))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(settings.port, settings.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${shownHost(settings.host)}:${port}`,
    get sockets() {
      return sockets.size
    },
    async drain(overMs) {
      isDraining = true
      await sockets.drain(overMs)
      // Whoever follows by events comes back by itself, to another node, with the last cursor.
      areStreamsCut = true
      for (const response of streams) response.destroy()
      await Promise.allSettled(running)
    },
    async close() {
      isDraining = true
      sockets.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Whoever has not sent all of a request in time is told so, and cut: a body that comes byte by byte holds a place. */
function hurry(request: IncomingMessage, response: ServerResponse, withinMs: number): void {
  if (request.complete || request.destroyed) return
  const cut = () => {
    if (request.complete) return
    // As Node says it itself, of what it waits for the longest.
    if (!response.headersSent) request.socket.write('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n')
    request.socket.destroySoon()
  }
  const timer = setTimeout(cut, withinMs).unref()
  for (const event of ['end', 'close']) request.once(event, () => clearTimeout(timer))
}

/** Yoga takes a body that has been read already from there. */
function withBody(request: IncomingMessage, body: Buffer): IncomingMessage {
  return Object.assign(request, { body: Readable.from([body], { objectMode: false }) })
}

const nothing = Buffer.alloc(0)

function refused(code: ErrorCode, message: string): object {
  return { errors: [{ message, extensions: { code } }] }
}

function json(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(body))
}

/** What a browser on this machine can open. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '127.0.0.1') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
