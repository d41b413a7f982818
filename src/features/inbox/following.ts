import { Following } from '../../engine/following.ts'
import type { Context } from '../../graphql/context.ts'
import { notFound } from '../../lib/refusal.ts'

/** The person's own stream, which is theirs for as long as they have an account. */
export function followInbox(context: Context, after: string | null | undefined): Following {
  const personId = context.actor.id('to follow the inbox')
  const { database } = context.services
  return new Following({
    streamId: personId,
    after,
    personId,
    async mayFollow() {
      const rows = await database.sql('select 1 from app_user where id = $1', [personId])
      if (rows.length === 0) throw notFound('inbox')
    },
  })
}
