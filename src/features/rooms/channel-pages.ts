import type { Context } from '../../graphql/context.ts'
import { defineQuestion } from '../../graphql/loaders.ts'
import { keysetByMoment, keysetSql, type Moment } from '../../graphql/moments.ts'
import { countedOrNull, makePage, mostCounted, type PageArguments, type PageRequest, readPage } from '../../graphql/paging.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { ConnectionPage } from './pages.ts'
import {
  type MembershipAsJson,
  memberById,
  membershipAsJson,
  membershipOf,
  type RoomRow,
  rememberNatures,
  reviveMembership,
  roomById,
  roomColumns,
} from './queries.ts'

/** Which channels of a team: those that the person may see, all of them or only one sort. */
interface Extent {
  readonly userId: string
  readonly archived: boolean | null
}

/** The list of a team's channels: the oldest first, so that each keeps its place. */
const channelKeyset = keysetByMoment<RoomRow>((room) => room.createdAt)

/** One page of a team's channels: public ones, and the private ones that the person is in. */
export async function pageOfChannels(
  { services, loaders }: Context,
  teamId: string,
  { userId, archived, ...args }: PageArguments & { userId: string; archived?: boolean | null | undefined },
): Promise<ConnectionPage<RoomRow>> {
  const request = readPage(args, channelKeyset, services.limits)
  const extent = { userId, archived: archived ?? null }
  const rows = await loaders.load(channelRows, { id: teamId, asked: { ...extent, request } })
  return {
    ...makePage(rows ?? [], request, channelKeyset),
    totalCount: async () => countedOrNull((await loaders.load(channelCount, { id: teamId, asked: extent })) ?? 0),
  }
}

/** From `room r`, and `room_member m` where the person is in it. */
const visible = `from room r left join room_member m on m.room_id = r.id and m.user_id = $2 and m.left_at is null`
const isMeant = `(not r.is_private or m.id is not null) and ($3::boolean is null or (r.archived_at is not null) = $3)`

/** Of each team, in the order of reading, with positions and memberships. */
const channelRows = defineQuestion<Extent & { readonly request: PageRequest<Moment> }, RoomRow[]>(
  'channelRows',
  async (database, teamIds, { userId, archived, request }, loaders) => {
    const { where, order, values } = keysetSql(request, { at: 'r.created_at', id: 'r.id', isDescending: false }, 4)
    const rows = await database.sql<RoomRow & { membership: MembershipAsJson | null; place: number }>(
      `select page.* from unnest($1::uuid[]) as wanted(team_id) cross join lateral (
         select ${roomColumns}, case when m.id is not null then ${membershipAsJson} end as membership,
           (row_number() over (${order}))::int as place
         ${visible} join stream s on s.id = r.id
         where r.team_id = wanted.team_id and ${isMeant} ${where} ${order} limit ${request.size + 1}) as page
       order by page.place`,
      [teamIds, userId, archived, ...values],
    )
    // Position before state, as in `roomById`.
    loaders.forget(channelRows)
    rememberNatures(database, rows)
    const rooms = rows.map(({ membership, place: _place, ...room }) => {
      const member = membership && reviveMembership(membership)
      loaders.prime(roomById, room.id, room)
      loaders.prime(membershipOf, { roomId: room.id, userId }, member)
      if (member) loaders.prime(memberById, member.id, member)
      return room
    })
    return groupBy(rooms, ({ teamId }) => teamId!)
  },
)

const channelCount = defineQuestion<Extent, number>('channelCount', async ({ sql }, teamIds, { userId, archived }) => {
  const rows = await sql<{ teamId: string; count: number }>(
    `select wanted.team_id as "teamId", counted.count from unnest($1::uuid[]) as wanted(team_id) cross join lateral (
       select count(*)::int as count from (select 1 ${visible} where r.team_id = wanted.team_id and ${isMeant} limit ${mostCounted + 1}) as capped
     ) as counted`,
    [teamIds, userId, archived],
  )
  return new Map(rows.map(({ teamId, count }) => [teamId, count]))
})
