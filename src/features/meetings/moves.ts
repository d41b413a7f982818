import type { MeetingStatus } from '../../store/generated/prisma/client.ts'

/** What can befall a meeting, when, and what comes of it. Whatever is not here does not happen: docs/meetings.md draws it. */
export const meetingMoves = {
  /** Somebody is there, and it is time. */
  began: { from: ['SCHEDULED'], to: 'IN_PROGRESS' },
  /** Its end passed, and nobody was there; or its last one left after its end. */
  ended: { from: ['SCHEDULED', 'IN_PROGRESS'], to: 'COMPLETED' },
  /** Of a series: what ended was not its last occurrence. Or it was put off while it ran. */
  cameRound: { from: ['SCHEDULED', 'IN_PROGRESS'], to: 'SCHEDULED' },
  cancelled: { from: ['SCHEDULED', 'IN_PROGRESS'], to: 'CANCELLED' },
} as const satisfies Record<string, { from: readonly MeetingStatus[]; to: MeetingStatus }>

export type MeetingMove = keyof typeof meetingMoves

/** Where a meeting is after a move. One that is not legal is a mistake of ours. */
export function moved(status: MeetingStatus, move: MeetingMove): MeetingStatus {
  const { from, to } = meetingMoves[move]
  if (!(from as readonly MeetingStatus[]).includes(status)) throw new Error(`a meeting that is ${status} cannot be moved by ${move}`)
  return to
}
