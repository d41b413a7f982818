import { conflict } from '../../lib/refusal.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { leaveAllTeamsIn } from './leaving.ts'

/** The teams that a person is in: what has to be locked, besides their inbox and rooms, to close their account. */
export async function teamIdsOf(rows: Prisma.TransactionClient, userId: string): Promise<string[]> {
  return (await rows.teamMember.findMany({ where: { userId, leftAt: null }, select: { teamId: true } })).map(({ teamId }) => teamId)
}

/**
 * Within a transaction that holds the person's inbox and the streams of all their teams and rooms: their account is closed, so they leave all
 * teams. Refuses, as leaving does, where others would be left in a team without a lead.
 */
export async function quitTeamsIn(tx: Transaction, userId: string): Promise<void> {
  const led = await firstLedOnlyBy(tx.rows, userId)
  if (led) throw conflict(`You are the only lead of the team “${led.name}”: make somebody else one first, or remove its people.`)
  const memberships = await tx.rows.teamMember.findMany({ where: { userId, leftAt: null } })
  await leaveAllTeamsIn(tx, { userId, actorId: userId, memberships })
}

/** Of the teams that others are in, and that nobody else leads. */
function firstLedOnlyBy(rows: Prisma.TransactionClient, userId: string): Promise<{ name: string } | null> {
  const leading = { leftAt: null, role: 'LEAD' } as const
  return rows.team.findFirst({
    where: { memberCount: { gt: 1 }, members: { some: { userId, ...leading }, none: { userId: { not: userId }, ...leading } } },
    orderBy: { name: 'asc' },
    select: { name: true },
  })
}
