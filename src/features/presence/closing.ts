import type { Transaction } from '../../store/transact.ts'

/** Within the transaction that closes the person's account: what they wanted to be shown as, and when they were last seen, is gone. */
export async function forgetPresenceIn({ rows }: Transaction, personId: string): Promise<void> {
  await rows.presence.deleteMany({ where: { userId: personId } })
}
