import { createHmac, timingSafeEqual } from 'node:crypto'

/** What links hold: all that they allow, and a signature by which we know it for ours. Nothing is kept of it. */
export interface Signatures {
  /** A token that fits into a path. Each purpose has signatures of its own: what is for one is for no other. */
  write(purpose: string, claims: object): string
  /** The claims as they were written; undefined for what was not signed by us, or for something else, or is written in any other way. */
  read<Claims extends object>(purpose: string, token: string): Claims | undefined
}

/** The secret is shared by all nodes. */
export function createSignatures(secret: string): Signatures {
  const key = Buffer.from(secret, 'base64url')
  if (key.length < 32) throw new Error('The link secret is too short: 32 bytes, please.')
  const sign = (purpose: string, text: string) => {
    const signature = createHmac('sha256', key).update(`${purpose} ${text}`).digest('base64url')
    return `${text}.${signature}`
  }

  return {
    write(purpose, claims) {
      return sign(purpose, Buffer.from(JSON.stringify(claims)).toString('base64url'))
    },
    read(purpose, token) {
      if (token.length > mostCharacters) return undefined
      const text = token.slice(0, Math.max(token.indexOf('.'), 0))
      const given = Buffer.from(token)
      const right = Buffer.from(sign(purpose, text))
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
      // Signed by us, so as we write it.
      return JSON.parse(Buffer.from(text, 'base64url').toString())
    },
  }
}

/** A file's name of 255 characters, written twice, takes most of it. */
const mostCharacters = 8192
