import { Following } from '../../engine/following.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'

/** A team's events, for a person who is in it. */
export function followTeam(context: Context, teamIdText: string, after: string | null | undefined): Following {
  const personId = context.actor.id('to follow a team')
  const teamId = rowId(teamIdText, 'Team', 'teamId')
  const { database } = context.services
  return new Following({
    streamId: teamId,
    after,
    personId,
    async mayFollow() {
      // Past every loader: it decides about what happens after it was asked.
      const rows = await database.sql('select 1 from team_member where team_id = $1 and user_id = $2 and left_at is null', [
        teamId,
        personId,
      ])
      if (rows.length === 0) throw notFound('team')
    },
    endsAccessOf: ({ type, data }) => (type === 'TeamMemberLeft' ? (data.userId as string) : undefined),
  })
}
