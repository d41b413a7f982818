import type { Transaction } from '../../store/transact.ts'

/** Whose places in which rooms' calls. */
export interface Dropping {
  readonly roomIds: readonly string[]
  /** Absent: everybody's. */
  readonly userId?: string
}

/**
 * Within a transaction that holds these rooms: who has lost the right to be in their calls. From here on they send and hear no signals; the
 * next tick of any node takes them out, which ends the call where that follows. Not here: the streams of all who would hear of it are not held.
 */
export async function dropFromCallsIn({ rows, at }: Transaction, { roomIds, userId }: Dropping): Promise<void> {
  await rows.callParticipant.updateMany({
    where: {
      state: { in: ['RINGING', 'JOINED'] },
      call: { roomId: { in: [...roomIds] }, state: { not: 'ENDED' } },
      ...(userId !== undefined && { userId }),
    },
    data: { dueAt: at, isDropped: true },
  })
}
