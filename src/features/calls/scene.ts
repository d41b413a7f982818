import type { Services } from '../../graphql/context.ts'
import { forbidden, notFound } from '../../lib/refusal.ts'
import { runBy } from '../../store/database.ts'
import type { Call, CallParticipant, Prisma } from '../../store/generated/prisma/client.ts'
import { type Transaction, transactFound } from '../../store/transact.ts'
import { canCall, canSee, type Standing } from '../rooms/policy.ts'
import { whyNoPost } from '../rooms/scene.ts'
import { readStandings, type StandingRow } from '../rooms/standing.ts'

/** A person on one of their devices. */
export interface Caller {
  readonly personId: string
  readonly sessionId: string
}

/** A call, and how the asking person stands to its room. */
export interface CallScene {
  readonly call: Call
  readonly mine: StandingRow
}

/** Like none is a call that the person may not see. */
export async function requireCall(rows: Prisma.TransactionClient, callId: string, personId: string): Promise<CallScene> {
  const call = await rows.call.findUnique({ where: { id: callId } })
  const [mine] = call ? await readStandings(runBy(rows), [{ roomId: call.roomId, userId: personId }]) : []
  if (!call || !mine || !canSee(mine)) throw notFound('call')
  return { call, mine }
}

/** Somebody's place in a call, seen by a person who sees the call. */
export async function requirePlace(rows: Prisma.TransactionClient, participantId: string, personId: string): Promise<CallParticipant> {
  const place = await rows.callParticipant.findUnique({ where: { id: participantId } })
  const call = place && (await rows.call.findUnique({ where: { id: place.callId } }))
  const [mine] = call ? await readStandings(runBy(rows), [{ roomId: call.roomId, userId: personId }]) : []
  if (!place || !mine || !canSee(mine)) throw notFound('call participant')
  return place
}

/** The person's own place. `isThisDevice`: only for the device that answered. */
export async function requireOwnPlace(
  rows: Prisma.TransactionClient,
  participantId: string,
  { personId, sessionId }: Caller,
  { isThisDevice }: { isThisDevice: boolean },
): Promise<CallParticipant> {
  const place = await requirePlace(rows, participantId, personId)
  if (place.userId !== personId) throw forbidden('This is the place of somebody else in the call.')
  if (isThisDevice && place.sessionId !== null && place.sessionId !== sessionId)
    throw forbidden('You are in this call on another device: only that one may do this.')
  return place
}

/** Beginning, answering and joining. */
export function requireMayCall(standing: Standing): void {
  if (!canCall(standing)) throw forbidden(whyNoPost(standing)!)
}

/**
 * A transaction that may end a call, by whoever asks or by nobody: it holds the room, the inboxes of all for whom it rings, and the
 * streams of all who are in it, since any of them may hear of its end.
 */
export function inCall<Result>(
  services: Pick<Services, 'database' | 'transact'>,
  { id, roomId }: Pick<Call, 'id' | 'roomId'>,
  personId: string | undefined,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const own = personId === undefined ? [] : [personId]
  return transactFound(services, async (rows) => [roomId, ...own, ...(await streamsOf(rows, id))], work)
}

/** Of all who are in a call or for whom it rings. */
export async function streamsOf(rows: Prisma.TransactionClient, callId: string): Promise<string[]> {
  const live = await rows.callParticipant.findMany({ where: { callId, state: { in: ['RINGING', 'JOINED'] } } })
  return live.map(({ id, userId, state }) => (state === 'RINGING' ? userId : id))
}
