import type { CallEndReason, CallState, ParticipantState } from '../../store/generated/prisma/client.ts'

/** What can befall a call, when, and what comes of it. Whatever is not here does not happen: docs/calls.md draws it. */
export const callMoves = {
  answered: { from: ['RINGING'], to: 'ONGOING' },
  declined: { from: ['RINGING'], to: 'ENDED', endReason: 'DECLINED' },
  missed: { from: ['RINGING'], to: 'ENDED', endReason: 'MISSED' },
  cancelled: { from: ['RINGING'], to: 'ENDED', endReason: 'CANCELLED' },
  hungUp: { from: ['ONGOING'], to: 'ENDED', endReason: 'HUNG_UP' },
  lost: { from: ['RINGING', 'ONGOING'], to: 'ENDED', endReason: 'CONNECTION_LOST' },
  failed: { from: ['RINGING', 'ONGOING'], to: 'ENDED', endReason: 'FAILED' },
} as const satisfies Record<string, { from: readonly CallState[]; to: CallState; endReason?: CallEndReason }>

export type CallMove = keyof typeof callMoves

/** The same of somebody's place in a call. */
export const participantMoves = {
  answered: { from: ['RINGING'], to: 'JOINED' },
  declined: { from: ['RINGING'], to: 'DECLINED' },
  missed: { from: ['RINGING'], to: 'MISSED' },
  left: { from: ['JOINED'], to: 'LEFT' },
} as const satisfies Record<string, { from: readonly ParticipantState[]; to: ParticipantState }>

export type ParticipantMove = keyof typeof participantMoves

/** Who is in a call, or may still come. */
export interface Heads {
  readonly joined: number
  readonly ringing: number
}

/** How somebody went: of their own will; refusing, or not answering; their device no longer heard of; or no longer allowed to be there. */
export type Going = 'left' | 'declined' | 'missed' | 'lost' | 'dropped'

/** What follows for a call that is not over when somebody went, and these are still there. Undefined: it goes on. */
export function whatFollows(state: Exclude<CallState, 'ENDED'>, { joined, ringing }: Heads, going: Going): CallMove | undefined {
  if (joined > 0 && (state === 'ONGOING' || ringing > 0)) return undefined
  if (going === 'lost') return 'lost'
  if (going === 'dropped') return 'failed'
  if (state === 'ONGOING') return 'hungUp'
  return going === 'left' ? 'cancelled' : going
}
