import DataLoader from 'dataloader'
import type { Database } from '../store/database.ts'
import type { StoredEvent } from '../store/transact.ts'

/** The truth about every stream: what was appended, in its order. */
export interface Log {
  /** The seq of the stream's last event, read now; undefined when there is no such stream. Asked for in one tick, read in one statement. */
  head(streamId: string): Promise<number | undefined>
  heads(streamIds: readonly string[]): Promise<Map<string, number>>
  /** Up to `limit` events after `seq`, dense and in order, beginning with the first that is still kept. */
  after(streamId: string, seq: number, limit: number): Promise<StoredEvent[]>
  /** Lets go of events older than this many days, a bounded number at a time; answers how many went. */
  sweep(days: number, most: number): Promise<number>
}

export function createLog(database: Database): Log {
  const heads = new DataLoader<string, number | undefined>(
    async (ids) => {
      const found = await readHeads(database, ids)
      return ids.map((id) => found.get(id))
    },
    { cache: false, maxBatchSize: 2000 },
  )
  return {
    head: (streamId) => heads.load(streamId),
    heads: (streamIds) => readHeads(database, streamIds),
    after: (streamId, seq, limit) =>
      database.sql<StoredEvent>(
        `select stream_id as "streamId", seq, type, data, at from event where stream_id = $1 and seq > $2 order by seq limit $3`,
        [streamId, seq, limit],
      ),
    async sweep(days, most) {
      const gone = await database.sql(
        `delete from event where (stream_id, seq) in
           (select stream_id, seq from event where at < now() - make_interval(days => $1) order by at limit $2) returning 1`,
        [days, most],
      )
      return gone.length
    },
  }
}

async function readHeads(database: Database, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await database.sql<{ id: string; head: number }>('select id, head from stream where id = any($1::uuid[])', [ids])
  return new Map(rows.map(({ id, head }) => [id, head]))
}
