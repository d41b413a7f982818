import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { RoomRole, TeamRole } from '../../../src/store/generated/prisma/client.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'

type Roles<Role> = readonly (readonly [APerson, Role])[]

/** A team as rows: for tests that are about rooms. */
export async function aTeamOf({ services }: Domain, roles: Roles<TeamRole>): Promise<string> {
  const id = uuid()
  await services.transact([], async (tx) => {
    await tx.openStream(id)
    const team = { id, name: 'A team', slug: `t-${id}`, memberCount: roles.length, createdById: roles[0]![0].id, createdAt: tx.at }
    await tx.rows.team.create({ data: team })
    await tx.rows.teamMember.createMany({
      data: roles.map(([person, role]) => ({ id: uuid(), teamId: id, userId: person.id, role, joinedAt: tx.at })),
    })
  })
  return id
}

/** A channel of it, with those in it. */
export async function aChannelOf({ services }: Domain, teamId: string, roles: Roles<RoomRole>, { isPrivate = false } = {}): Promise<ARoom> {
  const id = uuid()
  await services.transact([], async (tx) => {
    await tx.openStream(id)
    const { createdById } = await tx.rows.team.findUniqueOrThrow({ where: { id: teamId } })
    const room = {
      id,
      kind: 'CHANNEL',
      teamId,
      isPrivate,
      name: 'A channel',
      memberCount: roles.length,
      createdById,
      createdAt: tx.at,
    } as const
    await tx.rows.room.create({ data: room })
    await tx.rows.roomMember.createMany({
      data: roles.map(([person, role]) => ({ id: uuid(), roomId: id, userId: person.id, role, joinedAt: tx.at })),
    })
  })
  return { id, globalId: encodeId('Channel', id) }
}
