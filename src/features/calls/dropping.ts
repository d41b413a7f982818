import { runBy } from '../../store/database.ts'
import type { Transaction } from '../../store/transact.ts'
import { canCall } from '../rooms/policy.ts'
import { readStandings } from '../rooms/standing.ts'

/** Whose places in which rooms' calls. */
export interface Dropping {
  readonly roomIds: readonly string[]
  /** Absent: everybody's. */
  readonly userId?: string
}

/**
 * Within a transaction that holds these rooms, or that person's inbox: who has lost the right to be in their calls. From here on they send and hear no signals; the
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

/** As `dropFromCallsIn`, after somebody's role was changed: whoever runs a room no longer is silenced again by a mute from before. */
export async function dropSilencedIn(tx: Transaction, { roomIds, userId }: Required<Dropping>): Promise<void> {
  const standings = await readStandings(
    runBy(tx.rows),
    roomIds.map((roomId) => ({ roomId, userId })),
  )
  const silenced = standings.filter((standing) => !canCall(standing)).map(({ roomId }) => roomId)
  if (silenced.length > 0) await dropFromCallsIn(tx, { roomIds: silenced, userId })
}
