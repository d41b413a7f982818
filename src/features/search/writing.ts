import { runBy } from '../../store/database.ts'
import type { Message } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { tokensOf } from './tokens.ts'

/** A message by what its words are kept under, and what they are made of. */
export type Worded = Pick<Message, 'id' | 'roomId' | 'createdAt' | 'senderId' | 'content'>

/** The value of `words`, from a text of `tokensOf`. */
export const wordsFrom = (tokens: string) => `array_to_tsvector(string_to_array(${tokens}, ' '))`

/**
 * Within the transaction that writes the message, and after it is written: from its commit on it is found by what it says now, and by nothing
 * else. What the database's own way does for most messages, for the others.
 */
export async function makeFindableIn({ rows }: Transaction, message: Worded): Promise<void> {
  const { id, roomId, createdAt } = message
  await runBy(rows)(
    `insert into message_words (room_id, at, message_id, words) values ($1::uuid, $2::timestamptz, $3::uuid, ${wordsFrom('$4::text')})
     on conflict (room_id, at, message_id) do update set words = excluded.words`,
    [roomId, createdAt, id, tokensOf(message)],
  )
}

/** Within the transaction that deletes the message, and after it has: no search finds it. */
export async function makeUnfindableIn({ rows }: Transaction, { id: messageId, roomId, createdAt: at }: Worded): Promise<void> {
  await rows.messageWords.deleteMany({ where: { roomId, at, messageId } })
}
