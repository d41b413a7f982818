import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

/** A new key pair as the text in which it is kept: a private JWK. */
export function makeSigningKey(): string {
  return JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))
}

/** The private key that the text holds; undefined when it is no Ed25519 JWK with its private part. */
export function readSigningKey(text: string): KeyObject | undefined {
  try {
    const jwk = JSON.parse(text)
    if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519') return undefined
    return createPrivateKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}
