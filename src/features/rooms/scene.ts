import { forbidden, notFound } from '../../lib/refusal.ts'
import type { Prisma, Room, RoomMember } from '../../store/generated/prisma/client.ts'
import { canManageMembers, canSee } from './policy.ts'

/** What a command about a room decides by: the room, the asking person's membership, and another's, also one that has ended. */
export interface Scene {
  readonly room: Room
  readonly mine: RoomMember
  readonly theirs: RoomMember | null
}

/** Reads the scene by `rows`: inside a transaction what decides, before one what is worth knowing. */
export async function requireScene(rows: Prisma.TransactionClient, roomId: string, person: string, other = person): Promise<Scene> {
  const found = await rows.room.findUnique({
    where: { id: roomId },
    include: { members: { where: { userId: { in: [person, other] } } } },
  })
  if (!found) throw notFound('room')
  const { members, ...room } = found
  const mine = members.find(({ userId, leftAt }) => userId === person && leftAt === null)
  if (!mine || !canSee(room, mine)) throw notFound('room')
  return { room, mine, theirs: members.find(({ userId }) => userId === other) ?? null }
}

export function requireManager({ room, mine }: Scene): void {
  if (room.kind === 'DIRECT') throw forbidden('A direct room stays between its two.')
  if (!canManageMembers(room, mine)) throw forbidden('Only its admins may do that.')
}

/** The other one's membership, while it lasts. */
export function requireMember({ theirs }: Scene): RoomMember {
  if (!theirs || theirs.leftAt !== null) throw notFound('member')
  return theirs
}

export async function requireUser(rows: Prisma.TransactionClient, userId: string): Promise<void> {
  if ((await rows.user.count({ where: { id: userId } })) === 0) throw notFound('user')
}
