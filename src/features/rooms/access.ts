import type { Context } from '../../graphql/context.ts'
import { decodeId, encodeId, rowId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'
import type { RoomKind } from '../../store/generated/prisma/client.ts'
import { teamMembershipOf } from '../teams/queries.ts'
import { canSee } from './policy.ts'
import { membershipOf, type RoomRow, roomById, roomNatureById } from './queries.ts'

/** The GraphQL type of each kind of room, which its ids are of. */
export const roomTypes = { DIRECT: 'DirectRoom', GROUP: 'GroupRoom', CHANNEL: 'Channel' } as const satisfies Record<RoomKind, string>

/**
 * Whoever follows a room's stream may see it, and whoever follows a team's its public channels: their audiences need no name. Anybody else is
 * asked for theirs.
 */
export async function canSeeRoom({ actor, loaders }: Context, roomId: string): Promise<boolean> {
  if (actor.hears(roomId)) return true
  const nature = await loaders.load(roomNatureById, roomId)
  const teamId = nature?.teamId ?? null
  if (nature !== null && teamId !== null && !nature.isPrivate && actor.hears(teamId)) return true
  const userId = actor.id('to see a room')
  if (nature === null) return false
  // Not spread: this is asked for every object that is shown.
  const { kind, isPrivate } = nature
  const role = (await loaders.load(membershipOf, { roomId, userId }))?.role ?? null
  // What a membership decides already needs no other row.
  if (canSee({ kind, isPrivate, role, teamRole: null })) return true
  if (teamId === null) return false
  const teamRole = (await loaders.load(teamMembershipOf, { teamId, userId }))?.role ?? null
  return canSee({ kind, isPrivate, role, teamRole })
}

/** The room, or null for what is not there or not to be seen. Its position is read before anything that decides or shows. */
export async function seeRoom(context: Context, roomId: string): Promise<RoomRow | null> {
  const room = await context.loaders.load(roomById, roomId)
  return (await canSeeRoom(context, roomId)) ? room : null
}

export async function requireRoom(context: Context, roomId: string): Promise<RoomRow> {
  const room = await seeRoom(context, roomId)
  if (!room) throw notFound('room')
  return room
}

/** The row that the id of a room names. Whether it is a room of that type only the database knows: `requireRoomId` asks it. */
export function roomRowId(text: string, field: string): string {
  return rowId(text, Object.values(roomTypes), field)
}

/** As `roomRowId`; and the id of a group that calls itself a direct room's names nothing. */
export async function requireRoomId(context: Context, text: string, field: string): Promise<string> {
  const roomId = roomRowId(text, field)
  if ((await roomIdOf(context, roomId)) !== text) throw notFound('room')
  return roomId
}

/** A room's id as clients see it, whoever may see the room; null when there is no such room. */
export async function roomIdOf(context: Context, roomId: string): Promise<string | null> {
  const nature = await context.loaders.load(roomNatureById, roomId)
  return nature && encodeId(roomTypes[nature.kind], roomId)
}

/** For reads that answer null: the room that an id names, if it is one of that type and to be seen. */
export async function seeRoomNamed(context: Context, text: string): Promise<RoomRow | null> {
  const { typename, id } = decodeId(text)
  const room = await seeRoom(context, id)
  return room && roomTypes[room.kind] === typename ? room : null
}
