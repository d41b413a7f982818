import type { Transaction } from '../../store/transact.ts'

/**
 * Within a transaction that holds the person's inbox and all their direct rooms, which are severed for good: their account is closed, and
 * nobody is kept away by it any more. Whoever has blocked them goes on seeing that, and may take it back.
 */
export async function unblockAllIn({ rows }: Transaction, personId: string): Promise<void> {
  await rows.block.deleteMany({ where: { blockerId: personId } })
}
