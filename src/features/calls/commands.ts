import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { conflict } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import type { CallMedia } from '../../store/generated/prisma/client.ts'
import { type NoncedWrite, resultBefore, transactOnce } from '../../store/nonces.ts'
import type { Transaction } from '../../store/transact.ts'
import { reach } from '../blocks/reach.ts'
import { joinIn } from '../rooms/joining.ts'
import { canCall } from '../rooms/policy.ts'
import { requireScene } from '../rooms/scene.ts'
import { beginIn } from './beginning.ts'
import { takePlaceIn } from './joining.ts'
import { endsOfRing, findRingable } from './ringing.ts'
import { type Caller, requireCall, requireMayCall } from './scene.ts'

export interface StartCall {
  readonly roomId: string
  readonly media: CallMedia
  readonly deviceId: string
  readonly nonce?: string | null | undefined
}

/**
 * Begins a call, and rings for the other members of a room that is not too large; or joins the one that is going on. Under the lock of the
 * room, so two who call each other are in one call. Answers the caller's place in it; a nonce that was used before that of then.
 */
export async function startCall(services: Services, caller: Caller, input: StartCall): Promise<string> {
  const { roomId, media } = input
  const { limits, calls } = services
  const { personId } = caller
  const deviceId = requireDevice(services, input.deviceId)
  const nonce = input.nonce == null ? undefined : requireText(input.nonce, { field: 'nonce', most: limits.nonceCharacters })
  const inputHash = sha256(JSON.stringify([media, deviceId]))
  const write: NoncedWrite = { userId: personId, mutation: 'startCall', place: roomId, nonce, inputHash }
  const { database } = services
  const known = await requireScene(database.prisma, roomId, personId)
  const before = await resultBefore(database.prisma, write)
  if (before !== undefined) return before
  if (canCall(known.mine)) await reach(services, personId)

  const ringable = (tx?: Transaction) => findRingable(tx?.rows ?? database.prisma, roomId, personId, limits.callRingsMost)
  return transactOnce(services, write, [roomId, ...(await ringable())], async (tx) => {
    const { mine } = await requireScene(tx.rows, roomId, personId)
    requireMayCall(mine)
    const others = await ringable(tx)
    // Those who came meanwhile: from here on nobody does.
    await tx.lock(others)
    if (mine.role === null) await joinIn(tx, { roomId, userId: personId, actorId: personId, membership: mine.membership })
    const live = await tx.rows.call.findFirst({ where: { roomId, meetingId: null, state: { not: 'ENDED' } } })
    const call = live ?? (await beginIn(tx, { roomId, media, personId, others, endsAt: endsOfRing(tx, calls.terms), sfu: calls.sfu }))
    return takePlaceIn(tx, call, { ...caller, deviceId }, { limits, terms: calls.terms, isNew: !live })
  })
}

/** Answers if it rings, joins if it is going on. On the device that is in it already nothing changes. Answers one's place in it. */
export async function joinCall(services: Services, caller: Caller, input: { callId: string; deviceId: string }): Promise<string> {
  const { callId } = input
  const { personId } = caller
  const deviceId = requireDevice(services, input.deviceId)
  const known = await requireCall(services.database.prisma, callId, personId)
  if (canCall(known.mine)) await services.rates.spend('send', personId)

  return services.transact([known.call.roomId, personId], async (tx) => {
    const { call, mine } = await requireCall(tx.rows, callId, personId)
    requireMayCall(mine)
    if (call.state === 'ENDED') throw conflict('This call is over.', 'callId')
    if (mine.role === null) await joinIn(tx, { roomId: call.roomId, userId: personId, actorId: personId, membership: mine.membership })
    return takePlaceIn(tx, call, { ...caller, deviceId }, { limits: services.limits, terms: services.calls.terms, isNew: false })
  })
}

export function requireDevice({ limits }: Services, deviceId: string): string {
  return requireText(deviceId, { field: 'deviceId', most: limits.deviceCharacters })
}
