import type { Context } from '../../graphql/context.ts'
import { decodeId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'
import { roomNatureById } from '../rooms/queries.ts'
import { canSeeTeam } from './policy.ts'
import { type TeamRow, teamById, teamMembershipOf } from './queries.ts'

/**
 * Whoever follows a team's stream may see it, and whoever follows that of one of its channels: the people of a channel are the team's. These
 * audiences need no name. Anybody else is asked for theirs.
 */
export async function maySeeTeam({ actor, loaders }: Context, teamId: string): Promise<boolean> {
  if (actor.hears(teamId)) return true
  if (actor.heard !== undefined && (await loaders.load(roomNatureById, actor.heard))?.teamId === teamId) return true
  const membership = await loaders.load(teamMembershipOf, { teamId, userId: actor.id('to see a team') })
  return canSeeTeam(membership?.role ?? null)
}

/** The team, or null for what is not there or not to be seen. Its position is read before anything that decides or shows. */
export async function seeTeam(context: Context, teamId: string): Promise<TeamRow | null> {
  const team = await context.loaders.load(teamById, teamId)
  return (await maySeeTeam(context, teamId)) ? team : null
}

export async function requireTeam(context: Context, teamId: string): Promise<TeamRow> {
  const team = await seeTeam(context, teamId)
  if (!team) throw notFound('team')
  return team
}

/** For reads that answer null: the team that an id names, if it is one of a team and to be seen. */
export async function seeTeamNamed(context: Context, text: string): Promise<TeamRow | null> {
  const { typename, id } = decodeId(text)
  const team = await seeTeam(context, id)
  return typename === 'Team' ? team : null
}
