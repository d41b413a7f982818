import { createHash, randomUUID } from 'node:crypto'
import pg from 'pg'

/** Sends as one would write them by hand: one statement a send, in this process, with nothing between it and the database. */
export interface OneCte {
  /** Resolves when it is committed. The ids are those of rows. */
  say(roomId: string, senderId: string, content: string): Promise<void>
  close(): Promise<void>
}

export function openOneCte(databaseUrl: string, connections: number): OneCte {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections })
  return {
    async say(roomId, senderId, content) {
      const hash = createHash('sha256').update(content).digest('hex')
      const { rows } = await pool.query({
        name: 'send',
        text: statement,
        values: [roomId, senderId, randomUUID(), randomUUID(), hash, content],
      })
      if (rows.length !== 1) throw new Error('Not sent.')
    },
    close: () => pool.end(),
  }
}

/**
 * Locks the stream, looks at the membership and the nonce, raises the head, writes the message and its event. As one statement it is right
 * only as long as nobody leaves: its other parts see the world from before it waited for the lock.
 */
const statement = `
  with locked as materialized (
    select id, head from stream where id = $1::uuid for no key update
  ), allowed as materialized (
    select 1 from room_member where room_id = $1::uuid and user_id = $2::uuid and left_at is null
  ), stored as materialized (
    select id, seq, created_at from message where sender_id = $2::uuid and room_id = $1::uuid and nonce = $4::text
  ), raised as (
    update stream set head = stream.head + 1, active_at = now() from locked
    where stream.id = locked.id and exists (select from allowed) and not exists (select from stored) returning stream.head
  ), added as (
    insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at)
    select $3::uuid, $1::uuid, head, $2::uuid, $6::text, $4::text, $5::text, now() from raised returning id, seq, created_at
  ), logged as (
    insert into event (stream_id, seq, type, data, at)
    select $1::uuid, seq, 'MessageAdded', jsonb_build_object('messageId', id, 'actorId', $2::uuid), created_at from added
  )
  select id, seq, created_at from added union all select id, seq, created_at from stored`
