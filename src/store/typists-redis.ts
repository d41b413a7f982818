import type { Redis } from 'ioredis'
import { createPatience, type PatienceOptions } from './patience.ts'
import { nobodyRemoved, type Remaining, type Typists } from './typists.ts'

export interface RedisTypistsOptions extends Pick<PatienceOptions, 'waitMs' | 'restMs'> {
  /** What this program's keys begin with. */
  readonly prefix?: string
  /** Told once when typing stops being told, and once when it is told again. */
  readonly say: (line: string) => void
}

/** Devices by their times, of each room, by Redis's own clock. A key goes with the last of them. */
type WithTypists = Redis & {
  parleyType(key: string, personId: string, deviceId: string, lapseMs: number): Promise<number>
  parleyStopTyping(key: string, personId: string, deviceId: string): Promise<[removed: number, leftMs: number]>
  parleyTyping(count: number, ...keys: string[]): Promise<(string | number)[][]>
}

const begin = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)`

const add = `${begin}
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1] .. ' ' .. ARGV[2])
  return redis.call('PEXPIRE', KEYS[1], ARGV[3])`

const remove = `${begin}
  local removed, left = 0, 0
  local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES')
  for index = 1, #found, 2 do
    local device = found[index]
    if string.sub(device, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
      if ARGV[2] == '' or device == ARGV[1] .. ' ' .. ARGV[2] then removed = removed + redis.call('ZREM', KEYS[1], device)
      else left = math.max(left, found[index + 1] - now) end
    end
  end
  return { removed, left }`

const read = `${begin}
  local rooms = {}
  for room, key in ipairs(KEYS) do
    local found = redis.call('ZRANGEBYSCORE', key, '(' .. now, '+inf', 'WITHSCORES')
    for index = 2, #found, 2 do found[index] = found[index] - now end
    rooms[room] = found
  end
  return rooms`

/** For several nodes. The client is the caller's: it is neither opened nor closed here. */
export function createRedisTypists(redis: Redis, { prefix = 'parley:typing:', say, ...patience }: RedisTypistsOptions): Typists {
  redis.defineCommand('parleyType', { numberOfKeys: 1, lua: add })
  redis.defineCommand('parleyStopTyping', { numberOfKeys: 1, lua: remove })
  redis.defineCommand('parleyTyping', { lua: read })
  const commands = redis as WithTypists
  const ask = createPatience(redis, {
    ...patience,
    onLapse: (why) => say(`Nobody is told who is typing: ${why}.`),
    onReturn: () => say('Who is typing is told again.'),
  })

  return {
    async add({ roomId, personId, deviceId }, lapseMs) {
      await ask(() => commands.parleyType(prefix + roomId, personId, deviceId, lapseMs))
    },
    async remove({ roomId, personId, deviceId = '' }) {
      const answer = await ask(() => commands.parleyStopTyping(prefix + roomId, personId, deviceId))
      return answer ? { wasThere: answer[0] > 0, leftMs: answer[1] } : nobodyRemoved
    },
    async read(roomIds) {
      const keys = roomIds.map((roomId) => prefix + roomId)
      const rooms = await ask(() => commands.parleyTyping(keys.length, ...keys))
      return rooms ? rooms.map(peopleOf) : roomIds.map(() => [])
    },
  }
}

/** Devices and their times by turns; of each person the last one to stop. */
function peopleOf(found: readonly (string | number)[]): Remaining[] {
  const people = new Map<string, number>()
  for (let index = 0; index < found.length; index += 2) {
    const personId = String(found[index]).split(' ')[0]!
    people.set(personId, Math.max(people.get(personId) ?? 0, Number(found[index + 1])))
  }
  return [...people].map(([personId, leftMs]) => ({ personId, leftMs }))
}
