import { defineFact } from '../../graphql/facts.ts'

/** Their name or address changed, or another device of theirs signed in. */
export const viewerUpdated = defineFact<Record<never, never>>('ViewerUpdated', { refersTo: () => [] })

export interface SessionEndedData extends Record<string, unknown> {
  readonly sessionId: string
  /** Absent when a stolen refresh token ended it. */
  readonly actorId?: string
}

export const sessionEnded = defineFact<SessionEndedData>('SessionEnded', { refersTo: () => [] })
