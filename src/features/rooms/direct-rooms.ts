import type { Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { dropFromCallsIn } from '../calls/dropping.ts'

/** What makes the room of two people the same one every time, whoever asks. */
export function directKeyOf(one: string, other: string): string {
  return [one, other].sort().join(':')
}

export async function findDirectRoom(rows: Prisma.TransactionClient, one: string, other: string): Promise<string | null> {
  const room = await rows.room.findUnique({ where: { directKey: directKeyOf(one, other) }, select: { id: true } })
  return room?.id ?? null
}

/** Within a transaction that holds the room's stream: whether its two are kept from talking there. No event tells the other one of it. */
export async function severIn(tx: Transaction, roomId: string, isSevered: boolean): Promise<void> {
  await tx.rows.room.update({ where: { id: roomId }, data: { isSevered } })
  if (isSevered) await dropFromCallsIn(tx, { roomIds: [roomId] })
}
