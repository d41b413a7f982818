import type { Services } from '../../graphql/context.ts'
import { forbidden } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import { runBy } from '../../store/database.ts'
import type { Message } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { removeReactionsIn } from '../reactions/removing.ts'
import { administers } from '../rooms/policy.ts'
import { itIsArchived, whyNoPost } from '../rooms/scene.ts'
import { makeFindableIn, makeUnfindableIn } from '../search/writing.ts'
import { detachIn } from '../uploads/releasing.ts'
import { messageDeleted, messageEdited } from './events.ts'
import { mayMention, readMentions } from './mention-queries.ts'
import { findMentions, inboxesOf, mentionIn, type Named, requireMentions } from './mentions.ts'
import { unpinIn } from './pinning.ts'
import { canDelete, canEdit } from './policy.ts'
import { type MessageScene, requireMessage, requireRoomOf } from './scene.ts'

export interface EditMessage {
  readonly messageId: string
  readonly content: string
}

/**
 * By its sender. What it said before is kept, up to a bound, for the sender and the room's admins; the same words again change nothing. The
 * nonce goes on naming it: what counts there is what was first sent.
 */
export async function editMessage(services: Services, person: string, { messageId, content }: EditMessage): Promise<Message> {
  const { limits } = services
  requireText(content, { field: 'content', most: limits.messageCharacters, least: 0 })
  const roomId = await requireRoomOf(services.database.prisma, messageId)
  const naming = { roomId, senderId: person, content }
  const found = await findMentions(services.database.sql, naming)
  // It may make as many hear of it as a message.
  if (found.length > 0) await services.rates.spend('send', person)
  const most = limits.mentionsMost
  return services.transact([roomId, person, ...inboxesOf(found, most)], async (tx) => {
    const scene = await requireMessage(tx.rows, messageId, person)
    const { message } = scene
    if (!canEdit(scene)) throw forbidden(whyNoEdit(scene))
    // Files may go without a word.
    if (message.attachedKind === null) requireText(content, { field: 'content', most: limits.messageCharacters })
    if (message.content === content) return message
    const before = await mentionedBy(tx, message)
    const mentions = await requireMentions(tx.rows, naming, { found, before, most })
    const seq = tx.append(roomId, messageEdited({ messageId, actorId: person }))
    await tx.rows.messageEdit.create({ data: { messageId, seq, content: message.content, replacedAt: tx.at } })
    const [tooOld] = await tx.rows.messageEdit.findMany({ where: { messageId }, orderBy: { seq: 'desc' }, skip: limits.editsMost, take: 1 })
    if (tooOld) await tx.rows.messageEdit.deleteMany({ where: { messageId, seq: { lte: tooOld.seq } } })
    await mentionIn(
      tx,
      message,
      mentions,
      before.map(({ userId }) => userId),
    )
    const edited = await tx.rows.message.update({ where: { id: messageId }, data: { content, editedAt: tx.at } })
    await makeFindableIn(tx, edited)
    return edited
  })
}

/**
 * What was said is gone, with the files that nothing else uses: from the row, from the earlier contents, and by the event from what every node keeps. (The log never held it.) The
 * row stays, for the events and the nonce that name it. Deleting what is deleted changes nothing.
 */
export async function deleteMessage(services: Services, person: string, messageId: string): Promise<Message> {
  const roomId = await requireRoomOf(services.database.prisma, messageId)
  let released: readonly string[] = []
  const deleted = await services.transact([roomId, person], async (tx) => {
    released = []
    const scene = await requireMessage(tx.rows, messageId, person)
    if (!canDelete(scene)) throw forbidden(whyNoDelete(scene))
    if (scene.message.deletedAt !== null) return scene.message
    // First, so that the pins that clients hold are right without a word about deleting.
    await unpinIn(tx, scene.message, person)
    tx.append(roomId, messageDeleted({ messageId, actorId: person }))
    await tx.rows.messageEdit.deleteMany({ where: { messageId } })
    await removeReactionsIn(tx, messageId)
    if (mayMention(scene.message)) await tx.rows.mention.deleteMany({ where: { messageId } })
    const deleted = await tx.rows.message.update({ where: { id: messageId }, data: { content: '', attachedKind: null, deletedAt: tx.at } })
    released = scene.message.attachedKind === null ? [] : await detachIn(tx, messageId)
    await makeUnfindableIn(tx, deleted)
    if (deleted.threadId !== null) await recountThread(tx, deleted.threadId)
    return deleted
  })
  services.uploads.discard(released)
  return deleted
}

function whyNoEdit({ standing, message, person }: MessageScene): string {
  if (message.deletedAt !== null) return 'This message was deleted.'
  if (message.systemKind !== null) return 'What the room says of itself cannot be edited.'
  if (message.senderId !== person) return 'Only its sender may edit a message.'
  return whyNoPost(standing) ?? 'A forwarded message says what it said.'
}

function whyNoDelete({ standing, message }: MessageScene): string {
  if (administers(standing)) return itIsArchived
  if (message.systemKind !== null) return 'Only the admins may delete it.'
  return standing.kind === 'DIRECT' ? 'Only its sender may delete it.' : 'Only its sender and the admins may delete it.'
}

/** Whom a message mentions, before it says something else. */
async function mentionedBy({ rows }: Transaction, message: Message): Promise<Named[]> {
  if (!mayMention(message)) return []
  return (await readMentions(runBy(rows), [message.id])).map(({ id: userId, handle }) => ({ userId, handle }))
}

/** One reply fewer, and perhaps another is the newest. The room's lock keeps others from counting meanwhile. */
async function recountThread({ rows }: Transaction, threadId: string): Promise<void> {
  const newest = await rows.message.findFirst({
    where: { threadId, deletedAt: null },
    orderBy: { seq: 'desc' },
    select: { createdAt: true },
  })
  const data = { replyCount: { decrement: 1 }, lastReplyAt: newest?.createdAt ?? null }
  await rows.thread.update({ where: { id: threadId }, data })
}
