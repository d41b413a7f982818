import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { isDeeper } from '../../lib/nesting.ts'
import { badInput, conflict, notFound } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import type { CallParticipant } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { callSignal } from './events.ts'
import { type Caller, requireOwnPlace } from './scene.ts'

export interface SendSignal {
  readonly fromId: string
  readonly toId: string
  readonly kind: string
  readonly payload?: unknown
  readonly nonce?: string | null | undefined
}

/**
 * From this device to another one in the same call, in the order of sending, and to nobody else. Where the other one does not listen yet, it
 * waits. Answers its place in the stream of whom it was sent to; a nonce that was used before gives that of then.
 */
export async function sendSignal(services: Services, caller: Caller, { fromId, toId, kind, ...input }: SendSignal): Promise<number> {
  const { limits, database } = services
  if (isDeeper(input.payload, deepest)) throw badInput('payload', `At most ${deepest} levels of lists and objects in each other, please.`)
  const payload = JSON.stringify(input.payload)
  const bytes = Buffer.byteLength(payload)
  if (bytes > limits.signalBytes) throw badInput('payload', `At most ${limits.signalBytes} bytes, please: these are ${bytes}.`)
  const nonce = input.nonce == null ? undefined : requireText(input.nonce, { field: 'nonce', most: limits.nonceCharacters })
  if (fromId === toId) throw badInput('to', 'This is you: name another participant.')
  await requireOwnPlace(database.prisma, fromId, caller, { isThisDevice: true })
  await services.rates.spend('signal', caller.personId)

  const inputHash = sha256(JSON.stringify([kind, payload]))
  return services.transact(
    [fromId, toId],
    async (tx) => {
      const from = await requireOwnPlace(tx.rows, fromId, caller, { isThisDevice: true })
      if (!isThere(from)) throw conflict('You are not in this call any more.', 'from')
      await requirePeer(tx, from, toId)
      const key = { toId, fromId, nonce: nonce ?? '' }
      const before = nonce === undefined ? null : await tx.rows.signalNonce.findUnique({ where: { toId_fromId_nonce: key } })
      if (before && before.inputHash !== inputHash) throw conflict('This nonce was used before, for something else.', 'nonce')
      if (before) return before.seq
      const seq = tx.append(toId, callSignal({ fromId, kind, payload }))
      if (nonce !== undefined) await tx.rows.signalNonce.create({ data: { ...key, inputHash, seq } })
      await letGoOfOldIn(tx, toId, seq, limits.signalsKept)
      return seq
    },
    { repeatable: nonce !== undefined },
  )
}

/** Whatever is written as JSON here, and read by the other side, is so by functions that call themselves. */
const deepest = 64

export function isThere({ state, isDropped }: Pick<CallParticipant, 'state' | 'isDropped'>): boolean {
  return state === 'JOINED' && !isDropped
}

/** Whoever is in the same call is seen by whoever is. */
async function requirePeer({ rows }: Transaction, from: CallParticipant, toId: string): Promise<void> {
  const to = await rows.callParticipant.findUnique({ where: { id: toId } })
  if (to?.callId !== from.callId) throw notFound('call participant')
  if (!isThere(to)) throw conflict('They are not in the call.', 'to')
}

/** Whoever is so far behind begins anew. A hundred at a time, so that few signals cost a statement more. */
async function letGoOfOldIn({ rows }: Transaction, streamId: string, seq: number, most: number): Promise<void> {
  if (seq <= most || seq % 100 !== 0) return
  await rows.event.deleteMany({ where: { streamId, seq: { lte: seq - most } } })
  await rows.signalNonce.deleteMany({ where: { toId: streamId, seq: { lte: seq - most } } })
}
