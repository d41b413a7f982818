import type { SystemMessageKind } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { postIn } from './posting.ts'

export interface SystemMessage {
  readonly roomId: string
  /** Whom it tells of. Their name is not in the content: it may change, and goes with the account. */
  readonly senderId: string
  readonly kind: SystemMessageKind
  /** In English. */
  readonly content: string
}

/** Within a transaction that holds the room's stream. */
export async function saySystemIn(tx: Transaction, { kind, ...message }: SystemMessage): Promise<void> {
  await postIn(tx, { ...message, systemKind: kind })
}
