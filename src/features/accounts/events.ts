import { defineFact } from '../../graphql/facts.ts'

/**
 * What is theirs alone changed: their profile, a setting, whom they block; or another device of theirs signed in. `roomId`: where it makes a
 * difference.
 */
export const viewerUpdated = defineFact<{ roomId?: string }>('ViewerUpdated', { refersTo: () => [] })

/** The account is closed. The ends of its sessions follow, and whatever else is told after them nobody hears. */
export const accountClosed = defineFact<Record<never, never>>('AccountClosed', { refersTo: () => [] })

export interface SessionEndedData extends Record<string, unknown> {
  readonly sessionId: string
  /** Absent when a stolen refresh token ended it. */
  readonly actorId?: string
}

export const sessionEnded = defineFact<SessionEndedData>('SessionEnded', { refersTo: () => [] })
