import type { Services } from '../../graphql/context.ts'
import { badInput, conflict, notFound } from '../../lib/refusal.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'
import { type Transaction, transactFound } from '../../store/transact.ts'
import { viewerUpdated } from '../accounts/events.ts'
import { requireUser } from '../accounts/scene.ts'
import { findDirectRoom, severIn } from '../rooms/direct-rooms.ts'
import { areAtOdds } from './queries.ts'

/** From now on neither reaches the other. The blocked one hears nothing of it; twice is once. */
export async function blockUser(services: Services, person: string, other: string): Promise<void> {
  const { blocksMost } = services.limits
  await change(services, person, other, async (tx, key) => {
    if ((await tx.rows.block.count({ where: key })) > 0) return false
    await requireUser(tx.rows, person, other)
    if ((await tx.rows.block.count({ where: { blockerId: person } })) >= blocksMost)
      throw conflict(`You can block at most ${blocksMost} people.`, 'userId')
    await tx.rows.block.create({ data: { ...key, createdAt: tx.at } })
    return true
  })
}

/** Also who has closed their account. Whoever has blocked the person too stays out of reach. */
export async function unblockUser(services: Services, person: string, other: string): Promise<void> {
  await change(services, person, other, async (tx, key) => {
    if ((await tx.rows.user.count({ where: { id: other } })) === 0) throw notFound('user')
    const { count } = await tx.rows.block.deleteMany({ where: key })
    return count > 0
  })
}

interface Key {
  readonly blockerId: string
  readonly blockedId: string
}

/** Under both inboxes and the room of the two: whatever reaches for the other one holds one of them. */
async function change(
  services: Services,
  person: string,
  other: string,
  work: (tx: Transaction, key: Key) => Promise<boolean>,
): Promise<void> {
  if (person === other) throw badInput('userId', 'This is you: name somebody else.')
  await transactFound(
    services,
    async (rows) => {
      const roomId = await findDirectRoom(rows, person, other)
      return roomId === null ? [person, other] : [person, other, roomId]
    },
    async (tx) => {
      if (!(await work(tx, { blockerId: person, blockedId: other }))) return
      const roomId = await findDirectRoom(tx.rows, person, other)
      if (roomId !== null) await severIn(tx, roomId, await areApart(tx.rows, person, other))
      tx.append(person, viewerUpdated(roomId === null ? {} : { roomId }))
    },
  )
}

async function areApart(rows: Prisma.TransactionClient, person: string, other: string): Promise<boolean> {
  if (await areAtOdds(rows, person, [other])) return true
  return (await rows.user.count({ where: { id: { in: [person, other] }, deletedAt: { not: null } } })) > 0
}
