import type { Services } from '../../graphql/context.ts'
import { badInput, conflict, forbidden, notFound } from '../../lib/refusal.ts'
import type { RoomMember, RoomRole } from '../../store/generated/prisma/client.ts'
import { requireUser } from '../accounts/scene.ts'
import { reach, requireReachable } from '../blocks/reach.ts'
import { dropFromCallsIn, dropSilencedIn } from '../calls/dropping.ts'
import { memberUpdated } from './events.ts'
import { joinIn } from './joining.ts'
import { countAdmins, leaveIn } from './leaving.ts'
import { canLeave, canManageMembers, canMute } from './policy.ts'
import { requireManager, requireMember, requireScene } from './scene.ts'

export interface OfMember {
  readonly roomId: string
  readonly userId: string
}

/** By those who run the room. Who is in already stays as they are, and nobody hears of it. */
export async function addRoomMember(services: Services, person: string, { roomId, userId }: OfMember): Promise<RoomMember> {
  const known = await requireScene(services.database.prisma, roomId, person, userId)
  if (canManageMembers(known.mine) && known.theirs.role === null) await reach(services, person)

  return services.transact([roomId, person, userId], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    requireManager(scene)
    await requireUser(tx.rows, userId)
    if (scene.theirs.role === null) await requireReachable(tx.rows, person, [userId])
    if (scene.room.teamId !== null && scene.theirs.teamRole === null) throw forbidden('Only people of its team can be in a channel.')
    return joinIn(tx, { roomId, userId, actorId: person, membership: scene.theirs.membership })
  })
}

/** By those who run the room, or oneself: leaving. */
export async function removeRoomMember(services: Services, person: string, { roomId, userId }: OfMember): Promise<RoomMember> {
  return services.transact([roomId, person, userId], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    if (userId !== person) requireManager(scene)
    const member = requireMember(scene)
    if (userId === person && !canLeave(scene.mine)) throw forbidden('A direct room cannot be left.')
    return leaveIn(tx, member, person)
  })
}

/** By those who run the room. The last admin stays one: without, a group would be nobody's to run, and a channel its leads' alone. */
export async function setRoomRole(services: Services, person: string, input: OfMember & { role: RoomRole }): Promise<RoomMember> {
  const { roomId, userId, role } = input
  return services.transact([roomId, person], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    requireManager(scene)
    const member = requireMember(scene)
    if (member.role === role) return member
    if (role === 'MEMBER' && (await countAdmins(tx, roomId)) === 1) throw conflict('A room has an admin: make somebody else one first.')
    const updated = await tx.rows.roomMember.update({ where: { id: member.id }, data: { role } })
    await dropSilencedIn(tx, { roomIds: [roomId], userId })
    tx.append(roomId, memberUpdated({ roomId, memberId: member.id, userId, actorId: person }))
    return updated
  })
}

export interface MuteMember extends OfMember {
  /** Null lifts it. */
  readonly until: Date | null
}

/**
 * By those who run the room, and never one of them. It belongs to person and room, so leaving is no way out of it: also who has left can be
 * muted, and nobody hears of that before they come back. It lapses by itself.
 */
export async function muteMember(services: Services, person: string, { roomId, userId, until }: MuteMember): Promise<RoomMember> {
  return services.transact([roomId, person], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    requireManager(scene)
    const { membership } = scene.theirs
    if (!membership) throw notFound('member')
    if (!canMute(scene.mine, scene.theirs)) throw forbidden('Nobody mutes those who run the room.')
    if (until !== null && until <= tx.at) throw badInput('until', 'A mute ends in the future: name a later time, or null to lift it.')
    if (inForce(membership, tx.at)?.getTime() === until?.getTime()) return membership
    const updated = await tx.rows.roomMember.update({ where: { id: membership.id }, data: { mutedUntil: until } })
    if (until !== null) await dropFromCallsIn(tx, { roomIds: [roomId], userId })
    if (membership.leftAt === null) tx.append(roomId, memberUpdated({ roomId, memberId: membership.id, userId, actorId: person }))
    return updated
  })
}

function inForce({ mutedUntil }: RoomMember, at: Date): Date | null {
  return mutedUntil !== null && mutedUntil > at ? mutedUntil : null
}
