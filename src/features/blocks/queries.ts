import type { Database } from '../../store/database.ts'
import type { Prisma, User } from '../../store/generated/prisma/client.ts'

/** Of these people those with whom the person is at odds: one of the two has blocked the other. Which of them is nobody's to know. */
export async function atOdds(rows: Prisma.TransactionClient, person: string, others: readonly string[]): Promise<string[]> {
  if (others.length === 0) return []
  const blocks = await rows.block.findMany({
    where: {
      OR: [
        { blockerId: person, blockedId: { in: [...others] } },
        { blockedId: person, blockerId: { in: [...others] } },
      ],
    },
  })
  return [...new Set(blocks.map(({ blockerId, blockedId }) => (blockerId === person ? blockedId : blockerId)))]
}

/** Whom the person has blocked, the last one first. */
export function readBlocked({ sql }: Database, personId: string, most: number): Promise<User[]> {
  return sql(
    `select u.id, u.handle, u.name, u.created_at as "createdAt", u.deleted_at as "deletedAt"
     from block b join app_user u on u.id = b.blocked_id where b.blocker_id = $1 order by b.created_at desc, u.id desc limit $2`,
    [personId, most],
  )
}
