import { notFound } from '../../lib/refusal.ts'
import { runBy } from '../../store/database.ts'
import type { Message, Prisma } from '../../store/generated/prisma/client.ts'
import { canSee } from '../rooms/policy.ts'
import { readStandings } from '../rooms/standing.ts'
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
  const message = await rows.message.findUnique({ where: { id: messageId } })
  if (!message) throw notFound('message')
  const [standing] = await readStandings(runBy(rows), [{ roomId: message.roomId, userId: person }])
  if (!standing || !canSee(standing)) throw notFound('message')
  return { standing, message, person }
}
