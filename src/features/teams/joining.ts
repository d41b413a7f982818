import { uuid } from '../../lib/uuid.ts'
import type { Prisma, TeamMember, TeamRole } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { joinIn } from '../rooms/joining.ts'
import { teamAdded, teamMemberJoined } from './events.ts'

/** Who comes, as what, and by whom. `membership`: the row they have from before, if they were in it. */
export interface JoiningTeam {
  readonly teamId: string
  readonly userId: string
  readonly actorId: string
  readonly role: TeamRole
  readonly membership: TeamMember | null
}

/** The channel that everybody joins with the team: it was made with it, and is never another. */
export async function generalOf(rows: Prisma.TransactionClient, teamId: string): Promise<string> {
  return (await rows.room.findFirstOrThrow({ where: { teamId, isGeneral: true }, select: { id: true } })).id
}

/**
 * Within a transaction that holds the streams of the team and of its "general" and the person's inbox, and has decided; they are not in it.
 * Whoever comes back has nothing of what they had. An archived "general" stays as it is: they only see it.
 */
export async function joinTeamIn(tx: Transaction, { teamId, userId, actorId, role, membership }: JoiningTeam): Promise<TeamMember> {
  const state = { role, joinedAt: tx.at, leftAt: null }
  const member = membership
    ? await tx.rows.teamMember.update({ where: { id: membership.id }, data: state })
    : await tx.rows.teamMember.create({ data: { ...state, id: uuid(), teamId, userId } })
  await tx.rows.team.update({ where: { id: teamId }, data: { memberCount: { increment: 1 } } })
  tx.append(teamId, teamMemberJoined({ teamId, memberId: member.id, userId, actorId }))
  // The team comes before its channel, so that whoever follows the inbox knows whose it is.
  tx.append(userId, teamAdded({ teamId, memberId: member.id }))
  const {
    id: roomId,
    archivedAt,
    members,
  } = await tx.rows.room.findFirstOrThrow({
    where: { teamId, isGeneral: true },
    include: { members: { where: { userId } } },
  })
  if (archivedAt === null) await joinIn(tx, { roomId, userId, actorId, membership: members[0] ?? null })
  return member
}
