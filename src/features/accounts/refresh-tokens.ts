import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isUuid } from '../../lib/uuid.ts'

/** A refresh token stands for one generation of one session. It is derived from both and a key, so the same one can always be made again. */
export interface RefreshTokens {
  make(sessionId: string, generation: number): string
  /** What a token stands for; undefined for what was not made with our key. */
  read(token: string): { sessionId: string; generation: number } | undefined
}

/** The key, as the text in which it is kept. */
export function makeRefreshSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is kept of a token. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

export function createRefreshTokens(secret: string): RefreshTokens {
  const key = Buffer.from(secret, 'base64url')
  if (key.length < 32) throw new Error('The refresh secret is too short: 32 bytes, please.')
  const make = (sessionId: string, generation: number) => {
    const claim = `${sessionId}.${generation}`
    return `${claim}.${createHmac('sha256', key).update(`refresh ${claim}`).digest('base64url')}`
  }
  return {
    make,
    read(token) {
      const [sessionId = '', generation = ''] = token.slice(0, mostCharacters).split('.', 2)
      if (!isUuid(sessionId) || !/^\d{1,9}$/.test(generation)) return undefined
      const given = Buffer.from(token)
      const right = Buffer.from(make(sessionId, Number(generation)))
      return given.length === right.length && timingSafeEqual(given, right) ? { sessionId, generation: Number(generation) } : undefined
    },
  }
}

const mostCharacters = 256
