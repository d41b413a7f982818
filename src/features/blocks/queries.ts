import type { Database } from '../../store/database.ts'
import type { Prisma, User } from '../../store/generated/prisma/client.ts'

/** Whether one of the two has blocked the other, of the person and any of these people. Which of them is nobody's to know. */
export async function areAtOdds(rows: Prisma.TransactionClient, person: string, others: readonly string[]): Promise<boolean> {
  const blocks = await rows.block.count({
    where: {
      OR: [
        { blockerId: person, blockedId: { in: [...others] } },
        { blockedId: person, blockerId: { in: [...others] } },
      ],
    },
  })
  return blocks > 0
}

/** Whom the person has blocked, the last one first. */
export function readBlocked({ sql }: Database, personId: string, most: number): Promise<User[]> {
  return sql(
    `select u.id, u.handle, u.name, u.created_at as "createdAt", u.deleted_at as "deletedAt"
     from block b join app_user u on u.id = b.blocked_id where b.blocker_id = $1 order by b.created_at desc, u.id desc limit $2`,
    [personId, most],
  )
}
