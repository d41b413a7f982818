import type { Database } from '../../src/store/database.ts'

export interface Filling {
  readonly roomId: string
  readonly messages: number
  /** Who says them, in turn. */
  readonly senderIds: readonly string[]
  /** So many others have two messages each. Of these rooms there is nothing else. */
  readonly roomsAround: number
}

/**
 * Fills an empty room on Postgres in seconds: in one statement, past foreign keys and the log. The messages of a page lie on as many pages of
 * the disk, as where many rooms talk at once.
 *
 * Each twentieth message is a reply, in a thread of its own under the one before. In the middle of the room, for a twentieth of its length,
 * there are nothing but replies in one thread, under its first message. Answers the id of that.
 */
export function fillRoom({ transaction }: Database, { roomId, messages, senderIds, roomsAround }: Filling): Promise<string> {
  return transaction(async (run) => {
    await run('set local session_replication_role = replica')
    await run(
      `insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at, thread_id)
       select ${idOf('seq')}, room_id, seq, ($3::uuid[])[1 + seq % cardinality($3::uuid[])], repeat('As people talk. ', 1 + seq % 16), seq::text, '',
         now(), case when seq >= most * 9 / 20 and seq < most / 2 then ${idOf('1')} when seq % 20 = 0 then ${idOf('seq - 1')} end
       from (select $1::uuid, $2::int union all select gen_random_uuid(), 2 from generate_series(1, $4)) as filling(room_id, most),
         generate_series(1, most) seq
       order by md5(seq::text || room_id)`,
      [roomId, messages, senderIds, roomsAround],
    )
    await run(
      `insert into thread (id, room_id, reply_count, last_reply_at)
       select thread_id, $1, count(*), now() from message where room_id = $1 and thread_id is not null group by thread_id`,
      [roomId],
    )
    await run('update stream set head = $2 where id = $1', [roomId, messages])
    const [first] = await run<{ id: string }>('select id from message where room_id = $1 and seq = 1', [roomId])
    return first!.id
  })
}

/** By room and place, so that threads can be named before there are rows. */
const idOf = (seq: string) => `md5(room_id::text || (${seq})::text)::uuid`
