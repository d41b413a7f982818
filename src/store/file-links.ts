import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type FileLinks, type GetLink, isFileName, type PutLink } from './files.ts'

/** Links to this server, for files that are kept on disk. */
export interface ServerLinks extends FileLinks {
  /** What was signed; undefined for what was not signed by us, for something else, or has lapsed. */
  readPut(token: string): PutLink | undefined
  readGet(token: string): GetLink | undefined
}

export interface ServerLinksOptions {
  /** All nodes share it. */
  readonly secret: string
  /** Where clients reach this server; asked for each link, since a free port is known late. */
  readonly base: () => string
}

/** The key, as the text in which it is kept. */
export function makeLinkSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A link holds all that it allows, and a signature by a key of its own for each purpose: nothing is kept of it. */
export function createServerLinks({ secret, base }: ServerLinksOptions): ServerLinks {
  const key = Buffer.from(secret, 'base64url')
  if (key.length < 32) throw new Error('The link secret is too short: 32 bytes, please.')
  const sign = (purpose: string, claims: string) => createHmac('sha256', key).update(`${purpose} ${claims}`).digest()

  function write<Claims extends PutLink | GetLink>(purpose: string, { expiresAt, ...claims }: Claims): string {
    const text = Buffer.from(JSON.stringify({ ...claims, expiresAt: expiresAt.getTime() })).toString('base64url')
    return `${text}.${sign(purpose, text).toString('base64url')}`
  }

  function read<Claims extends PutLink | GetLink>(purpose: string, token: string): Claims | undefined {
    if (token.length > mostCharacters) return undefined
    const [text = '', signature = ''] = token.split('.', 2)
    const given = Buffer.from(signature, 'base64url')
    const right = sign(purpose, text)
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
    // Signed by us, so as we write it.
    const claims = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!(claims.expiresAt > Date.now()) || !isFileName(claims.name)) return undefined
    return { ...claims, expiresAt: new Date(claims.expiresAt) }
  }

  return {
    toPut: async (put) => ({ url: `${base()}/uploads/${write('put', put)}`, headers: { 'content-type': put.mimeType } }),
    toGet: async (get) => `${base()}/files/${write('get', get)}`,
    readPut: (token) => read('put', token),
    readGet: (token) => read('get', token),
  }
}

/** A file's name of 255 characters, written twice, takes most of it. */
const mostCharacters = 8192
