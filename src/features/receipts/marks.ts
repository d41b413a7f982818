import type { Limits } from '../../graphql/limits.ts'
import { repeat } from '../../lib/timers.ts'
import type { Database } from '../../store/database.ts'
import type { Transact } from '../../store/transact.ts'
import { tellMarksIn, waitToTell } from './telling.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly marks: Marks
  }
}

/**
 * Tells rooms of the marks that moved in them, at most once in `everyMs` each, whichever node moved them.
 *
 * - Who moves a mark in a room that is due tells it themself. `defer` is for all others: this node tells the room when it is due, of everything
 *   that has moved until then.
 * - What no node told in time, since one is gone, every node finds within two ticks. Whoever is first under the room's lock tells it; the
 *   others find nothing untold.
 * - `close` waits for the telling under way; what was deferred is left to the others, or to the next start.
 */
export interface Marks {
  readonly everyMs: number
  defer(roomId: string): void
}

export interface MarksOptions {
  readonly limits: Limits
  readonly marksEveryMs: number
  readonly marksTickMs: number
  readonly onTrouble: (error: unknown) => void
}

export interface OwnedMarks extends Marks {
  close(): Promise<void>
}

export function createMarks(database: Database, transact: Transact, options: MarksOptions): OwnedMarks {
  const { limits, marksEveryMs: everyMs, marksTickMs, onTrouble } = options
  const timers = new Map<string, NodeJS.Timeout>()
  const working = new Set<Promise<void>>()
  let isClosed = false

  const defer = (roomId: string, waitMs = everyMs): void => {
    if (isClosed || timers.has(roomId) || timers.size === mostDeferred) return
    const timer = setTimeout(() => {
      timers.delete(roomId)
      run(() => tell(roomId))
    }, waitMs)
    timers.set(roomId, timer.unref())
  }

  async function tell(roomId: string): Promise<void> {
    const waitMs = await transact([roomId], async (tx) => {
      const wait = await waitToTell(tx, roomId, everyMs)
      if (wait === 0) await tellMarksIn(tx, roomId, limits)
      return wait
    })
    // Somebody else told it meanwhile, perhaps before all had moved of which this node knows.
    if (waitMs > 0) defer(roomId, waitMs)
  }

  async function tellForgotten(): Promise<void> {
    for (const roomId of await findForgotten(database, marksTickMs)) {
      if (isClosed) return
      // One that fails holds up none of the others, and is found again.
      await tell(roomId).catch(onTrouble)
    }
  }

  function run(work: () => Promise<void>): void {
    const job = work()
      .catch(onTrouble)
      .finally(() => working.delete(job))
    working.add(job)
  }

  const ticking = repeat(tellForgotten, marksTickMs, onTrouble)
  return {
    everyMs,
    defer: (roomId) => defer(roomId),
    async close() {
      isClosed = true
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      await Promise.all([...working, ticking.close()])
    },
  }
}

/** Rooms that a node remembers to tell; more are left to the ticks. */
const mostDeferred = 10_000

/** Rooms told a tick at most: more wait for the next. */
const atOnce = 1000

async function findForgotten({ sql }: Database, olderThanMs: number): Promise<string[]> {
  const rows = await sql<{ roomId: string }>(
    `select distinct room_id as "roomId" from read_mark where not is_told and at < now() - make_interval(secs => $1::float / 1000) limit $2`,
    [olderThanMs, atOnce],
  )
  return rows.map(({ roomId }) => roomId)
}
