import { defineFact } from '../../graphql/facts.ts'

/** What they may see, name or address changed: on another device of theirs, for instance. */
export const viewerUpdated = defineFact<Record<never, never>>('ViewerUpdated', { refersTo: () => [] })

export interface SessionEndedData extends Record<string, unknown> {
  readonly sessionId: string
  /** Absent when a stolen refresh token ended it. */
  readonly actorId?: string
}

export const sessionEnded = defineFact<SessionEndedData>('SessionEnded', { refersTo: () => [] })
