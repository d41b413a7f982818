import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import type { Team, TeamMember } from '../../store/generated/prisma/client.ts'

/** A team with the position of its stream, both of one moment. */
export interface TeamRow extends Team {
  readonly head: number
}

/** The columns of a `TeamRow`, from `team t join stream s on s.id = t.id`. */
export const teamColumns = `t.id, t.name, t.slug, t.member_count as "memberCount", t.created_by_id as "createdById",
  t.created_at as "createdAt", s.head`

/** The columns of a `TeamMember`, from `team_member m`. */
export const teamMemberColumns = `m.id, m.team_id as "teamId", m.user_id as "userId", m.role, m.joined_at as "joinedAt",
  m.left_at as "leftAt"`

/** Position before state: what the other loaders held may be older than the positions read here, so it is dropped. */
export const teamById = defineLoader<string, TeamRow>('teamById', async ({ sql }, ids, loaders) => {
  const rows = await sql<TeamRow>(`select ${teamColumns} from team t join stream s on s.id = t.id where t.id = any($1::uuid[])`, [ids])
  loaders.forget(teamById)
  return inOrder(ids, rows, (team) => team.id)
})

/** Also memberships that have ended: events go on naming them. */
export const teamMemberById = defineLoader<string, TeamMember>('teamMemberById', async ({ prisma }, ids) =>
  inOrder(ids, await prisma.teamMember.findMany({ where: { id: { in: [...ids] } } }), (member) => member.id),
)

/** Only memberships that last. */
export const teamMembershipOf = defineLoader<OfTeam, TeamMember>(
  'teamMembershipOf',
  async ({ sql }, keys) => {
    const rows = await sql<TeamMember>(
      `select ${teamMemberColumns} from unnest($1::uuid[], $2::uuid[]) as wanted(team_id, user_id)
       join team_member m on m.team_id = wanted.team_id and m.user_id = wanted.user_id where m.left_at is null`,
      [keys.map(({ teamId }) => teamId), keys.map(({ userId }) => userId)],
    )
    return inOrder(keys.map(nameOf), rows, nameOf)
  },
  nameOf,
)

interface OfTeam {
  readonly teamId: string
  readonly userId: string
}

function nameOf({ teamId, userId }: OfTeam): string {
  return `${teamId}:${userId}`
}
