import { notFound } from '../../lib/refusal.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'

/** That they all have an account: inside a transaction that holds their inboxes they go on having it. */
export async function requireUser(rows: Prisma.TransactionClient, ...userIds: string[]): Promise<void> {
  if ((await rows.user.count({ where: { id: { in: userIds }, deletedAt: null } })) < userIds.length) throw notFound('user')
}
