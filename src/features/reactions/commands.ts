import type { Services } from '../../graphql/context.ts'
import { readEmoji } from '../../lib/emoji.ts'
import { badInput, conflict, forbidden } from '../../lib/refusal.ts'
import type { Transaction } from '../../store/transact.ts'
import { requireMessage, requireRoomOf } from '../messages/scene.ts'
import { whyNoPost } from '../rooms/scene.ts'
import { reactionAdded, reactionRemoved } from './events.ts'
import { canReact } from './policy.ts'

export interface OfReaction {
  readonly messageId: string
  readonly emoji: string
}

/** Adding twice is adding once, also when both come at once: the room is locked. */
export async function addReaction(services: Services, person: string, input: OfReaction): Promise<void> {
  await change(services, person, input, async (tx, { roomId, key, isThere }) => {
    if (isThere) return
    const { messageId, emoji } = key
    await requireSpace(tx, key, services.limits.emojiMost)
    const seq = tx.append(roomId, reactionAdded({ messageId, emoji, userId: person, actorId: person }))
    await tx.rows.reaction.create({ data: { ...key, seq } })
  })
}

/** One's own. Removing what is not there changes nothing. */
export async function removeReaction(services: Services, person: string, input: OfReaction): Promise<void> {
  await change(services, person, input, async (tx, { roomId, key, isThere }) => {
    if (!isThere) return
    const { messageId, emoji } = key
    tx.append(roomId, reactionRemoved({ messageId, emoji, userId: person, actorId: person }))
    await tx.rows.reaction.delete({ where: { messageId_userId_emoji: key } })
  })
}

interface Key {
  readonly messageId: string
  readonly userId: string
  readonly emoji: string
}

type Change = (tx: Transaction, found: { roomId: string; key: Key; isThere: boolean }) => Promise<void>

async function change(services: Services, person: string, { messageId, emoji: typed }: OfReaction, work: Change): Promise<void> {
  const emoji = readEmoji(typed)
  if (emoji === undefined) throw badInput('emoji', 'One emoji, please, and nothing else.')
  const roomId = await requireRoomOf(services.database.prisma, messageId)
  await services.transact([roomId, person], async (tx) => {
    const scene = await requireMessage(tx.rows, messageId, person)
    if (!canReact(scene)) throw forbidden(whyNoPost(scene.standing) ?? 'This message was deleted.')
    const key = { messageId, userId: person, emoji }
    const isThere = (await tx.rows.reaction.count({ where: key })) > 0
    await work(tx, { roomId, key, isThere })
  })
}

/** One more of a sort that is there already has always space. */
async function requireSpace({ rows }: Transaction, { messageId, emoji }: Key, most: number): Promise<void> {
  const kinds = await rows.reaction.groupBy({ by: ['emoji'], where: { messageId } })
  if (kinds.length >= most && !kinds.some((kind) => kind.emoji === emoji))
    throw conflict(`A message takes at most ${most} different emoji.`, 'emoji')
}
