import { defineLoader } from '../../graphql/loaders.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { MessageRow } from './queries.ts'

/** What is pinned in each room, the newest pin first. A room never has more than may be pinned in one. */
export const pinsOf = defineLoader<string, MessageRow[]>('pinsOf', async ({ prisma }, roomIds) => {
  const pinned = await prisma.message.findMany({
    where: { roomId: { in: [...roomIds] }, pinnedSeq: { not: null } },
    orderBy: { pinnedSeq: 'desc' },
  })
  const found = groupBy(pinned, ({ roomId }) => roomId)
  return roomIds.map((id) => found.get(id) ?? [])
})
