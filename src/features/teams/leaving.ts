import type { Prisma, TeamMember } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { uninviteIn } from '../meetings/uninviting.ts'
import { leaveAllIn } from '../rooms/leaving.ts'
import { teamMemberLeft, teamRemoved } from './events.ts'

/**
 * What has to be locked for somebody to leave a team: its stream, their inbox, and the streams of its channels that they are in. While their
 * inbox is locked there comes none to those, since whoever joins a room holds it too.
 */
export async function streamsOfLeaving(rows: Prisma.TransactionClient, teamId: string, userId: string): Promise<string[]> {
  return [teamId, userId, ...(await channelsOf(rows, [teamId], userId)).map(({ roomId }) => roomId)]
}

/** As `leaveAllTeamsIn`, one team. */
export async function leaveTeamIn(tx: Transaction, membership: TeamMember, actorId: string): Promise<TeamMember> {
  await leaveAllTeamsIn(tx, { userId: membership.userId, actorId, memberships: [membership] })
  return { ...membership, leftAt: tx.at }
}

/** Who goes from where, and by whom: their memberships, which last. */
export interface LeavingTeams {
  readonly userId: string
  readonly actorId: string
  readonly memberships: readonly TeamMember[]
}

/**
 * Within a transaction that holds the streams of `streamsOfLeaving` for each of these teams, and has decided that they are left with a lead
 * or with nobody: they leave their channels, then the teams, in as many statements for a hundred teams as for one. The rows stay, for the
 * events that name them; to themselves `TeamMemberLeft` is a team's last event.
 */
export async function leaveAllTeamsIn(tx: Transaction, { userId, actorId, memberships }: LeavingTeams): Promise<void> {
  if (memberships.length === 0) return
  const wasRemoved = actorId !== userId
  const teamIds = memberships.map(({ teamId }) => teamId)
  await leaveAllIn(tx, { userId, actorId, memberships: await channelsOf(tx.rows, teamIds, userId) })
  // Also of channels that they were in by an invitation alone.
  await uninviteIn(tx, userId, { teamId: { in: teamIds } })
  await tx.rows.teamMember.updateMany({ where: { id: { in: memberships.map(({ id }) => id) } }, data: { leftAt: tx.at } })
  await tx.rows.team.updateMany({ where: { id: { in: teamIds } }, data: { memberCount: { decrement: 1 } } })
  for (const { id, teamId } of memberships) {
    tx.append(teamId, teamMemberLeft({ teamId, memberId: id, userId, actorId, wasRemoved }))
    tx.append(userId, teamRemoved({ teamId, wasRemoved }))
  }
}

export function countLeads(rows: Prisma.TransactionClient, teamId: string): Promise<number> {
  return rows.teamMember.count({ where: { teamId, leftAt: null, role: 'LEAD' } })
}

/** Their memberships in channels of these teams. */
export function channelsOf(rows: Prisma.TransactionClient, teamIds: string[], userId: string) {
  return rows.roomMember.findMany({ where: { userId, leftAt: null, room: { teamId: { in: teamIds } } }, orderBy: { joinedAt: 'asc' } })
}
