import { defineLoader } from '../../graphql/loaders.ts'
import type { TeamRole } from '../../store/generated/prisma/client.ts'

/** A person's role in a team; null for who is not in it (any more). */
export const teamRoleOf = defineLoader<{ teamId: string; userId: string }, TeamRole>(
  'teamRoleOf',
  async ({ sql }, keys) => {
    const rows = await sql<{ place: number; role: TeamRole }>(
      `select wanted.place::int, m.role from unnest($1::uuid[], $2::uuid[]) with ordinality as wanted(team_id, user_id, place)
       join team_member m on m.team_id = wanted.team_id and m.user_id = wanted.user_id where m.left_at is null`,
      [keys.map(({ teamId }) => teamId), keys.map(({ userId }) => userId)],
    )
    const found = new Map(rows.map(({ place, role }) => [place, role]))
    return keys.map((_key, index) => found.get(index + 1) ?? null)
  },
  ({ teamId, userId }) => `${teamId}:${userId}`,
)
