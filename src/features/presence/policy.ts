import type { PresenceStatus } from '../../store/generated/prisma/client.ts'

/** What is known of somebody, of one moment, with what has lapsed left out. */
export interface PersonPresence {
  readonly userId: string
  /** Their account is closed. */
  readonly isClosed: boolean
  readonly isThere: boolean
  /** What they want to be shown as while they are there; OFFLINE: not at all. */
  readonly wanted: PresenceStatus
  readonly text: string | null
  readonly lastSeenAt: Date | null
}

/** What somebody is shown of it. */
export interface ShownPresence {
  readonly userId: string
  readonly status: PresenceStatus
  readonly text: string | null
  readonly lastSeenAt: Date | null
}

/**
 * Whoever may not see it is shown what there is to see of somebody who was never there. Being invisible looks like being gone: also its text
 * stays, as it does when somebody goes.
 */
export function shownOf(presence: PersonPresence, maySee: boolean): ShownPresence {
  const { userId, isClosed, isThere, wanted, text, lastSeenAt } = presence
  if (!maySee || isClosed) return { userId, status: 'OFFLINE', text: null, lastSeenAt: null }
  if (isThere && wanted !== 'OFFLINE') return { userId, status: wanted, text, lastSeenAt: null }
  return { userId, status: 'OFFLINE', text, lastSeenAt }
}

export function isSame(one: ShownPresence, other: ShownPresence): boolean {
  return one.status === other.status && one.text === other.text && one.lastSeenAt?.getTime() === other.lastSeenAt?.getTime()
}
