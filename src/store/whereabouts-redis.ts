import type { Redis } from 'ioredis'
import { createPatience, type PatienceOptions } from './patience.ts'
import type { Whereabouts } from './whereabouts.ts'

export interface RedisWhereaboutsOptions extends Pick<PatienceOptions, 'waitMs' | 'restMs'> {
  /** No other's, and no other's before it. */
  readonly nodeId: string
  readonly leaseMs: number
  /** What this program's keys begin with. */
  readonly prefix?: string
  /** Told once when it stops being known who is there, and once when it is known again. */
  readonly say: (line: string) => void
}

/**
 * Of each node a set of the people who are there by it, which lasts as long as its lease; all nodes by the ends of their leases, by Redis's own
 * clock; and when the first of them began, by which it shows that Redis has forgotten everything.
 */
type WithWhereabouts = Redis & {
  parleyArrive(nodes: string, began: string, node: string, nodeId: string, leaseMs: number, ...personIds: string[]): Promise<number>
  parleyLeave(nodes: string, node: string, prefix: string, ...personIds: string[]): Promise<number[]>
  parleyThere(nodes: string, began: string, prefix: string, ...personIds: string[]): Promise<[there: number[], began: string | null]>
  parleyRenew(nodes: string, began: string, node: string, nodeId: string, leaseMs: number): Promise<number>
  parleyGather(node: string, leaseMs: number, ...personIds: string[]): Promise<number>
}

const begin = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local function slice(from) return { unpack(ARGV, from) } end
  local function there(prefix, people)
    local found = {}
    for index = 1, #people do found[index] = 0 end
    for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
      for index, is in ipairs(redis.call('SMISMEMBER', prefix .. node, unpack(people))) do
        if is == 1 then found[index] = 1 end
      end
    end
    return found
  end
  local function renew(id, lease)
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
    redis.call('ZADD', KEYS[1], now + lease, id)
    redis.call('SET', KEYS[2], now, 'NX')
    for index = 1, 2 do redis.call('PEXPIRE', KEYS[index], math.max(lease, redis.call('PTTL', KEYS[index]))) end
    redis.call('PEXPIRE', KEYS[3], lease)
    return redis.call('SCARD', KEYS[3])
  end`

const arriving = `${begin}
  redis.call('SADD', KEYS[3], unpack(slice(3)))
  return renew(ARGV[1], ARGV[2])`

const leaving = `${begin}
  local people = slice(2)
  redis.call('SREM', KEYS[2], unpack(people))
  return there(ARGV[1], people)`

const reading = `${begin}
  return { there(ARGV[1], slice(2)), redis.call('GET', KEYS[2]) }`

const renewing = `${begin}
  return renew(ARGV[1], ARGV[2])`

const gathering = `
  redis.call('SADD', KEYS[1], unpack(ARGV, 2))
  return redis.call('PEXPIRE', KEYS[1], ARGV[1])`

/** For several nodes. The client is the caller's: it is neither opened nor closed here. */
export function createRedisWhereabouts(redis: Redis, options: RedisWhereaboutsOptions): Whereabouts {
  const { nodeId, leaseMs, prefix = 'parley:there:', say, ...patience } = options
  redis.defineCommand('parleyArrive', { numberOfKeys: 3, lua: arriving })
  redis.defineCommand('parleyLeave', { numberOfKeys: 2, lua: leaving })
  redis.defineCommand('parleyThere', { numberOfKeys: 2, lua: reading })
  redis.defineCommand('parleyRenew', { numberOfKeys: 3, lua: renewing })
  redis.defineCommand('parleyGather', { numberOfKeys: 1, lua: gathering })
  const commands = redis as WithWhereabouts
  const nodes = `${prefix}nodes`
  const began = `${prefix}began`
  const node = prefix + nodeId
  const ask = createPatience(redis, {
    ...patience,
    onLapse: (why) => say(`It is not known who is there on other nodes: ${why}.`),
    onReturn: () => say('It is known again who is there on other nodes.'),
  })

  let knownBeginning: string | undefined
  let wholeAt = 0
  /** When Redis has forgotten all, it is a moment until all nodes have renewed what they hold: whoever is missing before that may be there. */
  function isWhole(beginning: string | null): boolean {
    if (beginning === null) return knownBeginning === undefined
    if (knownBeginning !== undefined && beginning !== knownBeginning) wholeAt = performance.now() + leaseMs / 2
    knownBeginning = beginning
    return performance.now() >= wholeAt
  }

  /** What Redis holds of this node may be something else than what it was told: an answer did not come. */
  let isInDoubt = false
  async function tell<Answer>(say: () => Promise<Answer>): Promise<Answer | undefined> {
    const answer = await ask(say)
    if (answer === undefined) isInDoubt = true
    return answer
  }

  async function arrive(personIds: readonly string[]): Promise<void> {
    for (const some of few(personIds)) await tell(() => commands.parleyArrive(nodes, began, node, nodeId, leaseMs, ...some))
  }

  async function leave(personIds: readonly string[]): Promise<boolean[]> {
    const still: boolean[] = []
    for (const some of few(personIds)) {
      const found = await tell(() => commands.parleyLeave(nodes, node, prefix, ...some))
      still.push(...some.map((_id, index) => found?.[index] === 1))
    }
    return still
  }

  /** Beside what is there, and then in its place: nobody is gone in between. Who came or went meanwhile comes and goes once more. */
  async function writeAnew(here: () => readonly string[]): Promise<void> {
    isInDoubt = false
    const anew = `${node}:anew`
    const people = here()
    // What an attempt left that was given up.
    await tell(() => redis.del(anew))
    for (const some of few(people)) await tell(() => commands.parleyGather(anew, leaseMs, ...some))
    await tell<unknown>(() => (people.length > 0 ? redis.rename(anew, node) : redis.del(node)))
    const [written, now] = [new Set(people), new Set(here())]
    await arrive([...now].filter((id) => !written.has(id)))
    await leave(people.filter((id) => !now.has(id)))
  }

  return {
    arrive,
    leave,
    async read(personIds) {
      const there: boolean[] = []
      for (const some of few(personIds)) {
        const found = await ask(() => commands.parleyThere(nodes, began, prefix, ...some))
        if (!found || !isWhole(found[1])) return undefined
        for (const is of found[0]) there.push(is === 1)
      }
      return there
    },
    async renew(here) {
      const expected = here().length
      const count = await ask(() => commands.parleyRenew(nodes, began, node, nodeId, leaseMs))
      // It was renewed too late, Redis began anew, or it was away when somebody came or went.
      if (count !== undefined && (isInDoubt || count !== expected)) await writeAnew(here)
    },
    async retire(ms) {
      await ask(() => commands.parleyRenew(nodes, began, node, nodeId, ms))
    },
  }
}

/** What a script can take at once, and then somebody else's turn. */
function few(personIds: readonly string[]): string[][] {
  const parts: string[][] = []
  for (let from = 0; from < personIds.length; from += mostAtOnce) parts.push(personIds.slice(from, from + mostAtOnce))
  return parts
}

const mostAtOnce = 500
