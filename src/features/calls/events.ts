import { defineFact } from '../../graphql/facts.ts'
import { userById } from '../accounts/queries.ts'
import { callById, participantById, participantsOf } from './queries.ts'

interface AboutCall extends Record<string, unknown> {
  callId: string
  /** Null where nobody did it: time ran out. */
  actorId: string | null
}

// In the room's stream.

export const callStarted = defineFact<AboutCall>('CallStarted', { refersTo: refersToCall })

/** `participantId`: whose place in it is another; null where several are. */
export const callUpdated = defineFact<AboutCall & { participantId: string | null }>('CallUpdated', {
  refersTo: (about) => [...refersToCall(about), ...(about.participantId === null ? [] : [[participantById, about.participantId] as const])],
})

export const callEnded = defineFact<AboutCall>('CallEnded', { refersTo: refersToCall })

// In a person's inbox.

export const callRinging = defineFact<{ callId: string; participantId: string }>('CallRinging', {
  refersTo: ({ callId, participantId }) => [...refersToCall({ callId, actorId: null }), [participantById, participantId]],
})

/** What a ring ends by: as `RingEndReason`, but that ANSWERED is said to one device, and ANSWERED_ELSEWHERE to all others. */
export type RingEnd = 'ANSWERED' | 'DECLINED' | 'MISSED' | 'CANCELLED' | 'FAILED'

/** `sessionId`: under which it was answered. From here on no replay shows that it rings, also one from memory. */
export const callStoppedRinging = defineFact<{ callId: string; reason: RingEnd; sessionId?: string }>('CallStoppedRinging', {
  refersTo: ({ callId }) => refersToCall({ callId, actorId: null }),
  outdates: ({ callId }) => callId,
})

// In a participant's stream.

/** `payload` is JSON as text: so it comes out as it went in, and may hold what the database would not take as JSON. */
export const callSignal = defineFact<{ fromId: string; kind: string; payload: string }>('CallSignal', {
  refersTo: ({ fromId }) => [[participantById, fromId]],
})

/** The last word of the stream, shown to nobody: who follows it may no longer. */
export const signalsEnded = defineFact<{ userId: string }>('SignalsEnded', { refersTo: () => [] })

function refersToCall({ callId, actorId }: AboutCall) {
  return [[callById, callId] as const, [participantsOf, callId] as const, ...(actorId === null ? [] : [[userById, actorId] as const])]
}
