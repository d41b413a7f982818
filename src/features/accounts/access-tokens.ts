import { createPublicKey } from 'node:crypto'
import { calculateJwkThumbprint, errors, type JWK, jwtVerify, SignJWT } from 'jose'
import { unauthenticated } from '../../lib/refusal.ts'
import { readSigningKey } from '../../lib/signing-key.ts'

/** Who bears it, under which session, until when. */
export interface AccessToken {
  readonly personId: string
  readonly sessionId: string
  readonly expiresAt: Date
}

/**
 * Short-lived, signed with EdDSA: anybody who has the public key can tell whose it is. Whether its session is still alive has to be asked
 * besides.
 */
export interface AccessTokens {
  sign(personId: string, sessionId: string): Promise<{ token: string; expiresAt: Date }>
  /** Rejects with UNAUTHENTICATED what is not ours, not whole, or expired. A token's signature is looked at once; until it expires its answer is remembered. */
  verify(token: string): Promise<AccessToken>
  /** What `/.well-known/jwks.json` answers. */
  publicKeys(): { keys: JWK[] }
}

export interface AccessTokenOptions {
  /** A private JWK, as `makeSigningKey` writes it. */
  readonly signingKey: string
  /** Who we are to those who verify our tokens. */
  readonly issuer: string
  readonly lifeMs: number
  readonly mostRemembered?: number
}

export async function createAccessTokens(options: AccessTokenOptions): Promise<AccessTokens> {
  const { issuer, lifeMs, mostRemembered = 10_000 } = options
  const privateKey = readSigningKey(options.signingKey)
  if (!privateKey) throw new Error('The signing key is no private Ed25519 JWK.')
  const publicKey = createPublicKey(privateKey)
  const { kty, crv, x } = publicKey.export({ format: 'jwk' }) as { kty: string; crv: string; x: string }
  const kid = await calculateJwkThumbprint({ kty, crv, x })
  const remembered = new Map<string, AccessToken>()

  return {
    async sign(personId, sessionId) {
      // Whole seconds, as tokens have them: what we say is what it holds.
      const expires = Math.floor((Date.now() + lifeMs) / 1000)
      const token = await new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'at+jwt' })
        .setSubject(personId)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(expires)
        .sign(privateKey)
      return { token, expiresAt: new Date(expires * 1000) }
    },
    async verify(token) {
      const known = remembered.get(token)
      if (known && known.expiresAt.getTime() > Date.now()) return known
      remembered.delete(token)
      if (token.length > mostCharacters) throw refusal()
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer,
        audience,
        requiredClaims: ['sub', 'sid', 'exp'],
      }).catch((error) => {
        throw error instanceof errors.JOSEError ? refusal() : error
      })
      const { sub, sid, exp } = payload
      if (typeof sub !== 'string' || typeof sid !== 'string') throw refusal()
      const found = { personId: sub, sessionId: sid, expiresAt: new Date(exp! * 1000) }
      if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value!)
      remembered.set(token, found)
      return found
    },
    publicKeys: () => ({ keys: [{ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }] }),
  }
}

const audience = 'parley'
const mostCharacters = 4096

const refusal = () => unauthenticated('These credentials are not valid, or no longer: refresh the session, or sign in.')
