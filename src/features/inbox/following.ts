import { readCursor } from '../../engine/cursor.ts'
import { Following, type State } from '../../engine/following.ts'
import type { Newest } from '../../engine/newest.ts'
import type { Context } from '../../graphql/context.ts'
import { notFound } from '../../lib/refusal.ts'

export interface InboxWanted {
  readonly after: string | null | undefined
  /** Beside the events, how their rooms stand: which costs counting, and is told to who asks for it. */
  readonly withRooms: boolean
}

/** The person's own stream, which is theirs for as long as they have an account. */
export function followInbox(context: Context, { after, withRooms }: InboxWanted): Following {
  const personId = context.actor.id('to follow the inbox')
  const { database, unread, epoch } = context.services
  return new Following({
    streamId: personId,
    after,
    personId,
    async mayFollow() {
      const rows = await database.sql('select 1 from app_user where id = $1', [personId])
      if (rows.length === 0) throw notFound('inbox')
    },
    ...(withRooms && {
      // Asked for once the reader is there: its cursor was found good.
      watch: (newest: Newest<State>) => unread.watch(personId, newest, after == null ? undefined : readCursor(after, personId, epoch)),
    }),
  })
}
