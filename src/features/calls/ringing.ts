import type { Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { findOthers } from '../rooms/others.ts'
import type { CallTerms } from './terms.ts'

/** For whom a call rings: `findOthers` who could join it. */
export async function findRingable(rows: Prisma.TransactionClient, roomId: string, callerId: string, most: number): Promise<string[]> {
  const others = await findOthers(rows, roomId, callerId, most)
  return others.filter(({ isSilenced }) => !isSilenced).map(({ userId }) => userId)
}

export function endsOfRing({ at }: Transaction, { callRingsMs }: CallTerms): Date {
  return new Date(at.getTime() + callRingsMs)
}
