import type { Context } from '../../graphql/context.ts'
import type { Call, CallParticipant } from '../../store/generated/prisma/client.ts'
import { requirePerson } from '../accounts/policy.ts'
import { canSeeRoom } from '../rooms/access.ts'
import { callById, participantById } from './queries.ts'
import type { Caller } from './scene.ts'

/** Whoever sees the room sees its calls, and who is in them. */
export async function seeCall(context: Context, callId: string): Promise<Call | null> {
  const call = await context.loaders.load(callById, callId)
  return call && (await canSeeRoom(context, call.roomId)) ? call : null
}

export async function seeParticipant(context: Context, participantId: string): Promise<CallParticipant | null> {
  const participant = await context.loaders.load(participantById, participantId)
  return participant && (await seeCall(context, participant.callId)) ? participant : null
}

/** The person who asks, on the device from which they do. */
export function callerOf({ actor }: Context): Caller {
  const person = requirePerson(actor)
  return { personId: person.id('who calls'), sessionId: person.sessionId }
}
