import { forbidden, notFound } from '../../lib/refusal.ts'
import { runBy } from '../../store/database.ts'
import type { Prisma, Room, RoomMember } from '../../store/generated/prisma/client.ts'
import { canManageMembers, canPost, canSee, type Standing } from './policy.ts'
import { readStandings, type StandingRow } from './standing.ts'

/** What a command about a room decides by: the room, and how the asking person and another stand to it. */
export interface Scene {
  readonly room: Room
  readonly mine: StandingRow
  readonly theirs: StandingRow
}

/** Reads the scene by `rows`: inside a transaction what decides, before one what is worth knowing. */
export async function requireScene(rows: Prisma.TransactionClient, roomId: string, person: string, other = person): Promise<Scene> {
  const room = await rows.room.findUnique({ where: { id: roomId } })
  const standings = await readStandings(
    runBy(rows),
    [...new Set([person, other])].map((userId) => ({ roomId, userId })),
  )
  const mine = standings.find(({ userId }) => userId === person)
  const theirs = standings.find(({ userId }) => userId === other)
  if (!room || !mine || !theirs || !canSee(mine)) throw notFound('room')
  return { room, mine, theirs }
}

export function requireManager({ room, mine }: Scene): void {
  if (canManageMembers(mine)) return
  if (room.kind === 'DIRECT') throw forbidden('A direct room stays between its two.')
  throw forbidden(mine.isArchived ? itIsArchived : onlyForThoseWhoRunIt)
}

/** What keeps somebody from posting who sees the room; undefined when nothing does. */
export function whyNoPost(standing: Standing): string | undefined {
  if (canPost(standing)) return undefined
  if (standing.isArchived) return itIsArchived
  return standing.isSevered ? 'You two cannot talk to each other any more.' : 'You are muted in this room.'
}

export function requirePost(standing: Standing): void {
  const reason = whyNoPost(standing)
  if (reason !== undefined) throw forbidden(reason)
}

export const onlyForThoseWhoRunIt = 'Only those who run this room may do that.'
export const itIsArchived = 'This room is archived.'

/** The other one's membership, while it lasts. */
export function requireMember({ theirs: { membership } }: Scene): RoomMember {
  if (!membership || membership.leftAt !== null) throw notFound('member')
  return membership
}
