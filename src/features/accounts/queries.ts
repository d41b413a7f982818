import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import type { User } from '../../store/generated/prisma/client.ts'

export const userById = defineLoader<string, User>('userById', async ({ prisma }, ids) =>
  inOrder(ids, await prisma.user.findMany({ where: { id: { in: [...ids] } } }), (user) => user.id),
)
