import type { Prisma, TeamMember } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { leaveIn } from '../rooms/joining.ts'
import { teamMemberLeft, teamMemberUpdated, teamRemoved } from './events.ts'

/**
 * What has to be locked for somebody to leave a team: its stream, their inbox, and the streams of its channels that they are in. While their
 * inbox is locked there comes none to those, since whoever joins a room holds it too.
 */
export async function streamsOfLeaving(rows: Prisma.TransactionClient, teamId: string, userId: string): Promise<string[]> {
  return [teamId, userId, ...(await channelsOf(rows, teamId, userId)).map(({ roomId }) => roomId)]
}

/**
 * Within a transaction that holds the streams of `streamsOfLeaving`, and has decided: they leave its channels, then the team. The row stays,
 * for the events that name it; to themselves `TeamMemberLeft` is the team's last event. Where the last lead has to go, because their account
 * is closed, whoever has been there longest leads. The last person leaves an empty team.
 */
export async function leaveTeamIn(tx: Transaction, membership: TeamMember, actorId: string): Promise<TeamMember> {
  const { id, teamId, userId } = membership
  const wasRemoved = actorId !== userId
  for (const seat of await channelsOf(tx.rows, teamId, userId)) {
    await leaveIn(tx, { roomId: seat.roomId, userId, actorId, membership: seat })
  }
  const left = await tx.rows.teamMember.update({ where: { id }, data: { leftAt: tx.at } })
  await tx.rows.team.update({ where: { id: teamId }, data: { memberCount: { decrement: 1 } } })
  tx.append(teamId, teamMemberLeft({ teamId, memberId: id, userId, actorId, wasRemoved }))
  await appointLead(tx, teamId, actorId)
  tx.append(userId, teamRemoved({ teamId, wasRemoved }))
  return left
}

async function appointLead(tx: Transaction, teamId: string, actorId: string): Promise<void> {
  if ((await countLeads(tx.rows, teamId)) > 0) return
  const next = await tx.rows.teamMember.findFirst({ where: { teamId, leftAt: null }, orderBy: [{ joinedAt: 'asc' }, { id: 'asc' }] })
  if (!next) return
  await tx.rows.teamMember.update({ where: { id: next.id }, data: { role: 'LEAD' } })
  tx.append(teamId, teamMemberUpdated({ teamId, memberId: next.id, userId: next.userId, actorId }))
}

export function countLeads(rows: Prisma.TransactionClient, teamId: string): Promise<number> {
  return rows.teamMember.count({ where: { teamId, leftAt: null, role: 'LEAD' } })
}

/** Their memberships in channels of the team. */
function channelsOf(rows: Prisma.TransactionClient, teamId: string, userId: string) {
  return rows.roomMember.findMany({ where: { userId, leftAt: null, room: { teamId } }, orderBy: { joinedAt: 'asc' } })
}
