import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { rateLimited } from '../../lib/refusal.ts'

/**
 * What is kept of passwords: scrypt, with its costs and salt written beside the hash, so that costs can be raised without asking anybody.
 * Hashing takes memory and most of a core for a quarter of a second; so only a few are hashed at once, a few more wait, and who comes then
 * is told to come back (RATE_LIMITED).
 */
export interface Passwords {
  hash(password: string): Promise<string>
  /** Without a hash it takes as long, and says no: so nobody can tell by the clock whether there is such an account. */
  isRight(password: string, hash: string | undefined): Promise<boolean>
  /** Whether it was made at lower costs than today's. Asked of a hash that was right. */
  isOutdated(hash: string): boolean
}

export interface PasswordOptions {
  /** As a power of two. */
  readonly cost: number
  readonly mostWaiting?: number
}

export function createPasswords({ cost, mostWaiting = 64 }: PasswordOptions): Passwords {
  const today: Costs = { ln: cost, r: 8, p: 3 }
  const queue = createQueue(mostAtOnce, mostWaiting)
  const derive = (password: string, salt: Buffer, costs: Costs, bytes: number) => queue(() => deriveKey(password, salt, costs, bytes))
  const nobodys = write({ costs: today, salt: randomBytes(saltBytes), key: randomBytes(keyBytes) })
  return {
    async hash(password) {
      const salt = randomBytes(saltBytes)
      return write({ costs: today, salt, key: await derive(password, salt, today, keyBytes) })
    },
    async isRight(password, hash) {
      const { costs, salt, key } = read(hash ?? nobodys) ?? read(nobodys)!
      const given = await derive(password, salt, costs, key.length)
      return timingSafeEqual(given, key) && hash !== undefined
    },
    isOutdated: (hash) => workOf(read(hash)!.costs) < workOf(today),
  }
}

/** Hashing runs on libuv's threads, of which there are four: the one left verifies signatures meanwhile. */
const mostAtOnce = 3
const saltBytes = 16
const keyBytes = 32

interface Costs {
  readonly ln: number
  readonly r: number
  readonly p: number
}

const workOf = ({ ln, r, p }: Costs) => 2 ** ln * r * p

interface Hash {
  readonly costs: Costs
  readonly salt: Buffer
  readonly key: Buffer
}

/** PHC's form: $scrypt$ln=15,r=8,p=3$salt$hash */
function write({ costs: { ln, r, p }, salt, key }: Hash): string {
  const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(key)}`
}

function read(text: string): Hash | undefined {
  const [, ln, r, p, salt, key] = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(text) ?? []
  if (!salt || !key) return undefined
  return { costs: { ln: Number(ln), r: Number(r), p: Number(p) }, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') }
}

const scryptAsync = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

function deriveKey(password: string, salt: Buffer, { ln, r, p }: Costs, bytes: number): Promise<Buffer> {
  const N = 2 ** ln
  // One password typed on two keyboards may come as different code points.
  return scryptAsync(password.normalize('NFKC'), salt, bytes, { N, r, p, maxmem: 128 * r * (N + p + 2) + 2 ** 20 })
}

/** Runs so many at once, in the order they came; lets so many wait, and refuses the rest. */
function createQueue(mostRunning: number, mostWaiting: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running < mostRunning) running++
    else if (waiting.length < mostWaiting) await new Promise<void>((turn) => waiting.push(turn))
    else throw rateLimited(1000)
    try {
      return await work()
    } finally {
      // The turn is handed on as it is, so nobody can come in between.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
