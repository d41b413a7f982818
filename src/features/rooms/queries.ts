import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import type { Database } from '../../store/database.ts'
import type { Room, RoomKind, RoomMember } from '../../store/generated/prisma/client.ts'

/** A room with the position of its stream, both of one moment. */
export interface RoomRow extends Room {
  readonly head: number
  readonly activeAt: Date
}

/** The columns of a `RoomRow`, from `room r join stream s on s.id = r.id`. */
export const roomColumns = `r.id, r.kind, r.name, r.topic, r.direct_key as "directKey", r.member_count as "memberCount",
  r.created_by_id as "createdById", r.created_at as "createdAt", s.head, s.active_at as "activeAt"`

/** The columns of a `RoomMember`, from `room_member m`. */
export const memberColumns = `m.id, m.room_id as "roomId", m.user_id as "userId", m.role, m.joined_at as "joinedAt", m.left_at as "leftAt"`

/** Position before state: what the other loaders held may be older than the positions read here, so it is dropped. */
export const roomById = defineLoader<string, RoomRow>('roomById', async (database, ids, loaders) => {
  const rows = await database.sql<RoomRow>(`select ${roomColumns} from room r join stream s on s.id = r.id where r.id = any($1::uuid[])`, [
    ids,
  ])
  loaders.forget(roomById)
  rememberKinds(database, rows)
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

/** Of which kind a room is. That never changes, and every event asks for it, so it is remembered beyond the execution. */
export const roomKindById = defineLoader<string, RoomKind>('roomKindById', async (database, ids) => {
  const unknown = ids.filter((id) => !kindsOf(database).has(id))
  const rows = unknown.length === 0 ? [] : await database.sql<RoomOfKind>('select id, kind from room where id = any($1::uuid[])', [unknown])
  const found = new Map(rows.map(({ id, kind }) => [id, kind]))
  const answers = ids.map((id) => kindsOf(database).get(id) ?? found.get(id) ?? null)
  rememberKinds(database, rows)
  return answers
})

type RoomOfKind = Pick<Room, 'id' | 'kind'>

/** For rooms that were read anyway. */
export function rememberKinds(database: Database, rooms: readonly RoomOfKind[]): void {
  const kinds = kindsOf(database)
  for (const { id, kind } of rooms) kinds.set(id, kind)
  for (const id of kinds.keys()) {
    if (kinds.size <= mostKinds) return
    kinds.delete(id)
  }
}

const mostKinds = 50_000
const remembered = new WeakMap<Database, Map<string, RoomKind>>()

function kindsOf(database: Database): Map<string, RoomKind> {
  const kinds = remembered.get(database) ?? new Map<string, RoomKind>()
  remembered.set(database, kinds)
  return kinds
}
