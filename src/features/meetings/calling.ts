import type { Call, Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { endIn } from '../calls/ending.ts'
import { streamsOf } from '../calls/scene.ts'

/** The call in which a meeting takes place now. */
export function findLiveCall(rows: Prisma.TransactionClient, meetingId: string): Promise<Call | null> {
  return rows.call.findFirst({ where: { meetingId, state: { not: 'ENDED' } } })
}

/** What has to be locked, besides the meeting's room, to end its call. */
export async function streamsOfCallOf(rows: Prisma.TransactionClient, meetingId: string): Promise<string[]> {
  const call = await findLiveCall(rows, meetingId)
  return call ? streamsOf(rows, call.id) : []
}

/** Within a transaction that holds the room and `streamsOfCallOf` the meeting: whoever is in its call is in it no longer. */
export async function endCallOfIn(tx: Transaction, meetingId: string, actorId: string, forgetMs: number): Promise<void> {
  const call = await findLiveCall(tx.rows, meetingId)
  if (call) await endIn(tx, call, 'hungUp', actorId, forgetMs)
}
