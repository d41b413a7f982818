import { randomBytes } from 'node:crypto'
import { type FileLinks, type GetLink, isFileName, type PutLink } from './files.ts'
import { createSignatures } from './signatures.ts'

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

/** A link holds all that it allows, and until when. */
export function createServerLinks({ secret, base }: ServerLinksOptions): ServerLinks {
  const signatures = createSignatures(secret)

  function write<Claims extends PutLink | GetLink>(purpose: string, { expiresAt, ...claims }: Claims): string {
    return signatures.write(purpose, { ...claims, expiresAt: expiresAt.getTime() })
  }

  function read<Claims extends PutLink | GetLink>(purpose: string, token: string): Claims | undefined {
    const claims = signatures.read<Claims & { expiresAt: number }>(purpose, token)
    if (!claims || !(claims.expiresAt > Date.now()) || !isFileName(claims.name)) return undefined
    return { ...claims, expiresAt: new Date(claims.expiresAt) }
  }

  return {
    toPut: async (put) => ({ url: `${base()}/uploads/${write('put', put)}`, headers: { 'content-type': put.mimeType } }),
    toGet: async (get) => `${base()}/files/${write('get', get)}`,
    readPut: (token) => read('put', token),
    readGet: (token) => read('get', token),
  }
}
