import { defineLoader } from '../../graphql/loaders.ts'

/** All reactions of one sort under one message. */
export interface ReactionGroupRow {
  readonly messageId: string
  readonly emoji: string
  readonly count: number
}

/** A message's groups; what was there first comes first. Those of many messages are read in one statement. */
export const reactionsOf = defineLoader<string, ReactionGroupRow[]>('reactionsOf', async ({ sql }, messageIds) => {
  const rows = await sql<ReactionGroupRow>(
    `select message_id as "messageId", emoji, count(*)::int as count from reaction where message_id = any($1::uuid[])
     group by message_id, emoji order by message_id, min(seq)`,
    [messageIds],
  )
  const found = new Map<string, ReactionGroupRow[]>()
  for (const row of rows) found.set(row.messageId, [...(found.get(row.messageId) ?? []), row])
  return messageIds.map((id) => found.get(id) ?? [])
})

interface SomeOfGroup {
  readonly messageId: string
  readonly emoji: string
  readonly first: number
}

/** The ids of the first people of a group. */
export const peopleOf = defineLoader<SomeOfGroup, string[]>(
  'peopleOf',
  async ({ sql }, keys) => {
    const rows = await sql<{ place: number; userIds: string[] }>(
      `select wanted.place::int, array(
         select user_id::text from reaction where message_id = wanted.message_id and emoji = wanted.emoji order by seq limit wanted.most
       ) as "userIds"
       from unnest($1::uuid[], $2::text[], $3::int[]) with ordinality as wanted(message_id, emoji, most, place)`,
      [keys.map(({ messageId }) => messageId), keys.map(({ emoji }) => emoji), keys.map(({ first }) => first)],
    )
    const found = new Map(rows.map(({ place, userIds }) => [place, userIds]))
    return keys.map((_key, index) => found.get(index + 1) ?? [])
  },
  JSON.stringify,
)

/** What one person has put under a message. */
export const emojiBy = defineLoader<{ messageId: string; userId: string }, string[]>(
  'emojiBy',
  async ({ sql }, keys) => {
    const rows = await sql<{ place: number; emoji: string[] }>(
      `select wanted.place::int, array(
         select emoji from reaction where message_id = wanted.message_id and user_id = wanted.user_id
       ) as emoji
       from unnest($1::uuid[], $2::uuid[]) with ordinality as wanted(message_id, user_id, place)`,
      [keys.map(({ messageId }) => messageId), keys.map(({ userId }) => userId)],
    )
    const found = new Map(rows.map(({ place, emoji }) => [place, emoji]))
    return keys.map((_key, index) => found.get(index + 1) ?? [])
  },
  ({ messageId, userId }) => `${messageId}:${userId}`,
)
