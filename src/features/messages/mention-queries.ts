import { defineLoader } from '../../graphql/loaders.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { Run } from '../../store/database.ts'
import type { User } from '../../store/generated/prisma/client.ts'
import type { MessageRow } from './queries.ts'

/** Whether a message can mention anybody. Most cannot, and nothing is read for them. */
export function mayMention({ content, systemKind, forwardedFromId }: MentioningFacts): boolean {
  return content.includes('@') && systemKind === null && forwardedFromId === null
}

type MentioningFacts = Pick<MessageRow, 'content' | 'systemKind' | 'forwardedFromId'>

/** Whom each message mentions, in the order in which it does; also who has closed their account since. */
export const mentionsOf = defineLoader<string, User[]>('mentionsOf', async ({ sql }, messageIds) => {
  const found = groupBy(await readMentions(sql, messageIds), ({ messageId }) => messageId)
  return messageIds.map((id) => (found.get(id) ?? []).map(({ messageId: _, ...user }) => user))
})

export function readMentions(sql: Run, messageIds: readonly string[]): Promise<(User & { messageId: string })[]> {
  return sql(
    `select m.message_id as "messageId", u.id, u.handle, u.name, u.created_at as "createdAt", u.deleted_at as "deletedAt"
     from mention m join app_user u on u.id = m.user_id where m.message_id = any($1::uuid[]) order by m.message_id, m.place`,
    [messageIds],
  )
}
