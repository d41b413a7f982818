import { readCursor } from '../../engine/cursor.ts'
import { Following } from '../../engine/following.ts'
import type { Context } from '../../graphql/context.ts'
import { notFound } from '../../lib/refusal.ts'

/** The person's own stream, which is theirs for as long as they have an account; and beside it how their rooms stand. */
export function followInbox(context: Context, after: string | null | undefined): Following {
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
    // Asked for once the reader is there: its cursor was found good.
    watch: (newest) => unread.watch(personId, newest, after == null ? undefined : readCursor(after, personId, epoch)),
  })
}
