import type { TeamRole } from '../../store/generated/prisma/client.ts'

/** How a person stands to a team: their role, or null for who is not in it. */
export type TeamStanding = TeamRole | null

/** Reading and following it. To everybody else it is not there. */
export function canSeeTeam(standing: TeamStanding): boolean {
  return standing !== null
}

/** Public and private ones. */
export function canCreateChannel(standing: TeamStanding): boolean {
  return standing !== null
}

/** Name and slug. */
export function canUpdateTeam(standing: TeamStanding): boolean {
  return standing === 'LEAD'
}

/** Adding, removing, roles. Leaving is everybody's. */
export function canManageTeam(standing: TeamStanding): boolean {
  return standing === 'LEAD'
}
