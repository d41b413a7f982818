import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import type { Thread } from '../../store/generated/prisma/client.ts'

/** A thread has the id of the message that it hangs under. */
export const threadById = defineLoader<string, Thread>('threadById', async ({ sql }, ids) =>
  inOrder(
    ids,
    await sql<Thread>(
      `select id, room_id as "roomId", reply_count as "replyCount", last_reply_at as "lastReplyAt" from thread where id = any($1::uuid[])`,
      [ids],
    ),
    ({ id }) => id,
  ),
)

interface SomeOfThread {
  readonly threadId: string
  readonly first: number
}

/** The ids of those who have replied; whoever was first comes first. */
export const participantsOf = defineLoader<SomeOfThread, string[]>(
  'participantsOf',
  async ({ sql }, keys) => {
    const rows = await sql<{ place: number; userIds: string[] }>(
      `select wanted.place::int, array(
         select sender_id::text from message where thread_id = wanted.thread_id and deleted_at is null
         group by sender_id order by min(seq) limit wanted.most
       ) as "userIds"
       from unnest($1::uuid[], $2::int[]) with ordinality as wanted(thread_id, most, place)`,
      [keys.map(({ threadId }) => threadId), keys.map(({ first }) => first)],
    )
    const found = new Map(rows.map(({ place, userIds }) => [place, userIds]))
    return keys.map((_key, index) => found.get(index + 1) ?? [])
  },
  JSON.stringify,
)
