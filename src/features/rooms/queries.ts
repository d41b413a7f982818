import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import type { Database } from '../../store/database.ts'
import type { Room, RoomMember } from '../../store/generated/prisma/client.ts'

/** A room with the position of its stream, both of one moment. */
export interface RoomRow extends Room {
  readonly head: number
  readonly activeAt: Date
}

/** The columns of a `RoomRow`, from `room r join stream s on s.id = r.id`. */
export const roomColumns = `r.id, r.kind, r.name, r.topic, r.direct_key as "directKey", r.is_severed as "isSevered",
  r.team_id as "teamId", r.is_private as "isPrivate", r.is_general as "isGeneral", r.archived_at as "archivedAt", r.member_count as "memberCount",
  r.created_by_id as "createdById", r.created_at as "createdAt", s.head, s.active_at as "activeAt"`

/** The columns of a `RoomMember`, from `room_member m`. */
export const memberColumns = `m.id, m.room_id as "roomId", m.user_id as "userId", m.role, m.joined_at as "joinedAt", m.left_at as "leftAt",
  m.muted_until as "mutedUntil", m.notification_level as "notificationLevel"`

/** A lasting `room_member m` as JSON, for statements that read it beside something else. */
export const membershipAsJson = `json_build_object('id', m.id, 'roomId', m.room_id, 'userId', m.user_id, 'role', m.role,
  'joinedAt', (extract(epoch from m.joined_at) * 1000)::bigint, 'mutedUntil', (extract(epoch from m.muted_until) * 1000)::bigint,
  'notificationLevel', m.notification_level)`

/** Its times as numbers, or as text: whatever a date is made of. */
export type MembershipAsJson = Omit<RoomMember, 'leftAt' | 'joinedAt' | 'mutedUntil'> & {
  readonly joinedAt: number | string
  readonly mutedUntil: number | string | null
}

export function reviveMembership(membership: MembershipAsJson): RoomMember {
  const { id, roomId, userId, role, joinedAt, mutedUntil, notificationLevel } = membership
  const until = mutedUntil === null ? null : new Date(mutedUntil)
  // Named, and not spread, which takes several times as long where it adds a name: every send brings one.
  return { id, roomId, userId, role, joinedAt: new Date(joinedAt), leftAt: null, mutedUntil: until, notificationLevel }
}

/** Position before state: what the other loaders held may be older than the positions read here, so it is dropped. */
export const roomById = defineLoader<string, RoomRow>('roomById', async (database, ids, loaders) => {
  const rows = await database.sql<RoomRow>(`select ${roomColumns} from room r join stream s on s.id = r.id where r.id = any($1::uuid[])`, [
    ids,
  ])
  loaders.forget(roomById)
  rememberNatures(database, rows)
  return inOrder(ids, rows, (room) => room.id)
})

/** Also memberships that have ended: events go on naming them. */
export const memberById = defineLoader<string, RoomMember>('memberById', async ({ prisma }, ids) =>
  inOrder(ids, await prisma.roomMember.findMany({ where: { id: { in: [...ids] } } }), (member) => member.id),
)

/** Only memberships that last. */
export const membershipOf = defineLoader<{ roomId: string; userId: string }, RoomMember>(
  'membershipOf',
  async (database, keys) => {
    const rows = await database.sql<RoomMember>(
      `select ${memberColumns} from unnest($1::uuid[], $2::uuid[]) as wanted(room_id, user_id)
       join room_member m on m.room_id = wanted.room_id and m.user_id = wanted.user_id where m.left_at is null`,
      [keys.map(({ roomId }) => roomId), keys.map(({ userId }) => userId)],
    )
    return inOrder(keys.map(membershipKey), rows, membershipKey)
  },
  membershipKey,
)

function membershipKey({ roomId, userId }: { roomId: string; userId: string }): string {
  return `${roomId}:${userId}`
}

/** What about a room never changes. Every event asks for it, so it is remembered beyond the execution. */
export type RoomNature = Pick<Room, 'kind' | 'teamId' | 'isPrivate'>

export const roomNatureById = defineLoader<string, RoomNature>('roomNatureById', readNatures)

/** In the order of the ids; null for what is no room. */
export async function readNatures(database: Database, ids: readonly string[]): Promise<(RoomNature | null)[]> {
  const unknown = ids.filter((id) => !naturesOf(database).has(id))
  const rows =
    unknown.length === 0
      ? []
      : await database.sql<RoomNature & { id: string }>(
          'select id, kind, team_id as "teamId", is_private as "isPrivate" from room where id = any($1::uuid[])',
          [unknown],
        )
  const found = new Map(rows.map(({ id, ...nature }) => [id, nature]))
  const answers = ids.map((id) => naturesOf(database).get(id) ?? found.get(id) ?? null)
  rememberNatures(database, rows)
  return answers
}

/** For rooms that were read anyway. */
export function rememberNatures(database: Database, rooms: readonly (RoomNature & { id: string })[]): void {
  const natures = naturesOf(database)
  for (const { id, kind, teamId, isPrivate } of rooms) natures.set(id, { kind, teamId, isPrivate })
  for (const id of natures.keys()) {
    if (natures.size <= mostNatures) return
    natures.delete(id)
  }
}

const mostNatures = 50_000
const remembered = new WeakMap<Database, Map<string, RoomNature>>()

function naturesOf(database: Database): Map<string, RoomNature> {
  const natures = remembered.get(database) ?? new Map<string, RoomNature>()
  remembered.set(database, natures)
  return natures
}
