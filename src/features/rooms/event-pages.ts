import { cursorExpired, encodeCursor, readCursor } from '../../engine/cursor.ts'
import type { Context } from '../../graphql/context.ts'
import type { StoredEvent } from '../../store/transact.ts'
import type { RoomRow } from './queries.ts'

/** Some events of a room's stream, in order. */
export interface EventPage {
  readonly events: StoredEvent[]
  readonly cursor: string
  readonly hasMore: boolean
}

/**
 * What comes after a cursor, up to where the room stood when it was read: that was before it was asked who may see it, so a removal that was
 * not seen then lies behind the last event that is shown, and nothing that they show is older than they are. Never a replay with a hole.
 */
export async function readEvents(
  { services: { log, epoch } }: Context,
  { id: streamId, head }: RoomRow,
  after: string,
  most: number,
): Promise<EventPage> {
  const seq = readCursor(after, streamId, epoch)
  if (seq > head) throw cursorExpired()
  const events = seq === head ? [] : await log.after(streamId, seq, Math.min(most, head - seq))
  if (seq < head && events[0]?.seq !== seq + 1) throw cursorExpired()
  const last = events.at(-1)?.seq ?? seq
  return { events, cursor: encodeCursor({ streamId, epoch, seq: last }), hasMore: last < head }
}
