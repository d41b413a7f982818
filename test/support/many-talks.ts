import { tokensOf } from '../../src/features/search/tokens.ts'
import { wordsFrom } from '../../src/features/search/writing.ts'
import type { Database } from '../../src/store/database.ts'

export interface Talks {
  readonly messages: number
  /** How many groups there are. The busiest has most of what is said, and most have little. */
  readonly rooms: number
  readonly senderIds: readonly string[]
  /** Who sees which of the rooms, by their numbers: the busiest is 0. */
  readonly viewers: Readonly<Record<string, readonly number[]>>
}

/** Said so often in all, here and there. */
export const sprinkled = { zebrafish: 20, narwhal: 500, 鯨鯢: 40 }

/**
 * Fills a Postgres with what is said within a year: some twelve words a message, of which a few are said all the time and most hardly ever.
 * "the" is in nearly every message, but for a quarter of the rooms, where Chinese is spoken. A million take a minute: past foreign keys and
 * the log, with the index made at the end.
 */
export async function fillTalks(database: Database, { messages, rooms, senderIds, viewers }: Talks): Promise<void> {
  const random = randomFrom(7)
  const size = 5000
  const [index] = await database.sql<{ indexdef: string }>(`select indexdef from pg_indexes where indexname = 'message_words_words_idx'`)
  await database.sql('drop index message_words_words_idx')
  for (let first = 0; first < messages; first += size) {
    const batch = Array.from({ length: Math.min(size, messages - first) }, (_, offset) => {
      const number = first + offset
      const senderId = senderIds[Math.floor(random() * senderIds.length)]!
      const room = Math.floor(rooms * random() ** 3)
      const special = Object.entries(sprinkled).flatMap(([word, times]) => (number % Math.floor(messages / times) === 0 ? [word] : []))
      const content = [...(isChinese(room) ? inChinese(random) : inEnglish(random)), ...special].join(' ')
      const at = new Date(begun + (number / messages) * year)
      return { number, room, senderId, content, at, tokens: tokensOf({ senderId, content }) }
    })
    const column = <Name extends keyof (typeof batch)[0]>(name: Name) => batch.map((message) => message[name])
    await unchecked(
      database,
      `with said as (
         select ${idOf("'message' || number")} as id, ${idOf("'room' || room")} as room_id, number, sender_id, content, at, tokens
         from unnest($1::int[], $2::int[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[]) as said(number, room, sender_id, content, at, tokens)
       ), worded as (
         insert into message_words (room_id, at, message_id, words) select room_id, at, id, ${wordsFrom('tokens')} from said
       )
       insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at)
       select id, room_id, number + 1, sender_id, content, number::text, '', at from said`,
      [column('number'), column('room'), column('senderId'), column('content'), column('at'), column('tokens')],
    )
  }
  await unchecked(
    database,
    `with made as (
       insert into room (id, kind, name, member_count, created_by_id, created_at)
       select ${idOf("'room' || number")}, 'GROUP', 'Room', 1, $2, $3 from generate_series(0, $1 - 1) number returning id
     )
     insert into stream (id, head, active_at)
     select made.id, coalesce(said.count, 0), coalesce(said.last, $3)
     from made left join (select room_id, count(*), max(created_at) as last from message group by room_id) said on said.room_id = made.id`,
    [rooms, senderIds[0], new Date(begun)],
  )
  for (const [viewerId, numbers] of Object.entries(viewers))
    await unchecked(
      database,
      `insert into room_member (id, room_id, user_id, role, joined_at)
       select gen_random_uuid(), ${idOf("'room' || number")}, $1, 'MEMBER', $3 from unnest($2::int[]) number`,
      [viewerId, numbers, new Date(begun)],
    )
  // Of a million it takes longer than a statement may.
  await unchecked(database, index!.indexdef, [])
}

/** Whether a room is one of those. */
export function isChinese(room: number): boolean {
  return room % 4 === 3
}

const begun = Date.UTC(2025, 0, 1)
const year = 365 * 24 * 3_600_000

function inChinese(random: () => number): string[] {
  return [Array.from({ length: 6 + Math.floor(random() * 30) }, () => hanzi(random)).join('')]
}

function inEnglish(random: () => number): string[] {
  const words = Array.from({ length: 4 + Math.floor(random() * 16) }, () => vocabulary(random))
  return random() < 0.97 ? ['the', ...words] : words
}

/** The hundredth word is said a hundredth as often as the first. */
function vocabulary(random: () => number): string {
  const rank = Math.floor(50_000 ** random())
  const letters = Array.from(
    { length: 2 + (rank % 3) },
    (_, place) => syllables[(rank * (place * 2 + 7) + (rank >> (place * 3))) % syllables.length],
  )
  return letters.join('') + rank.toString(36)
}

function hanzi(random: () => number): string {
  return String.fromCodePoint(0x4e00 + Math.floor(3000 ** random()))
}

const syllables = ['ba', 'do', 'ke', 'li', 'mu', 'na', 'po', 're', 'si', 'ta', 'vu', 'wo', 'xa', 'ze', 'ro', 'qui']

/** The same numbers each time. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

async function unchecked({ transaction }: Database, statement: string, values: unknown[]): Promise<void> {
  await transaction(async (run) => {
    await run('set local session_replication_role = replica')
    await run(statement, values)
  })
}

/** By what it is, so that it can be named before it is there. */
const idOf = (name: string) => `md5(${name})::uuid`
