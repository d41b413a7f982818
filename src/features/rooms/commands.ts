import type { Services } from '../../graphql/context.ts'
import { sha256 } from '../../lib/hash.ts'
import { badInput, forbidden } from '../../lib/refusal.ts'
import { requireName, requireText } from '../../lib/text.ts'
import type { RoomRole } from '../../store/generated/prisma/client.ts'
import { type NoncedWrite, resultBefore, transactOnce } from '../../store/nonces.ts'
import { requireUser } from '../accounts/scene.ts'
import { reach, requireReachable } from '../blocks/reach.ts'
import { saySystemIn } from '../messages/system.ts'
import { type AvatarChange, changeAvatarIn, prepareAvatar } from '../uploads/avatars.ts'
import { channelUpdated } from './channel-events.ts'
import { directKeyOf, findDirectRoom } from './direct-rooms.ts'
import { roomUpdated } from './events.ts'
import { openRoomIn } from './opening.ts'
import { canUpdate, type Standing } from './policy.ts'
import { itIsArchived, onlyForThoseWhoRunIt, requireScene } from './scene.ts'
import { streamsOf, tellTeamIn } from './telling.ts'

/**
 * The one room of the two, made when there is none and neither has blocked the other. Both inboxes are locked, so it is made once however
 * many open it at once.
 */
export async function openDirectRoom(services: Services, person: string, other: string): Promise<string> {
  if (other === person) throw badInput('userId', 'A direct room is between two people: name somebody else.')
  const known = await findDirectRoom(services.database.prisma, person, other)
  if (known !== null) return known

  await requireUser(services.database.prisma, other)
  await reach(services, person)
  return services.transact([person, other], async (tx) => {
    const found = await findDirectRoom(tx.rows, person, other)
    if (found !== null) return found
    await requireUser(tx.rows, person, other)
    await requireReachable(tx.rows, person, [other])
    const room = { kind: 'DIRECT', directKey: directKeyOf(person, other), createdById: person } as const
    return openRoomIn(tx, room, { [person]: 'MEMBER', [other]: 'MEMBER' })
  })
}

export interface CreateGroupRoom {
  readonly name: string
  readonly topic?: string | null | undefined
  readonly memberIds: readonly string[]
  readonly nonce?: string | null | undefined
}

/** Whoever makes it is its admin. A nonce used before gives the room that was made then. */
export async function createGroupRoom(services: Services, person: string, input: CreateGroupRoom): Promise<string> {
  const { limits } = services
  const name = requireName(input.name, 'name', limits.nameCharacters)
  const topic = topicOf(services, input.topic)
  if (input.memberIds.length > limits.listMost) throw badInput('memberIds', `At most ${limits.listMost} people at once, please.`)
  const others = [...new Set(input.memberIds)].filter((id) => id !== person).sort()
  const nonce = input.nonce == null ? undefined : requireText(input.nonce, { field: 'nonce', most: limits.nonceCharacters })
  const inputHash = sha256(JSON.stringify({ name, topic, others }))
  const write: NoncedWrite = { userId: person, mutation: 'createGroupRoom', place: '', nonce, inputHash }
  const known = await resultBefore(services.database.prisma, write)
  if (known !== undefined) return known

  // A group counts as one reach, however many it begins with: their number is bounded already.
  await reach(services, person)
  return transactOnce(services, write, others, async (tx) => {
    await requireUser(tx.rows, person, ...others)
    await requireReachable(tx.rows, person, others)
    const roles = Object.fromEntries([[person, 'ADMIN'], ...others.map((id) => [id, 'MEMBER'])]) as Record<string, RoomRole>
    return openRoomIn(tx, { kind: 'GROUP', name, topic, createdById: person }, roles)
  })
}

export interface UpdateRoom {
  readonly roomId: string
  readonly name?: string | null | undefined
  readonly topic?: string | null | undefined
  /** The id of a picture of whoever updates it. */
  readonly avatarId?: AvatarChange
}

/**
 * What is absent stays, a topic or a picture of null is cleared. The team of a public channel hears of it too. As many hear of it as of a message, so it
 * counts as a send.
 */
export async function updateRoom(services: Services, person: string, { roomId, avatarId, ...input }: UpdateRoom): Promise<void> {
  if (input.name === null) throw badInput('name', 'A room has to have a name.')
  const changes = {
    ...(input.name !== undefined && { name: requireName(input.name, 'name', services.limits.nameCharacters) }),
    ...(input.topic !== undefined && { topic: topicOf(services, input.topic) }),
  }
  const known = await requireScene(services.database.prisma, roomId, person)
  if (canUpdate(known.mine)) await services.rates.spend('send', person)

  if (canUpdate(known.mine)) await prepareAvatar(services, roomId, person, avatarId)
  const streams = await streamsOf(services, roomId)
  let released: readonly string[] = []
  await services.transact([...streams, person], async (tx) => {
    const { room, mine } = await requireScene(tx.rows, roomId, person)
    if (!canUpdate(mine)) throw forbidden(whyNoUpdate(mine))
    const next = { ...room, ...changes }
    const avatar = await changeAvatarIn(tx, roomId, person, avatarId)
    released = avatar.released
    if (next.name === room.name && next.topic === room.topic && !avatar.hasChanged) return
    await tx.rows.room.update({ where: { id: roomId }, data: changes })
    tx.append(roomId, roomUpdated({ roomId, actorId: person }))
    tellTeamIn(tx, room, channelUpdated({ roomId, actorId: person }))
    if (next.name === room.name) return
    const content = `Renamed the room to “${next.name}”.`
    await saySystemIn(tx, { roomId, senderId: person, kind: 'ROOM_RENAMED', content })
  })
  services.uploads.discard(released)
}

function whyNoUpdate({ kind, isArchived }: Standing): string {
  if (kind === 'DIRECT') return 'A direct room has no name.'
  return isArchived ? itIsArchived : onlyForThoseWhoRunIt
}

/** Nothing but blanks is no topic. */
export function topicOf({ limits }: Services, text: string | null | undefined): string | null {
  if (text == null) return null
  return requireText(text, { field: 'topic', most: limits.topicCharacters, least: 0 }).trim() === '' ? null : text
}
