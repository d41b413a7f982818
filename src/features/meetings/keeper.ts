import { encodeId } from '../../graphql/ids.ts'
import { repeat } from '../../lib/timers.ts'
import type { Database } from '../../store/database.ts'
import { isLostConnection } from '../../store/failures.ts'
import type { Transact } from '../../store/transact.ts'
import { claimDue, type Due, dueAtOnce, settleDue } from './due.ts'
import type { MeetingTerms } from './terms.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly meetings: Meetings
  }
}

/**
 * Meetings begin, end, come round and remind at their times: every node looks for those in which something is due.
 *
 * - All times stand in the database and are its own: no node that dies takes one with it, and of many that find the same due one acts.
 * - A meeting that cannot be seen to keeps no other one from it, and is tried again.
 * - `close` waits for the one that is under way.
 */
export interface Meetings {
  readonly terms: MeetingTerms
  /** The address of a meeting, for people to hand on. */
  linkTo(meetingId: string): string
}

export interface OwnedMeetings extends Meetings {
  /** Does now what every `meetingTickMs` is done. */
  tick(): Promise<void>
  close(): Promise<void>
}

export interface MeetingsOptions extends MeetingTerms {
  readonly meetingTickMs: number
  /** Where clients reach this server. */
  readonly base: () => string
  readonly onTrouble: (error: unknown) => void
}

export function createMeetings(database: Database, transact: Transact, options: MeetingsOptions): OwnedMeetings {
  const { meetingTickMs, meetingClaimMs, base, onTrouble } = options
  let isClosed = false

  /** At nine on a Monday more is due than one claim brings. */
  async function look(): Promise<void> {
    for (let found = dueAtOnce; found === dueAtOnce && !isClosed; ) {
      const claimed = await claimDue(database, meetingClaimMs)
      for (const due of claimed) if (!isClosed) await settle(due)
      found = claimed.length
    }
  }

  async function settle(due: Due): Promise<void> {
    try {
      await settleDue({ database, transact }, due, options)
    } catch (error) {
      if (isLostConnection(error)) throw error
      onTrouble(error)
    }
  }

  const looking = repeat(look, meetingTickMs, onTrouble)
  return {
    terms: options,
    linkTo: (meetingId) => `${base()}/meetings/${encodeId('Meeting', meetingId)}`,
    tick: look,
    close() {
      isClosed = true
      return looking.close()
    },
  }
}
