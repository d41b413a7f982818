import type { Services } from '../../graphql/context.ts'
import { conflict, forbidden } from '../../lib/refusal.ts'
import { uuid } from '../../lib/uuid.ts'
import type { RoomMember, RoomRole } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { memberJoined, memberLeft, memberUpdated, roomAdded, roomRemoved } from './events.ts'
import { canLeave, canManageMembers } from './policy.ts'
import { reach } from './reach.ts'
import { requireManager, requireMember, requireScene, requireUser } from './scene.ts'

export interface OfMember {
  readonly roomId: string
  readonly userId: string
}

/** By admins. Who is in already stays as they are, and nobody hears of it; who has left comes back as a plain member. */
export async function addRoomMember(services: Services, person: string, { roomId, userId }: OfMember): Promise<RoomMember> {
  const { room, mine, theirs: known } = await requireScene(services.database.prisma, roomId, person, userId)
  if (canManageMembers(room, mine) && (!known || known.leftAt !== null)) await reach(services, person)

  return services.transact([roomId, userId], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    requireManager(scene)
    if (scene.theirs?.leftAt === null) return scene.theirs
    await requireUser(tx.rows, userId)
    const state = { role: 'MEMBER', joinedAt: tx.at, leftAt: null } as const
    const member = scene.theirs
      ? await tx.rows.roomMember.update({ where: { id: scene.theirs.id }, data: state })
      : await tx.rows.roomMember.create({ data: { ...state, id: uuid(), roomId, userId } })
    await tx.rows.room.update({ where: { id: roomId }, data: { memberCount: { increment: 1 } } })
    tx.append(roomId, memberJoined({ roomId, memberId: member.id, userId, actorId: person }))
    tx.append(userId, roomAdded({ roomId }))
    return member
  })
}

/** By admins, or oneself: leaving. The row stays, for the events that name it. */
export async function removeRoomMember(services: Services, person: string, { roomId, userId }: OfMember): Promise<RoomMember> {
  return services.transact([roomId, userId], async (tx) => {
    const scene = await requireScene(tx.rows, roomId, person, userId)
    const wasRemoved = userId !== person
    if (wasRemoved) requireManager(scene)
    else if (!canLeave(scene.room, scene.mine)) throw forbidden('A direct room cannot be left.')
    const member = requireMember(scene)
    const left = await tx.rows.roomMember.update({ where: { id: member.id }, data: { leftAt: tx.at } })
    await tx.rows.room.update({ where: { id: roomId }, data: { memberCount: { decrement: 1 } } })
    tx.append(roomId, memberLeft({ roomId, memberId: member.id, userId, actorId: person, wasRemoved }))
    tx.append(userId, roomRemoved({ roomId, wasRemoved }))
    await appointSuccessor(tx, roomId, person)
    return left
  })
}

/** By admins. The last of them stays one: a room without would be nobody's to run. */
export async function setRoomRole(services: Services, person: string, input: OfMember & { role: RoomRole }): Promise<RoomMember> {
  const { roomId, userId, role } = input
  return services.transact([roomId], async (tx) => {
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

/** When the last admin has gone, who has been there longest becomes one. The last member leaves an empty room, which nobody sees. */
async function appointSuccessor(tx: Transaction, roomId: string, person: string): Promise<void> {
  if ((await countAdmins(tx, roomId)) > 0) return
  const next = await tx.rows.roomMember.findFirst({
    where: { roomId, leftAt: null },
    orderBy: [{ joinedAt: 'asc' }, { id: 'asc' }],
  })
  if (!next) return
  await tx.rows.roomMember.update({ where: { id: next.id }, data: { role: 'ADMIN' } })
  tx.append(roomId, memberUpdated({ roomId, memberId: next.id, userId: next.userId, actorId: person }))
}

function countAdmins({ rows }: Transaction, roomId: string): Promise<number> {
  return rows.roomMember.count({ where: { roomId, leftAt: null, role: 'ADMIN' } })
}
