import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { readConfig } from '../../../src/config.ts'
import { type AccessTokens, createAccessTokens } from '../../../src/features/accounts/access-tokens.ts'
import { ConfigError } from '../../../src/lib/settings.ts'
import { makeSigningKey } from '../../../src/lib/signing-key.ts'
import { uuid } from '../../../src/lib/uuid.ts'

const signingKey = makeSigningKey()
const open = (options: Partial<Parameters<typeof createAccessTokens>[0]> = {}): Promise<AccessTokens> =>
  createAccessTokens({ signingKey, issuer: 'parley', lifeMs: 900_000, ...options })
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' })

describe('an access token', () => {
  it('says whose it is, under which session and until when, to whoever has the public key', async () => {
    const [personId, sessionId] = [uuid(), uuid()]
    const tokens = await open()
    const before = Date.now()
    const { token, expiresAt } = await tokens.sign(personId, sessionId)
    expect(Math.abs(expiresAt.getTime() - before - 900_000)).toBeLessThan(2000)
    const keys = tokens.publicKeys()
    expect(keys.keys).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' }])
    expect(JSON.stringify(keys)).not.toContain(JSON.parse(signingKey).d)
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), { issuer: 'parley', audience: 'parley' })
    expect(payload).toMatchObject({ sub: personId, sid: sessionId, exp: expiresAt.getTime() / 1000 })
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', kid: keys.keys[0]!.kid })
  })

  it('is understood by every node that has the key', async () => {
    const { token, expiresAt } = await (await open()).sign('person', 'session')
    expect(await (await open()).verify(token)).toEqual({ personId: 'person', sessionId: 'session', expiresAt })
  })

  it('is refused when it is of another key, issuer or use, changed, cut short, or none', async () => {
    const tokens = await open()
    const { token } = await tokens.sign('person', 'session')
    const [head, body, signature] = token.split('.')
    const claims = { ...JSON.parse(Buffer.from(body!, 'base64url').toString()), sub: 'somebody else' }
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    const stranger = await generateKeyPair('EdDSA', { extractable: true })
    const bad = [
      (await (await open({ signingKey: JSON.stringify(await exportJWK(stranger.privateKey)) })).sign('person', 'session')).token,
      (await (await open({ issuer: 'elsewhere' })).sign('person', 'session')).token,
      await new SignJWT({}).setProtectedHeader({ alg: 'EdDSA' }).setSubject('person').sign(stranger.privateKey),
      `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`,
      `${none}.${body}.`,
      `${head}.${body}`,
      token.slice(0, -4),
      'x'.repeat(100_000),
      '',
      'null',
      '..',
    ]
    for (const text of bad) await expect(tokens.verify(text), text.slice(0, 80)).rejects.toEqual(unauthenticated)
    await tokens.verify(token)
  })

  it('is refused once it has expired, also when it was good a moment ago', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const tokens = await open({ lifeMs: 10_000 })
      const { token, expiresAt } = await tokens.sign('person', 'session')
      await tokens.verify(token)
      vi.setSystemTime(expiresAt.getTime() - 1)
      await tokens.verify(token)
      vi.setSystemTime(expiresAt)
      await expect(tokens.verify(token)).rejects.toEqual(unauthenticated)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is looked at once, and of many only the last are remembered', async () => {
    const tokens = await open({ mostRemembered: 2 })
    const [first, second, third] = await Promise.all(['1', '2', '3'].map((session) => tokens.sign('person', session)))
    const found = await tokens.verify(first!.token)
    expect(await tokens.verify(first!.token)).toBe(found)
    await tokens.verify(second!.token)
    await tokens.verify(third!.token)
    const again = await tokens.verify(first!.token)
    expect(again).toEqual(found)
    expect(again).not.toBe(found)
  })
})

describe('a signing key that is given', () => {
  it('is a private Ed25519 JWK', async () => {
    expect(readConfig({ SIGNING_KEY: signingKey }).signingKey).toBe(signingKey)
    expect(readConfig({ SIGNING_KEY: '' }).signingKey).toBeUndefined()
  })

  it('is refused in one line when it is none, which does not tell the key', async () => {
    const { d: _secret, ...publicPart } = JSON.parse(signingKey)
    const rsa = await exportJWK((await generateKeyPair('RS256', { extractable: true })).privateKey)
    const short = { ...JSON.parse(signingKey), d: 'c2VjcmV0' }
    for (const text of ['secret', '{}', 'null', '[]', JSON.stringify(publicPart), JSON.stringify(rsa), JSON.stringify(short)]) {
      const refusal = (() => {
        try {
          readConfig({ SIGNING_KEY: text })
        } catch (error) {
          return error as ConfigError
        }
      })()
      expect(refusal, text).toBeInstanceOf(ConfigError)
      expect(refusal!.message).toMatch(/^SIGNING_KEY: set a private Ed25519 key.*$/)
      expect(refusal!.message).not.toContain('c2VjcmV0')
    }
  })
})
