import type { Services } from '../../graphql/context.ts'
import { forbidden } from '../../lib/refusal.ts'
import { runBy } from '../../store/database.ts'
import type { CallMedia } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { requireReachable } from '../blocks/reach.ts'
import { beginIn } from '../calls/beginning.ts'
import { requireDevice } from '../calls/commands.ts'
import { takePlaceIn } from '../calls/joining.ts'
import { type Caller, requireMayCall } from '../calls/scene.ts'
import { joinIn } from '../rooms/joining.ts'
import { canCall, canSee } from '../rooms/policy.ts'
import { readStandings } from '../rooms/standing.ts'
import { findLiveCall } from './calling.ts'
import { canInviteGuests } from './policy.ts'
import { inMeeting, type MeetingScene, requireMeeting, requireNotOver } from './scene.ts'
import { settleIn } from './settling.ts'

export interface JoinMeeting {
  readonly meetingId: string
  readonly media: CallMedia
  readonly deviceId: string
}

/**
 * Begins the call of a meeting, which rings for nobody, or joins it. Under the lock of the room, so the first two are in one call. Guests
 * become members by it, if whoever invited them could still add them. Answers one's place in the call.
 */
export async function joinMeeting(services: Services, caller: Caller, { meetingId, media, ...device }: JoinMeeting): Promise<string> {
  const { limits, calls, meetings } = services
  const { personId } = caller
  const deviceId = requireDevice(services, device.deviceId)
  const known = await requireMeeting(services.database.prisma, meetingId, personId)
  if (canCall(asMember(known))) await services.rates.spend('send', personId)

  const others = known.invitation ? [personId, known.invitation.invitedById] : [personId]
  return inMeeting(services, known.meeting, others, async (tx, hearers) => {
    const scene = await requireMeeting(tx.rows, meetingId, personId)
    const settling = { hearers, terms: meetings.terms }
    requireMayCall(asMember(scene))
    if (!canSee(scene.mine)) await requireMayBring(tx, scene)
    // Of two that follow each other closely it is the next by now, or over though nobody has looked yet.
    const meeting = await settleIn(tx, scene.meeting, { ...settling, actorId: null })
    requireNotOver(meeting)

    const { mine } = scene
    const { roomId } = meeting
    if (mine.role === null) await joinIn(tx, { roomId, userId: personId, actorId: personId, membership: mine.membership })
    const live = await findLiveCall(tx.rows, meetingId)
    const call =
      live ??
      // It rings for nobody, so it begins at once.
      (await beginIn(tx, { roomId, media, personId, others: [], endsAt: tx.at, meetingId, sfu: calls.sfu, invited: hearers.length }))
    const placeId = await takePlaceIn(tx, call, { ...caller, deviceId }, { limits, terms: calls.terms, isNew: !live })
    await settleIn(tx, meeting, { ...settling, actorId: personId })
    return placeId
  })
}

/** What they may there once they have joined: whoever is muted stays so. */
function asMember({ mine }: MeetingScene) {
  return { ...mine, role: mine.role ?? 'MEMBER' } as const
}

/** As adding them to the room would be decided, now and for whoever invited them. */
async function requireMayBring(tx: Transaction, { meeting: { roomId }, mine, invitation }: MeetingScene): Promise<void> {
  const inviterId = invitation!.invitedById
  // Held already, unless somebody else has invited them meanwhile.
  await tx.lock([inviterId])
  const [theirs] = await readStandings(runBy(tx.rows), [{ roomId, userId: inviterId }])
  if (!theirs || !canInviteGuests(theirs)) throw forbidden('Whoever invited you cannot add you to this room any more.')
  await requireReachable(tx.rows, inviterId, [mine.userId])
}
