import type { Call } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { wakeIn } from '../meetings/waking.ts'
import { saySystemIn } from '../messages/system.ts'
import { callEnded, callStoppedRinging, callUpdated } from './events.ts'
import { type CallMove, type Going, type Heads, whatFollows } from './moves.ts'
import { leaveIn, moveCallIn, movePlacesIn } from './moving.ts'

/** Who went from a call, how, and by whom. */
export interface Gone {
  readonly going: Going
  /** Their places in it. */
  readonly places: readonly string[]
  /** Null: time ran out. */
  readonly actorId: string | null
}

/** Within a transaction as `inCall` makes: ends the call if that follows from who went, and else tells the room of them. */
export async function followIn(tx: Transaction, callId: string, { going, places, actorId }: Gone, forgetMs: number): Promise<void> {
  const call = await tx.rows.call.findUniqueOrThrow({ where: { id: callId } })
  if (call.state === 'ENDED') return
  const move = whatFollows(call.state, await headsIn(tx, callId), going)
  if (move) return endIn(tx, call, move, actorId, forgetMs)
  tx.append(call.roomId, callUpdated({ callId, participantId: places.length === 1 ? places[0]! : null, actorId }))
}

/** Within a transaction as `inCall` makes. Where the call was ended already nothing happens, and nobody hears of it. */
export async function endIn(tx: Transaction, call: Call, move: CallMove, actorId: string | null, forgetMs: number): Promise<void> {
  if (!(await moveCallIn(tx, call.id, move))) return
  await leaveIn(tx, { callId: call.id }, forgetMs)
  for (const { userId } of await movePlacesIn(tx, { callId: call.id }, 'missed'))
    tx.append(userId, callStoppedRinging({ callId: call.id, reason: move === 'failed' ? 'FAILED' : 'CANCELLED' }))
  tx.append(call.roomId, callEnded({ callId: call.id, actorId }))
  if (call.meetingId === null) await saySystemIn(tx, { roomId: call.roomId, senderId: call.startedById, ...wordsOf(call, move) })
  else await wakeIn(tx, call.meetingId)
}

function wordsOf({ state }: Call, move: CallMove) {
  if (state === 'ONGOING') return { kind: 'CALL_ENDED', content: 'The call has ended.' } as const
  if (move === 'declined') return { kind: 'CALL_ENDED', content: 'The call was declined.' } as const
  return { kind: 'CALL_MISSED', content: 'The call was missed.' } as const
}

async function headsIn({ rows }: Transaction, callId: string): Promise<Heads> {
  const [joined, ringing] = [
    await rows.callParticipant.count({ where: { callId, state: 'JOINED' } }),
    await rows.callParticipant.count({ where: { callId, state: 'RINGING' } }),
  ]
  return { joined, ringing }
}
