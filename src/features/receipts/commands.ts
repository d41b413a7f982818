import type { Services } from '../../graphql/context.ts'
import { forbidden, notFound } from '../../lib/refusal.ts'
import { runBy } from '../../store/database.ts'
import type { Transaction } from '../../store/transact.ts'
import { canSee } from '../rooms/policy.ts'
import { readMarkMoved } from './events.ts'
import { canMarkRead, showsMarks } from './policy.ts'
import type { MarkRow } from './queries.ts'
import { type Reading, readReading, type ToMark } from './reading.ts'
import { tellMarksIn } from './telling.ts'

export interface MarkRead {
  readonly roomId: string
  readonly messageId: string
}

/**
 * Moves one's mark to a message, and never back: what is read already answers the mark as it stands. That is the most frequent write of all, so
 * it costs one statement. A move locks the inbox of whose mark it is, which whoever takes them out of the room holds too; the room's stream,
 * where sends queue, only when the room is due to be told of marks. Otherwise somebody tells it once it is.
 */
export async function markRead(services: Services, userId: string, input: MarkRead): Promise<MarkRow> {
  const { database, limits, marks } = services
  const wanted = { ...input, userId }
  const { roomId } = input
  const known = requireReading(await readReading(database.sql, wanted, marks))
  if (!moves(known)) return markOf(wanted, known)
  const isTeller = known.isDue && showsMarks(known, limits)
  const { mark, isTold } = await services.transact(isTeller ? [roomId, userId] : [userId], async (tx) => {
    const now = requireReading(await readReading(runBy(tx.rows), wanted, { everyMs: marks.everyMs, at: tx.at }))
    if (!moves(now)) return { mark: markOf(wanted, now), isTold: true }
    const isShown = showsMarks(now, limits)
    const mark = await moveIn(tx, { id: now.memberId, roomId, userId, seq: now.messageSeq, at: tx.at }, isShown)
    if (isTeller && now.isDue) await tellMarksIn(tx, roomId, limits)
    return { mark, isTold: !isShown || (isTeller && now.isDue) }
  })
  if (!isTold) marks.defer(roomId)
  return mark
}

/** A membership that lasts, and a message of its room. */
type Marking = Reading & { readonly memberId: string; readonly messageSeq: number }

function requireReading(reading: Reading | undefined): Marking {
  if (!reading || !canSee(reading)) throw notFound('room')
  if (!canMarkRead(reading)) throw forbidden('Only who is in a channel marks it as read: join it first.')
  if (reading.messageSeq === null) throw notFound('message')
  return reading as Marking
}

function moves({ seq, messageSeq }: Marking): boolean {
  return seq === null || messageSeq > seq
}

function markOf({ roomId, userId }: ToMark, { memberId, seq, at }: Marking): MarkRow {
  return { id: memberId, roomId, userId, seq: seq!, at: at! }
}

/** Where marks are shown to others, the move is kept: it says when messages were read. Elsewhere nobody is told of it. */
async function moveIn(tx: Transaction, mark: MarkRow, isShown: boolean): Promise<MarkRow> {
  const { id, roomId, userId, seq, at } = mark
  await tx.rows.$executeRaw`
    with moved as (
      insert into read_mark (id, room_id, user_id, seq, at, is_told) values (${id}::uuid, ${roomId}::uuid, ${userId}::uuid, ${seq}, ${at}, ${!isShown})
      on conflict (id) do update set seq = excluded.seq, at = excluded.at, is_told = excluded.is_told
    )
    insert into read_move (room_id, user_id, seq, at) select ${roomId}::uuid, ${userId}::uuid, ${seq}, ${at} where ${isShown}`
  tx.append(userId, readMarkMoved({ roomId, seq }))
  return mark
}
