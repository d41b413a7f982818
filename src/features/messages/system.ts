import type { SystemMessageKind } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { placeIn } from './posting.ts'

export interface SystemMessage {
  /** Whom it tells of. Their name is not in the content: it may change, and goes with the account. */
  readonly senderId: string
  readonly kind: SystemMessageKind
  /** In English. */
  readonly content: string
}

/** Within a transaction that holds the room's stream. */
export function saySystemIn(tx: Transaction, { roomId, ...message }: SystemMessage & { readonly roomId: string }): Promise<void> {
  return saySystemInEach(tx, [roomId], message)
}

/** Within a transaction that holds the streams of these rooms: the same in each of them. */
export async function saySystemInEach(tx: Transaction, roomIds: readonly string[], { kind, ...message }: SystemMessage): Promise<void> {
  await tx.rows.message.createMany({ data: roomIds.map((roomId) => placeIn(tx, { ...message, roomId, systemKind: kind })) })
}
