import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../store/database.ts'
import { tokensOf } from './tokens.ts'
import { type Worded, wordsFrom } from './writing.ts'

export interface FillingOptions {
  /** How long nothing is tried after it failed. */
  readonly pauseMs?: number
  readonly onTrouble: (error: unknown) => void
}

/**
 * Makes findable what was said before there was a search: the database remembers how far that has come, and nothing is left to do once it is
 * through. Any number of nodes may do it at once, each in its turn. Closing waits for the messages under way.
 */
export function fillInWords(database: Database, { pauseMs = 10_000, onTrouble }: FillingOptions): { close(): Promise<void> } {
  const closing = new AbortController()
  const isClosed = () => closing.signal.aborted
  async function fill(): Promise<void> {
    while (!isClosed()) {
      try {
        if (!(await fillSome(database))) return
      } catch (error) {
        if (isClosed()) return
        onTrouble(error)
        await sleep(pauseMs, undefined, { signal: closing.signal, ref: false }).catch(() => {})
      }
    }
  }
  const filling = fill()
  return {
    async close() {
      closing.abort()
      await filling
    },
  }
}

/**
 * The next messages, the newest first, as their ids have it; false once there are none. It locks them: an edit that comes meanwhile waits, and
 * replaces the words; one that was sooner is read. Whatever has words already keeps them.
 */
export function fillSome(database: Database, most = 500): Promise<boolean> {
  return database.transaction(async (run) => {
    const [position] = await run<{ value: string }>(`select value from setting where name = 'searchFilledDownTo' for update`, [])
    if (!position) return false
    const messages = await run<Worded & { isSaid: boolean }>(
      `select id, room_id as "roomId", created_at as "createdAt", sender_id as "senderId", content,
         deleted_at is null and system_kind is null as "isSaid"
       from message where id < $1::uuid order by id desc limit $2 for no key update`,
      [position.value, most],
    )
    const said = messages.filter(({ isSaid }) => isSaid)
    await run(
      `insert into message_words (room_id, at, message_id, words)
       select room_id, at, message_id, ${wordsFrom('tokens')}
       from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[]) as said(room_id, at, message_id, tokens)
       on conflict (room_id, at, message_id) do nothing`,
      [said.map(({ roomId }) => roomId), said.map(({ createdAt }) => createdAt), said.map(({ id }) => id), said.map(tokensOf)],
    )
    const last = messages.at(-1)
    if (last) await run(`update setting set value = $1 where name = 'searchFilledDownTo'`, [last.id])
    else await run(`delete from setting where name = 'searchFilledDownTo'`, [])
    return last !== undefined
  })
}
