import type { Context } from '../../graphql/context.ts'
import { defineQuestion } from '../../graphql/loaders.ts'
import { keysetByMoment, keysetSql, type Moment } from '../../graphql/moments.ts'
import {
  countedOrNull,
  makePage,
  mostCounted,
  type Page,
  type PageArguments,
  type PageRequest,
  pageCursor,
  readPage,
} from '../../graphql/paging.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { Database } from '../../store/database.ts'
import type { RoomKind, RoomMember } from '../../store/generated/prisma/client.ts'
import {
  type MembershipAsJson,
  memberById,
  memberColumns,
  membershipAsJson,
  membershipOf,
  type RoomRow,
  rememberNatures,
  reviveMembership,
  roomById,
  roomColumns,
} from './queries.ts'

/** The list of a person's rooms: latest activity first. */
const roomKeyset = keysetByMoment<RoomRow>((room) => room.activeAt)

/** A room in its place in that list. */
export function edgeOf(room: RoomRow): { cursor: string; node: RoomRow } {
  return { cursor: pageCursor(room, roomKeyset), node: room }
}

const memberKeyset = keysetByMoment<RoomMember>((member) => member.joinedAt)

export type ConnectionPage<Row> = Page<Row> & { readonly totalCount: () => Promise<number | null> }

/** Which of a person's rooms: all of them, or only one sort. */
export interface RoomFilter {
  readonly kind?: RoomKind | null | undefined
  readonly archived?: boolean | null | undefined
}

/** One page of the rooms a person is in, with positions and memberships, in one statement. */
export async function pageOfRooms(context: Context, userId: string, args: PageArguments & RoomFilter): Promise<ConnectionPage<RoomRow>> {
  const { services, loaders } = context
  const request = readPage(args, roomKeyset, services.limits)
  const meant = [userId, args.kind ?? null, args.archived ?? null]
  const { where, order, values } = keysetSql(request, { at: 's.active_at', id: 'r.id', isDescending: true }, meant.length + 1)
  const rows = await services.database.sql<RoomRow & { membership: MembershipAsJson }>(
    `select ${roomColumns}, ${membershipAsJson} as membership ${roomsMeant} ${where} ${order} limit ${request.size + 1}`,
    [...meant, ...values],
  )
  // Position before state, as in `roomById`.
  loaders.forget()
  rememberNatures(services.database, rows)
  const rooms = rows.map(({ membership, ...room }) => {
    const member = reviveMembership(membership)
    loaders.prime(roomById, room.id, room)
    loaders.prime(memberById, member.id, member)
    loaders.prime(membershipOf, member, member)
    return room
  })
  return { ...makePage(rooms, request, roomKeyset), totalCount: () => countRooms(services.database, meant) }
}

/** Rooms with the person's membership and the stream; its values are person, kind and whether archived. */
const roomsMeant = `from room_member m join room r on r.id = m.room_id join stream s on s.id = r.id
  where m.user_id = $1 and m.left_at is null and ($2::text is null or r.kind::text = $2)
    and ($3::boolean is null or (r.archived_at is not null) = $3)`

async function countRooms(database: Database, meant: unknown[]): Promise<number | null> {
  const [row] = await database.sql<{ count: number }>(
    `select count(*)::int as count from (select 1 ${roomsMeant} limit ${mostCounted + 1}) as counted`,
    meant,
  )
  return countedOrNull(row!.count)
}

/** One page of a room's members: who has been there longest comes first. */
export async function pageOfMembers(
  { services, loaders }: Context,
  room: { id: string; memberCount: number },
  args: PageArguments,
): Promise<ConnectionPage<RoomMember>> {
  const request = readPage(args, memberKeyset, services.limits)
  const rows = (await loaders.load(memberRows, { id: room.id, asked: request })) ?? []
  return { ...makePage(rows, request, memberKeyset), totalCount: async () => countedOrNull(room.memberCount) }
}

/** Of each room, in the order of reading. */
const memberRows = defineQuestion<PageRequest<Moment>, RoomMember[]>('memberRows', async (database, roomIds, request, loaders) => {
  const { where, order, values } = keysetSql(request, { at: 'm.joined_at', id: 'm.id', isDescending: false }, 2)
  const rows = await database.sql<RoomMember & { place: number }>(
    `select page.* from unnest($1::uuid[]) as wanted(room_id) cross join lateral (
       select ${memberColumns}, (row_number() over (${order}))::int as place from room_member m
       where m.room_id = wanted.room_id and m.left_at is null ${where} ${order} limit ${request.size + 1}) as page
     order by page.place`,
    [roomIds, ...values],
  )
  const members = rows.map(({ place: _place, ...member }) => member)
  for (const member of members) {
    loaders.prime(memberById, member.id, member)
    loaders.prime(membershipOf, member, member)
  }
  return groupBy(members, ({ roomId }) => roomId)
})
