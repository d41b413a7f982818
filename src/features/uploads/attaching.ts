import { badInput, notFound } from '../../lib/refusal.ts'
import { uuid } from '../../lib/uuid.ts'
import type { Attachment, Message, Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'

/** What can be refused of a list of attachments without reading any. */
export function requireList(ids: readonly string[], most: number): readonly string[] {
  if (ids.length > most) throw badInput('attachmentIds', `At most ${most} files a message, please: these are ${ids.length}.`)
  if (new Set(ids).size < ids.length) throw badInput('attachmentIds', 'The same file is named twice.')
  return ids
}

/** Within a transaction that holds the person's inbox: files that they may use, in that order. Others' are like none. */
export async function requireUnused(
  rows: Prisma.TransactionClient,
  ownerId: string,
  ids: readonly string[],
  field: string,
): Promise<Attachment[]> {
  if (ids.length === 0) return []
  const found = new Map((await rows.attachment.findMany({ where: { id: { in: [...ids] }, ownerId } })).map((one) => [one.id, one]))
  return ids.map((id) => {
    const attachment = found.get(id)
    if (!attachment) throw notFound('attachment')
    if (attachment.state === 'PENDING') throw badInput(field, `“${attachment.filename}” is not completed yet.`)
    if (attachment.state === 'REJECTED') throw badInput(field, `“${attachment.filename}” was rejected: ${attachment.rejectedBecause}`)
    if (attachment.goesAt === null) throw badInput(field, `“${attachment.filename}” is in use already: put it once more.`)
    return attachment
  })
}

/** Within a transaction that holds the message's room and the inbox of their owner: they are the message's from now on, in that order. */
export async function attachIn({ rows }: Transaction, message: Message, attachments: readonly Attachment[]): Promise<void> {
  for (const [place, { id }] of attachments.entries())
    await rows.attachment.update({ where: { id }, data: { messageId: message.id, roomId: message.roomId, place, goesAt: null } })
}

/** Within a transaction that holds both rooms: the same bytes, as the files of another message and its sender. */
export async function copyIn({ rows, at }: Transaction, message: Message, attachments: readonly Attachment[]): Promise<void> {
  const data = attachments.map((attachment) => ({
    ...attachment,
    id: uuid(),
    ownerId: message.senderId,
    messageId: message.id,
    roomId: message.roomId,
    createdAt: at,
  }))
  await rows.attachment.createMany({ data })
}
