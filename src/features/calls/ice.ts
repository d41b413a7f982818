import { createHmac } from 'node:crypto'

export interface IceTerms {
  readonly stunUrls: readonly string[]
  readonly turnUrls: readonly string[]
  /** What the TURN servers know too. */
  readonly turnSecret: string | undefined
  readonly turnCredentialMs: number
}

export interface IceServer {
  readonly urls: readonly string[]
  readonly username: string | null
  readonly credential: string | null
  readonly expiresAt: Date | null
}

/**
 * By which servers devices find ways to each other. For TURN with credentials of the shared-secret scheme: the name says whose they are and
 * until when, and the server that knows the secret can tell that by itself.
 */
export function iceServersFor(
  personId: string,
  { stunUrls, turnUrls, turnSecret, turnCredentialMs }: IceTerms,
  now = Date.now(),
): IceServer[] {
  const servers: IceServer[] = []
  if (stunUrls.length > 0) servers.push({ urls: stunUrls, username: null, credential: null, expiresAt: null })
  if (turnUrls.length > 0 && turnSecret !== undefined) {
    // Whole seconds, as the scheme has them: what we say is what it holds.
    const expiry = Math.floor((now + turnCredentialMs) / 1000)
    const username = `${expiry}:${personId}`
    const credential = createHmac('sha1', turnSecret).update(username).digest('base64')
    servers.push({ urls: turnUrls, username, credential, expiresAt: new Date(expiry * 1000) })
  }
  return servers
}
