import { forbidden, notFound } from '../../lib/refusal.ts'
import type { Prisma, Team, TeamMember } from '../../store/generated/prisma/client.ts'
import { canManageTeam, canSeeTeam } from './policy.ts'

/** What a command about a team decides by: the team, the asking person's membership, and another's, which may have ended. */
export interface TeamScene {
  readonly team: Team
  readonly mine: TeamMember
  readonly theirs: TeamMember | null
}

/** Reads the scene by `rows`: inside a transaction what decides, before one what is worth knowing. */
export async function requireTeamScene(rows: Prisma.TransactionClient, teamId: string, person: string, other = person): Promise<TeamScene> {
  const team = await rows.team.findUnique({ where: { id: teamId } })
  const members = await rows.teamMember.findMany({ where: { teamId, userId: { in: [person, other] } } })
  const mine = members.find((member) => member.userId === person && lasts(member))
  if (!team || !mine || !canSeeTeam(mine.role)) throw notFound('team')
  return { team, mine, theirs: members.find(({ userId }) => userId === other) ?? null }
}

export function requireLead({ mine }: TeamScene): void {
  if (!canManageTeam(mine.role)) throw forbidden(onlyItsLeads)
}

export const onlyItsLeads = 'Only its leads may do that.'

/** The other one's membership, while it lasts. */
export function requireTeamMember({ theirs }: TeamScene): TeamMember {
  if (!lasts(theirs)) throw notFound('member')
  return theirs
}

export function lasts(membership: TeamMember | null): membership is TeamMember {
  return membership !== null && membership.leftAt === null
}
