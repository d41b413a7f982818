import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { forbidden, notFound } from '../../lib/refusal.ts'
import { requireName, requireText } from '../../lib/text.ts'
import type { RoomMember } from '../../store/generated/prisma/client.ts'
import { type NoncedWrite, resultBefore, transactOnce } from '../../store/nonces.ts'
import { reach } from '../blocks/reach.ts'
import { canCreateChannel } from '../teams/policy.ts'
import { channelAdded } from './channel-events.ts'
import { topicOf } from './commands.ts'
import { joinIn } from './joining.ts'
import { openRoomIn } from './opening.ts'
import { canJoin } from './policy.ts'
import { itIsArchived, requireScene } from './scene.ts'
import { tellTeamIn } from './telling.ts'

export interface CreateChannel {
  readonly teamId: string
  readonly name: string
  readonly topic?: string | null | undefined
  readonly isPrivate?: boolean | null | undefined
  readonly nonce?: string | null | undefined
}

/**
 * In a team of one's own; whoever makes it is its admin. Nobody takes them out of the team meanwhile: that would lock their inbox, too. Of a
 * private one the team hears nothing. A nonce used before in this team gives the channel that was made then.
 */
export async function createChannel(services: Services, person: string, input: CreateChannel): Promise<string> {
  const { limits } = services
  const { teamId } = input
  const name = requireName(input.name, 'name', limits.nameCharacters)
  const topic = topicOf(services, input.topic)
  const isPrivate = input.isPrivate ?? false
  const nonce = input.nonce == null ? undefined : requireText(input.nonce, { field: 'nonce', most: limits.nonceCharacters })
  const inputHash = sha256(JSON.stringify({ name, topic, isPrivate }))
  const write: NoncedWrite = { userId: person, mutation: 'createChannel', place: teamId, nonce, inputHash }
  const known = await resultBefore(services.database.prisma, write)
  if (known !== undefined) return known

  await reach(services, person)
  return transactOnce(services, write, isPrivate ? [] : [teamId], async (tx) => {
    const membership = await tx.rows.teamMember.findUnique({ where: { teamId_userId: { teamId, userId: person }, leftAt: null } })
    if (!canCreateChannel(membership?.role ?? null)) throw notFound('team')
    const room = { kind: 'CHANNEL', teamId, isPrivate, name, topic, createdById: person } as const
    const roomId = await openRoomIn(tx, room, { [person]: 'ADMIN' })
    tellTeamIn(tx, room, channelAdded({ roomId, actorId: person }))
    return roomId
  })
}

/** By oneself. Who is in already stays as they are, and nobody hears of it. The room says that somebody came: it counts as a send. */
export async function joinChannel(services: Services, person: string, roomId: string): Promise<RoomMember> {
  const known = await requireScene(services.database.prisma, roomId, person)
  if (known.mine.role === null && canJoin(known.mine)) await services.rates.spend('send', person)

  return services.transact([roomId, person], async (tx) => {
    const { room, mine } = await requireScene(tx.rows, roomId, person)
    if (room.kind !== 'CHANNEL') throw notFound('room')
    if (mine.role === null && !canJoin(mine)) throw forbidden(itIsArchived)
    return joinIn(tx, { roomId, userId: person, actorId: person, membership: mine.membership })
  })
}
