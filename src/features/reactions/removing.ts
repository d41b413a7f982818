import type { Transaction } from '../../store/transact.ts'

/** For messages that go: their own event tells of it. */
export async function removeReactionsIn({ rows }: Transaction, messageId: string): Promise<void> {
  await rows.reaction.deleteMany({ where: { messageId } })
}
