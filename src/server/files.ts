import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { isAvatar, isAwaited } from '../features/uploads/queries.ts'
import type { Services } from '../graphql/context.ts'
import type { ServerLinks } from '../store/file-links.ts'
import { type FileName, isFileName, NoSuchFile, type PutLink, WrongSize } from '../store/files.ts'
import { HttpRefused, refuse } from './http-refused.ts'
import { readRange } from './ranges.ts'
import { hasAlready, pathOf } from './request.ts'

export interface FileParts {
  readonly services: Services
  readonly links: ServerLinks
  readonly settings: { readonly corsOrigins: readonly string[] }
  /** Told of an answer that may take long, before anything of it is written. */
  readonly onStream: (response: ServerResponse) => void
}

/**
 * The ways of bytes, past GraphQL: put by a link, got by a link, and pictures of people and rooms, which are public. The link is all the right
 * that is asked for. Answers false for a path that is none of these.
 */
export function createFileRoutes({ services, links, settings, onStream }: FileParts) {
  const { files } = services.uploads
  /** Who is putting what, on this node. */
  const putting = new Map<FileName, IncomingMessage>()

  async function put(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    const link = links.readPut(token)
    if (!link) throw new HttpRefused(403, 'This link has lapsed, or is none of ours.')
    const { 'content-length': length, 'content-type': type } = request.headers
    if (length === undefined) throw new HttpRefused(411, 'Say by a Content-Length how many bytes come.')
    if (Number(length) !== link.size) throw new HttpRefused(400, `This link is for ${link.size} bytes.`)
    if (type !== link.mimeType) throw new HttpRefused(400, `This link is for ${link.mimeType}.`)
    await requireAwaited(link.name)
    // However often somebody tries again, one try takes room. The one before may have broken off, and nobody has told us.
    putting.get(link.name)?.destroy()
    putting.set(link.name, request)
    try {
      await takeBytes(request, response, link)
    } finally {
      if (putting.get(link.name) === request) putting.delete(link.name)
    }
    // Completed meanwhile, with what was put before.
    await requireAwaited(link.name).catch(async (refused) => {
      await files.remove([link.name])
      throw refused
    })
    response.writeHead(204).end()
  }

  async function requireAwaited(name: FileName): Promise<void> {
    if (!(await isAwaited(services.database, name))) throw new HttpRefused(409, 'This file has been completed, or is no longer waited for.')
  }

  async function takeBytes(request: IncomingMessage, response: ServerResponse, link: PutLink): Promise<void> {
    onStream(response)
    // What fails here shall still be told: leaving the loop must not cut the connection.
    const bytes = request.iterator({ destroyOnReturn: false })
    await files.write(link.name, bytes, link.size).catch((error) => {
      if (error instanceof WrongSize) throw new HttpRefused(400, `This link is for ${link.size} bytes.`)
      if (['ENOSPC', 'EDQUOT'].includes(error.code)) throw new HttpRefused(507, 'There is no room for this file: try again later.')
      throw error
    })
  }

  async function get(request: IncomingMessage, response: ServerResponse, name: FileName, shown: OutgoingHttpHeaders): Promise<void> {
    const size = await files.sizeOf(name)
    if (size === undefined) throw new HttpRefused(404, 'This file is gone.')
    // Bytes never change under their name.
    const etag = `"${name.slice('kept/'.length)}"`
    const headers = { ...shown, etag, 'accept-ranges': 'bytes', 'content-security-policy': "default-src 'none'; sandbox" }
    const { 'if-range': begun, range: asked } = request.headers
    if (hasAlready(request, etag)) return void response.writeHead(304, headers).end()
    if (request.method === 'HEAD') return void response.writeHead(200, { ...headers, 'content-length': size }).end()
    const range = begun === undefined || begun === etag ? readRange(asked, size) : undefined
    if (range === 'none') throw new HttpRefused(416, `This file has ${size} bytes.`, { 'content-range': `bytes */${size}` })
    const part = range
      ? { 'content-range': `bytes ${range.first}-${range.last}/${size}`, 'content-length': range.last - range.first + 1 }
      : { 'content-length': size }
    const bytes = await files.read(name, range).catch((error) => {
      throw error instanceof NoSuchFile ? new HttpRefused(404, 'This file is gone.') : error
    })
    onStream(response)
    response.writeHead(range ? 206 : 200, { ...headers, ...part })
    // Whoever goes away ends it, and so does a disk that fails: then the answer stays short of its length.
    await pipeline(bytes, response).catch(() => response.destroy())
  }

  function getByLink(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    const link = links.readGet(token)
    if (!link) throw new HttpRefused(403, 'This link has lapsed, or is none of ours.')
    const seconds = Math.max(0, Math.floor((link.expiresAt.getTime() - Date.now()) / 1000))
    return get(request, response, link.name, {
      'content-type': link.mimeType,
      'content-disposition': link.disposition,
      'cache-control': `private, max-age=${seconds}, immutable`,
    })
  }

  /** Its name is all that there is to know, and nobody guesses it; but who was shown a picture in a message knows its name too. */
  async function getAvatar(request: IncomingMessage, response: ServerResponse, file: string): Promise<void> {
    const [, id = '', size] = /^([0-9a-f-]{36})-(small|large)\.webp$/.exec(file) ?? []
    const name = `kept/${id}.${size}`
    if (!isFileName(name) || !(await isAvatar(services.database, id))) throw new HttpRefused(404, 'There is nothing here.')
    return get(request, response, name, {
      'content-type': 'image/webp',
      'content-disposition': 'inline',
      'cache-control': 'public, max-age=31536000, immutable',
    })
  }

  const ways = { uploads: { PUT: put }, files: { GET: getByLink, HEAD: getByLink }, avatars: { GET: getAvatar, HEAD: getAvatar } }

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const [, place = '', rest = ''] = /^\/(\w+)\/([^/]+)$/.exec(pathOf(request)) ?? []
    if (!Object.hasOwn(ways, place)) return false
    const way: Partial<Record<string, typeof put>> = ways[place as keyof typeof ways]
    const methods = Object.keys(way).join(', ')
    try {
      for (const [header, value] of Object.entries(crossOrigin(request, settings.corsOrigins, methods))) response.setHeader(header, value)
      if (request.method === 'OPTIONS') response.writeHead(204, { allow: methods }).end()
      else if (!way[request.method!]) throw new HttpRefused(405, `Only ${methods}, please.`, { allow: methods })
      else await way[request.method!]!(request, response, rest)
    } catch (error) {
      if (!(error instanceof HttpRefused) || (request.destroyed && !request.complete) || response.headersSent) throw error
      refuse(request, response, error)
    }
    return true
  }
}

/** Whether it may bring bytes of a file, for as long as a link is good. */
export function takesLong(request: IncomingMessage): boolean {
  return request.method === 'PUT' && pathOf(request).startsWith('/uploads/')
}

/** Pages of the sites that are configured may put and read. */
function crossOrigin({ headers: { origin } }: IncomingMessage, welcome: readonly string[], methods: string): Record<string, string> {
  // Said to everybody, or a cache would give to one site what it was given for another.
  const vary = { vary: 'origin' }
  if (origin === undefined || !welcome.includes(origin)) return vary
  return {
    ...vary,
    'access-control-allow-origin': origin,
    'access-control-allow-methods': methods,
    'access-control-allow-headers': 'content-type, range, if-range',
    'access-control-expose-headers': 'etag, content-range, content-disposition, accept-ranges',
    'access-control-max-age': '3600',
  }
}
