import { notFound } from '../../lib/refusal.ts'
import type { Message, Prisma } from '../../store/generated/prisma/client.ts'
import { canSee } from '../rooms/policy.ts'
import type { MessageFacts } from './policy.ts'

/** What a command about a message decides by. */
export interface MessageScene extends MessageFacts {
  readonly message: Message
}

/** The room whose stream a command about the message has to lock. A message never moves. */
export async function requireRoomOf(rows: Prisma.TransactionClient, messageId: string): Promise<string> {
  const message = await rows.message.findUnique({ where: { id: messageId }, select: { roomId: true } })
  if (!message) throw notFound('message')
  return message.roomId
}

/** Reads what decides; NOT_FOUND for what is not there or not to be seen. */
export async function requireMessage(rows: Prisma.TransactionClient, messageId: string, person: string): Promise<MessageScene> {
  const found = await rows.message.findUnique({
    where: { id: messageId },
    include: { room: { include: { members: { where: { userId: person, leftAt: null } } } } },
  })
  if (!found) throw notFound('message')
  const { room, ...message } = found
  const mine = room.members[0] ?? null
  if (!canSee(room, mine)) throw notFound('message')
  return { room, mine, message, person }
}
