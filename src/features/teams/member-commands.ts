import type { Services } from '../../graphql/context.ts'
import { conflict } from '../../lib/refusal.ts'
import type { Prisma, TeamMember, TeamRole } from '../../store/generated/prisma/client.ts'
import { transactFound } from '../../store/transact.ts'
import { requireUser } from '../accounts/scene.ts'
import { reach, requireReachable } from '../blocks/reach.ts'
import { dropSilencedIn } from '../calls/dropping.ts'
import { teamMemberUpdated } from './events.ts'
import { generalOf, joinTeamIn } from './joining.ts'
import { channelsOf, countLeads, leaveTeamIn, streamsOfLeaving } from './leaving.ts'
import { canManageTeam } from './policy.ts'
import { lasts, requireLead, requireTeamMember, requireTeamScene } from './scene.ts'

export interface OfTeamMember {
  readonly teamId: string
  readonly userId: string
}

/** By leads. Who is in already stays as they are, and nobody hears of it. */
export async function addTeamMember(services: Services, person: string, input: OfTeamMember & { role: TeamRole }): Promise<TeamMember> {
  const { teamId, userId, role } = input
  const { prisma } = services.database
  const known = await requireTeamScene(prisma, teamId, person, userId)
  if (canManageTeam(known.mine.role) && !lasts(known.theirs)) await reach(services, person)

  return services.transact([teamId, await generalOf(prisma, teamId), person, userId], async (tx) => {
    const scene = await requireTeamScene(tx.rows, teamId, person, userId)
    requireLead(scene)
    if (lasts(scene.theirs)) return scene.theirs
    await requireUser(tx.rows, userId)
    await requireReachable(tx.rows, person, [userId])
    return joinTeamIn(tx, { teamId, userId, actorId: person, role, membership: scene.theirs })
  })
}

/** By leads, or oneself: leaving. They lose its channels by the same commit. */
export async function removeTeamMember(services: Services, person: string, { teamId, userId }: OfTeamMember): Promise<TeamMember> {
  return transactFound(
    services,
    async (rows) => [person, ...(await streamsOfLeaving(rows, teamId, userId))],
    async (tx) => {
      const scene = await requireTeamScene(tx.rows, teamId, person, userId)
      if (userId !== person) requireLead(scene)
      const member = requireTeamMember(scene)
      if (scene.team.memberCount > 1) await requireOtherLead(tx.rows, member)
      return leaveTeamIn(tx, member, person)
    },
  )
}

/** By leads. The last of them stays one: a team without would be nobody's to run. */
export async function setTeamRole(services: Services, person: string, input: OfTeamMember & { role: TeamRole }): Promise<TeamMember> {
  const { teamId, userId, role } = input
  return services.transact([teamId, person, userId], async (tx) => {
    const scene = await requireTeamScene(tx.rows, teamId, person, userId)
    requireLead(scene)
    const member = requireTeamMember(scene)
    if (member.role === role) return member
    await requireOtherLead(tx.rows, member)
    const updated = await tx.rows.teamMember.update({ where: { id: member.id }, data: { role } })
    const channels = role === 'LEAD' ? [] : await channelsOf(tx.rows, [teamId], userId)
    await dropSilencedIn(tx, { roomIds: channels.map(({ roomId }) => roomId), userId })
    tx.append(teamId, teamMemberUpdated({ teamId, memberId: member.id, userId, actorId: person }))
    return updated
  })
}

/** Somebody leads it also without this member. */
async function requireOtherLead(rows: Prisma.TransactionClient, { teamId, role }: TeamMember): Promise<void> {
  if (role === 'LEAD' && (await countLeads(rows, teamId)) === 1)
    throw conflict('You are the only lead of this team: make somebody else one first.')
}
