import type { Message } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { messageUnpinned } from './events.ts'

/** Within a transaction that holds the room's stream, and has decided. What is not pinned stays so, and nobody hears of it. */
export async function unpinIn(tx: Transaction, message: Message, actorId: string): Promise<Message> {
  const { id, roomId, pinnedSeq } = message
  if (pinnedSeq === null) return message
  tx.append(roomId, messageUnpinned({ messageId: id, actorId }))
  return tx.rows.message.update({ where: { id }, data: { pinnedSeq: null } })
}
