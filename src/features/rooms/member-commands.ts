import type { Services } from '../../graphql/context.ts'
import { conflict, forbidden } from '../../lib/refusal.ts'
import type { RoomMember, RoomRole } from '../../store/generated/prisma/client.ts'
import { memberUpdated } from './events.ts'
import { countAdmins, joinIn, leaveIn } from './joining.ts'
import { canManageMembers } from './policy.ts'
import { reach } from './reach.ts'
import { requireManager, requireMember, requireScene, requireUser } from './scene.ts'

export interface OfMember {
  readonly roomId: string
  readonly userId: string
}

/** By admins. Who is in already stays as they are, and nobody hears of it. */
export async function addRoomMember(services: Services, person: string, { roomId, userId }: OfMember): Promise<RoomMember> {
  const known = await requireScene(services.database.prisma, roomId, person, userId)
  if (canManageMembers(known.mine) && known.theirs.role === null) await reach(services, person)

  return services.transact([roomId, person, userId], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    requireManager(scene)
    await requireUser(tx.rows, userId)
    if (scene.room.teamId !== null && scene.theirs.teamRole === null) throw forbidden('Only people of its team can be in a channel.')
    return joinIn(tx, { roomId, userId, actorId: person, membership: scene.theirs.membership })
  })
}

/** By admins, or oneself: leaving. */
export async function removeRoomMember(services: Services, person: string, { roomId, userId }: OfMember): Promise<RoomMember> {
  return services.transact([roomId, person, userId], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    if (userId !== person) requireManager(scene)
    else if (scene.room.kind === 'DIRECT') throw forbidden('A direct room cannot be left.')
    return leaveIn(tx, { roomId, userId, actorId: person, membership: requireMember(scene) })
  })
}

/** By admins. The last of them stays one: a room without would be nobody's to run. */
export async function setRoomRole(services: Services, person: string, input: OfMember & { role: RoomRole }): Promise<RoomMember> {
  const { roomId, userId, role } = input
  return services.transact([roomId, person], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    requireManager(scene)
    const member = requireMember(scene)
    if (member.role === role) return member
    if (role === 'MEMBER' && (await countAdmins(tx, roomId)) === 1)
      throw conflict('You are the only admin of this room: make somebody else one first.')
    const updated = await tx.rows.roomMember.update({ where: { id: member.id }, data: { role } })
    tx.append(roomId, memberUpdated({ roomId, memberId: member.id, userId, actorId: person }))
    return updated
  })
}
