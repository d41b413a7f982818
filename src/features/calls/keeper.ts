import { repeat } from '../../lib/timers.ts'
import type { Database } from '../../store/database.ts'
import { isLostConnection } from '../../store/failures.ts'
import type { Transact } from '../../store/transact.ts'
import { claimDue, type Due, forgetStreams, settleDue } from './due.ts'
import type { IceTerms } from './ice.ts'
import { noSfu, type SfuTerms } from './sfu.ts'
import type { CallTerms } from './terms.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly calls: Calls
  }
}

/**
 * Who is in a call is who follows their signals. This node says so of those who do here, and every node looks for what is due.
 *
 * - Whoever follows is in no danger while their node says so each `callRefreshMs`. When they stop, or their node is killed, at least
 *   `callGraceMs` go by, and at most a refresh and a tick more, before they have left.
 * - All times stand in the database and are its own: no node that dies takes a deadline with it, and of many that find the same due one acts.
 * - A node that could not reach the database, or waited for it or stood still itself for long, ends nobody's call before all others, and it
 *   too, have had the time to say who is with them.
 * - A call that cannot be seen to keeps no other one from it.
 * - `close` waits for what is under way. Whoever is here then has `callGraceMs` to come back elsewhere.
 */
export interface Calls {
  readonly terms: CallTerms
  readonly ice: IceTerms
  readonly sfu: SfuTerms
  /** The device of this participant follows its signals here, until what it resolves with is called. */
  attend(participantId: string): Promise<() => void>
}

export interface OwnedCalls extends Calls {
  /** Does now what every `callTickMs` is done. */
  tick(): Promise<void>
  close(): Promise<void>
}

export interface CallsOptions extends CallTerms, IceTerms {
  readonly callTickMs: number
  /** Absent: all calls are peer to peer. */
  readonly sfu?: SfuTerms
  readonly onTrouble: (error: unknown) => void
}

export function createCalls(database: Database, transact: Transact, options: CallsOptions): OwnedCalls {
  const { callTickMs, callRefreshMs, callGraceMs, onTrouble } = options
  /** How many subscriptions each participant has here. */
  const attending = new Map<string, number>()
  const working = new Set<Promise<void>>()
  let quietUntil = 0
  /** When it last looked, or had seen to something. */
  let lookedAt = performance.now()

  const refresh = (ids: readonly string[]) =>
    database.sql(
      `update call_participant set due_at = now() + make_interval(secs => $2::float / 1000)
       where id = any($1::uuid[]) and state = 'JOINED' and not is_dropped returning 1`,
      [ids, callRefreshMs + callGraceMs],
    )
  const lose = (id: string) =>
    database.sql(
      `update call_participant set due_at = least(due_at, now() + make_interval(secs => $2::float / 1000))
       where id = $1 and state = 'JOINED' returning 1`,
      [id, callGraceMs],
    )

  /** Up to then nobody who is heard of each `callRefreshMs` can have become due meanwhile. */
  const wasAway = () => performance.now() - lookedAt > callTickMs + callGraceMs
  const beQuiet = () => {
    quietUntil = performance.now() + 2 * callRefreshMs
  }

  async function look(): Promise<void> {
    if (wasAway()) beQuiet()
    if (performance.now() >= quietUntil) {
      await forgetStreams(database)
      const found = await claimDue(database, options.callClaimMs)
      // The database answers again after a while: what it was asked then holds no more, and the claims lapse.
      if (wasAway()) beQuiet()
      else for (const due of found) await settle(due)
    }
    lookedAt = performance.now()
  }

  async function settle(due: Due): Promise<void> {
    try {
      await settleDue({ database, transact }, due, options)
    } catch (error) {
      if (isLostConnection(error)) throw error
      onTrouble(error)
    }
    lookedAt = performance.now()
  }

  const lookOnce = () =>
    look().catch((error) => {
      beQuiet()
      throw error
    })

  function run(work: () => Promise<unknown>): void {
    const job = work()
      .then(() => {}, onTrouble)
      .finally(() => working.delete(job))
    working.add(job)
  }

  const looking = repeat(lookOnce, callTickMs, onTrouble)
  const refreshing = setInterval(() => {
    if (attending.size > 0) run(() => refresh([...attending.keys()]))
  }, callRefreshMs).unref()

  return {
    terms: options,
    ice: options,
    sfu: options.sfu ?? noSfu,
    async attend(participantId) {
      attending.set(participantId, (attending.get(participantId) ?? 0) + 1)
      const leave = () => {
        const left = attending.get(participantId)! - 1
        if (left > 0) return void attending.set(participantId, left)
        attending.delete(participantId)
        run(() => lose(participantId))
      }
      try {
        await refresh([participantId])
      } catch (error) {
        leave()
        throw error
      }
      return leave
    },
    tick: lookOnce,
    async close() {
      clearInterval(refreshing)
      await Promise.all([...working, looking.close()])
    },
  }
}
