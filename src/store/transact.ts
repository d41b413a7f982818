import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.ts'
import { isConflict, isLostConnection } from './failures.ts'
import type { Prisma } from './generated/prisma/client.ts'

/** A fact, as it is about to be appended. */
export interface Fact {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  /** It is no activity of its stream: `activeAt` stays where it was. */
  readonly isQuiet?: boolean
}

/** A fact in its place. `seq` is dense within the stream and in the order of the commits. */
export interface StoredEvent extends Fact {
  readonly streamId: string
  readonly seq: number
  readonly at: Date
}

/** What the work of a transaction may do. */
export interface Transaction {
  /** Prisma inside the transaction. Never use another connection here: with PGlite it would wait for ever. */
  readonly rows: Prisma.TransactionClient
  /** The database's clock, read after the locks were held: later for whoever commits later to the same stream. */
  readonly at: Date
  /** Locks more streams, before anything is appended. Out of their order: where two wait for each other by it, one begins anew. */
  lock(streams: readonly string[]): Promise<void>
  /** Makes a stream, which then counts as locked. */
  openStream(id: string): Promise<void>
  /** Where a stream that is locked stands, with what was appended here. */
  headOf(streamId: string): number
  /** Adds a fact to a stream that is locked, and says its place. It is there, and heard of, if and only if the transaction commits. */
  append(streamId: string, fact: Fact): number
}

export interface TransactOptions {
  /** The work has a nonce: it may be done again when the answer to its commit was lost. */
  repeatable?: boolean
}

/**
 * Runs `work` in one transaction that begins by locking `streams`, in one statement and in the order of their ids. Whatever decides must be
 * read by `work`, not before: who waited for a lock still sees, in earlier reads, the world from before. Conflicts and deadlocks are tried
 * again; after the commit `ring` is told of what was appended. A stream that does not exist is passed over: `append` to it throws.
 */
export type Transact = <Result>(streams: string[], work: (tx: Transaction) => Promise<Result>, options?: TransactOptions) => Promise<Result>

export function createTransact(database: Database, ring: (events: StoredEvent[]) => void): Transact {
  return async (streams, work, options = {}) => {
    for (let attempt = 1; ; attempt++) {
      try {
        const { result, events } = await database.prisma.$transaction((rows) => inside(rows, streams, work))
        if (events.length > 0) ring(events)
        return result
      } catch (error) {
        const again = isConflict(error) || (options.repeatable && isLostConnection(error))
        if (!again || attempt === mostAttempts) throw error
        await sleep(Math.random() * 10 * 2 ** attempt)
      }
    }
  }
}

const mostAttempts = 6

/**
 * For streams that are found by reading, such as a team's channels. They are looked for before the locks and once more under them: where that
 * finds one which is not locked, all begins anew. Whatever makes one more such stream has to lock one of them. Somebody may do so without end:
 * so from the third time on what was found last is locked as it is, and then there are no more.
 */
export async function transactFound<Result>(
  { database, transact }: { database: Database; transact: Transact },
  find: (rows: Prisma.TransactionClient) => Promise<string[]>,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const locked = new Set(await find(database.prisma))
    const result = await transact([...locked], async (tx) => {
      const missing = (await find(tx.rows)).filter((id) => !locked.has(id))
      if (missing.length === 0) return work(tx)
      if (attempt < 3) return moved
      await tx.lock(missing)
      return (await find(tx.rows)).every((id) => locked.has(id) || missing.includes(id)) ? work(tx) : moved
    })
    if (result !== moved) return result as Result
  }
  throw new Error('the streams to lock moved each time they were locked')
}

const moved = Symbol('moved')

async function inside<Result>(rows: Prisma.TransactionClient, streams: string[], work: (tx: Transaction) => Promise<Result>) {
  const held = await lock(rows, [...new Set(streams)])
  const { heads } = held
  const events: StoredEvent[] = []
  const active = new Set<string>()
  const headOf = (streamId: string): number => {
    const head = heads.get(streamId)
    if (head === undefined) throw new Error(`the stream ${streamId} is not locked: name it when calling transact`)
    return head
  }
  const result = await work({
    rows,
    get at() {
      return held.at
    },
    async lock(more) {
      if (events.length > 0) throw new Error('streams are locked before the first append')
      const added = await lock(
        rows,
        more.filter((id) => !heads.has(id)),
      )
      for (const [id, head] of added.heads) heads.set(id, head)
      held.at = added.at
    },
    async openStream(id) {
      await rows.stream.create({ data: { id, activeAt: held.at } })
      heads.set(id, 0)
    },
    headOf,
    append(streamId, { type, data, isQuiet = false }) {
      const head = headOf(streamId)
      heads.set(streamId, head + 1)
      if (!isQuiet) active.add(streamId)
      events.push({ streamId, seq: head + 1, type, data, at: held.at })
      return head + 1
    },
  })
  if (events.length > 0) await write(rows, events, [...active])
  return { result, events }
}

async function lock(rows: Prisma.TransactionClient, streams: string[]): Promise<{ heads: Map<string, number>; at: Date }> {
  // The clock is asked outside the locking part, so once for each lock held; the last answer is later than all of them.
  const locked = await rows.$queryRaw<{ id: string | null; head: number | null; at: Date }[]>`
    with locked as materialized (select id, head from stream where id = any(${streams}::uuid[]) order by id for no key update)
    select id::text, head, clock_timestamp()::timestamptz(3) as at from locked
    union all select null, null, clock_timestamp()::timestamptz(3)`
  const heads = new Map(locked.flatMap(({ id, head }) => (id === null || head === null ? [] : [[id, head] as const])))
  return { heads, at: new Date(Math.max(...locked.map(({ at }) => at.getTime()))) }
}

async function write(rows: Prisma.TransactionClient, events: StoredEvent[], active: string[]): Promise<void> {
  const column = <Value>(read: (event: StoredEvent) => Value) => events.map(read)
  await rows.$executeRaw`
    with added as (
      select * from unnest(${column((event) => event.streamId)}::uuid[], ${column((event) => event.seq)}::int[],
        ${column((event) => event.type)}::text[], ${column((event) => JSON.stringify(event.data))}::text[]) as t(stream_id, seq, type, data)
    ), raised as (
      update stream set head = heads.head, active_at = case when id = any(${active}::uuid[]) then ${events[0]!.at} else active_at end
      from (select stream_id, max(seq) as head from added group by stream_id) as heads where stream.id = heads.stream_id
    )
    insert into event (stream_id, seq, type, data, at) select stream_id, seq, type, data::jsonb, ${events[0]!.at} from added`
}
