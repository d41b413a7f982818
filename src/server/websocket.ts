import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { handleProtocols, makeServer } from 'graphql-ws'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { reasons } from '../graphql/live.ts'
import { Connection, type SocketArgs } from './connection.ts'
import { isWelcome } from './origin.ts'
import { Outbox } from './outbox.ts'
import type { ServerParts } from './parts.ts'
import { addressOf, pathOf } from './request.ts'

export interface Sockets {
  /** Takes over a request to upgrade, or refuses it. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
  readonly size: number
  /** Lets no more in, and closes all with 1012, spread over `overMs` so that their clients do not all come back at once. */
  drain(overMs: number): Promise<void>
  /** Cuts what is left. */
  close(): void
}

/**
 * GraphQL over WebSocket. The codes with which a socket is closed, beside those of the protocol (4400, 4401, 4403, 4406, 4408, 4409, 4429):
 * 4403 when its session has ended or its credentials expired, 1009 for a frame too large, 1012 when the server stops, 1013 for whoever does
 * not read, and whoever has too many sockets. Stock clients come back after 4403, 4408, 1012 and 1013, and never after the others.
 */
export function openSockets(parts: ServerParts): Sockets {
  const { settings, logger } = parts
  const protocol = makeProtocol(parts)
  const connections = new Set<Connection>()
  let isDraining = false
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    maxPayload: settings.frameBytes,
    // What the outbox writes beside ws must not have to be compressed.
    perMessageDeflate: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
    // How long one that is being closed may take to answer.
    closeTimeout: closeWaitMs,
  }
  const server = new WebSocketServer(options)

  function open(ws: WebSocket, socket: Socket, request: IncomingMessage): void {
    const outbox = new Outbox(ws, socket, settings)
    const client = { userAgent: request.headers['user-agent'] ?? null, address: addressOf(request, settings.trustProxy) }
    const connection = new Connection(parts, { ws, outbox, client })
    connections.add(connection)
    const closed = protocol.opened(
      {
        protocol: ws.protocol,
        send: (text) => outbox.send(text),
        close: (code, reason) => connection.close(code ?? 1011, reason ?? ''),
        onMessage: (receive) =>
          ws.on('message', (data) => {
            connection.receive(String(data), receive).catch((error) => {
              // A message that only servers send. Everything else is answered within its operation.
              logger.debug('A message was not understood.', { error })
              connection.close(4400, 'Invalid message received')
            })
          }),
      },
      connection,
    )
    // Frames that are too large or no frames at all: ws closes the socket with the code that says so.
    ws.on('error', (error) => logger.debug('A socket failed.', { error }))
    ws.once('close', (code, reason) => {
      connections.delete(connection)
      closed(code, String(reason)).catch((error) => logger.error('A socket could not be cleaned up.', { error }))
    })
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy())
      if (pathOf(request) !== '/graphql') return refuse(socket, 404, 'Not Found')
      if (isDraining) return refuse(socket, 503, 'Service Unavailable')
      if (!isWelcome(request, settings.publicUrl, settings.corsOrigins)) return refuse(socket, 403, 'Forbidden')
      socket.setNoDelay(true)
      server.handleUpgrade(request, socket, head, (ws) => open(ws, socket, request))
    },
    get size() {
      return connections.size
    },
    async drain(overMs) {
      isDraining = true
      const leaving = [...connections]
      const pauseMs = overMs / Math.max(leaving.length, 1)
      const closing = leaving.map(async (connection, index) => {
        await sleep(index * pauseMs)
        await connection.drain()
      })
      await Promise.all(closing)
    },
    close() {
      isDraining = true
      for (const ws of server.clients) ws.terminate()
      server.close()
    },
  }
}

function makeProtocol({ settings, mask }: ServerParts) {
  return makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: settings.initWaitMs,
    onConnect: ({ connectionParams, extra }) => extra.enter(connectionParams),
    onSubscribe: ({ extra }, id, payload) => extra.prepare(id, payload),
    execute: (args) => (args as SocketArgs).connection.execute(args as SocketArgs),
    subscribe: (args) => (args as SocketArgs).connection.subscribe(args as SocketArgs),
    onError: (_context, _id, _payload, errors) => errors.flatMap(reasons).map((error) => mask.error(error).toJSON()),
  })
}

/** Also of a client that never closes its side: nothing else would. */
function refuse(socket: Socket, status: number, reason: string): void {
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

const closeWaitMs = 5000
