import { once } from 'node:events'
import { connect } from 'node:net'

/**
 * One connection that asks over HTTP/1.1, one request after the other. Leaner than any client library: what is measured shares the machine
 * with it.
 */
export interface KeepAlive {
  /** The body of the answer; rejects when that is no 200. */
  ask(request: Buffer): Promise<Buffer>
  close(): void
}

export interface Asking {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly accessToken: string
  readonly body?: object
}

/** The bytes of a request, made once and sent as often as one likes. */
export function requestBytes(url: string, { method, path, accessToken, body }: Asking): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${new URL(url).host}`, `authorization: Bearer ${accessToken}`]
  if (text) lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(text)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`)
}

export async function openKeepAlive(url: string): Promise<KeepAlive> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  let waiting: { resolve(body: Buffer): void; reject(reason: Error): void } | undefined
  let chunks: Buffer[] = []
  let length = 0
  /** Where the answer begins and ends that is being read, once its head is there. */
  let body: { readonly begin: number; readonly end: number } | undefined
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    length += chunk.length
    try {
      body ??= bodyOf(Buffer.concat(chunks))
    } catch (error) {
      waiting?.reject(error as Error)
      return void socket.destroy()
    }
    if (!body || length < body.end) return
    const answer = Buffer.concat(chunks).subarray(body.begin, body.end)
    chunks = []
    length = 0
    body = undefined
    waiting?.resolve(answer)
  })
  socket.on('error', (error) => waiting?.reject(error))
  socket.on('close', () => waiting?.reject(new Error('The connection was closed.')))
  await once(socket, 'connect')
  return {
    ask(request) {
      socket.write(request)
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
      })
    },
    close: () => socket.destroy(),
  }
}

/** Undefined while its head is not whole. */
function bodyOf(bytes: Buffer): { begin: number; end: number } | undefined {
  const endOfHead = bytes.indexOf('\r\n\r\n')
  if (endOfHead === -1) return undefined
  const head = bytes.toString('latin1', 0, endOfHead)
  const size = /^content-length: (\d+)$/im.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 200 ') || size === undefined) throw new Error(`Not the answer that was asked for:\n${bytes}`)
  return { begin: endOfHead + 4, end: endOfHead + 4 + Number(size) }
}
