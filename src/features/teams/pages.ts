import type { Context } from '../../graphql/context.ts'
import { defineQuestion } from '../../graphql/loaders.ts'
import { keysetByMoment, keysetSql, type Moment } from '../../graphql/moments.ts'
import { countedOrNull, makePage, mostCounted, type PageArguments, type PageRequest, pageCursor, readPage } from '../../graphql/paging.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { Database } from '../../store/database.ts'
import type { TeamMember } from '../../store/generated/prisma/client.ts'
import { type TeamRow, teamById, teamColumns, teamMemberById, teamMemberColumns, teamMembershipOf } from './queries.ts'

/** Of a person's teams and of a team's people alike: who has been there longest comes first. No renaming moves a team. */
const byJoining = keysetByMoment<TeamMember>((member) => member.joinedAt)
const joiningColumns = { at: 'm.joined_at', id: 'm.id', isDescending: false }

/** A team in its place among those of the person whose membership it is. */
export function edgeOf(team: TeamRow, membership: TeamMember): { cursor: string; node: TeamRow } {
  return { cursor: pageCursor(membership, byJoining), node: team }
}

/** One page of the teams a person is in, with positions and memberships, in one statement. */
export async function pageOfTeams({ services, loaders }: Context, userId: string, args: PageArguments) {
  const request = readPage(args, byJoining, services.limits)
  const { where, order, values } = keysetSql(request, joiningColumns, 2)
  const rows = await services.database.sql<TeamRow & Pick<TeamMember, 'role' | 'joinedAt'> & { memberId: string }>(
    `select ${teamColumns}, m.id as "memberId", m.role, m.joined_at as "joinedAt"
     from team_member m join team t on t.id = m.team_id join stream s on s.id = t.id
     where m.user_id = $1 and m.left_at is null ${where} ${order} limit ${request.size + 1}`,
    [userId, ...values],
  )
  // Position before state, as in `teamById`.
  loaders.forget()
  const teams = new Map<string, TeamRow>()
  const memberships = rows.map(({ memberId, role, joinedAt, ...team }) => {
    const membership: TeamMember = { id: memberId, teamId: team.id, userId, role, joinedAt, leftAt: null }
    loaders.prime(teamById, team.id, team)
    loaders.prime(teamMemberById, memberId, membership)
    loaders.prime(teamMembershipOf, membership, membership)
    teams.set(team.id, team)
    return membership
  })
  const { edges, pageInfo } = makePage(memberships, request, byJoining)
  return {
    edges: edges.map(({ node }) => edgeOf(teams.get(node.teamId)!, node)),
    pageInfo,
    totalCount: () => countTeams(services.database, userId),
  }
}

async function countTeams(database: Database, userId: string): Promise<number | null> {
  const [row] = await database.sql<{ count: number }>(
    `select count(*)::int as count from (
       select 1 from team_member where user_id = $1 and left_at is null limit ${mostCounted + 1}) as counted`,
    [userId],
  )
  return countedOrNull(row!.count)
}

/** One page of a team's people. */
export async function pageOfTeamMembers({ services, loaders }: Context, team: { id: string; memberCount: number }, args: PageArguments) {
  const request = readPage(args, byJoining, services.limits)
  const rows = (await loaders.load(teamMemberRows, { id: team.id, asked: request })) ?? []
  return { ...makePage(rows, request, byJoining), totalCount: async () => countedOrNull(team.memberCount) }
}

/** Of each team, in the order of reading. */
const teamMemberRows = defineQuestion<PageRequest<Moment>, TeamMember[]>('teamMemberRows', async (database, teamIds, request, loaders) => {
  const { where, order, values } = keysetSql(request, joiningColumns, 2)
  const rows = await database.sql<TeamMember & { place: number }>(
    `select page.* from unnest($1::uuid[]) as wanted(team_id) cross join lateral (
       select ${teamMemberColumns}, (row_number() over (${order}))::int as place from team_member m
       where m.team_id = wanted.team_id and m.left_at is null ${where} ${order} limit ${request.size + 1}) as page
     order by page.place`,
    [teamIds, ...values],
  )
  const members = rows.map(({ place: _place, ...member }) => member)
  for (const member of members) {
    loaders.prime(teamMemberById, member.id, member)
    loaders.prime(teamMembershipOf, member, member)
  }
  return groupBy(members, ({ teamId }) => teamId)
})
