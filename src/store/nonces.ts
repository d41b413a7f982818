import { conflict } from '../lib/refusal.ts'
import type { Prisma } from './generated/prisma/client.ts'
import type { Transact, Transaction } from './transact.ts'

/** A write that makes something, and may have been given a name, so that it can be repeated when its answer was lost. */
export interface NoncedWrite {
  readonly userId: string
  readonly mutation: string
  /** Where it makes something: the id of a team, or nothing. */
  readonly place: string
  /** Without one nothing is remembered. */
  readonly nonce: string | undefined
  /** Of what it was to do. */
  readonly inputHash: string
}

/** What was made when its nonce was used before; used for something else, it is a conflict. */
export async function resultBefore(rows: Prisma.TransactionClient, write: NoncedWrite): Promise<string | undefined> {
  const { userId, mutation, place, nonce, inputHash } = write
  if (nonce === undefined) return undefined
  const used = await rows.writeNonce.findUnique({ where: { userId_mutation_place_nonce: { userId, mutation, place, nonce } } })
  if (used && used.inputHash !== inputHash) throw conflict('This nonce was used before, for something else.', 'nonce')
  return used?.resultId
}

/** Makes it once, however often and wherever it is asked for: the person's inbox is locked, and the other streams. `work` answers its id. */
export async function transactOnce(
  { transact }: { transact: Transact },
  write: NoncedWrite,
  streams: readonly string[],
  work: (tx: Transaction) => Promise<string>,
): Promise<string> {
  const { nonce, ...key } = write
  return transact(
    [write.userId, ...streams],
    async (tx) => {
      const made = await resultBefore(tx.rows, write)
      if (made !== undefined) return made
      const resultId = await work(tx)
      if (nonce !== undefined) await tx.rows.writeNonce.create({ data: { ...key, nonce, resultId } })
      return resultId
    },
    { repeatable: nonce !== undefined },
  )
}
