import { defineLoader, defineQuestion, inOrder } from '../../graphql/loaders.ts'
import type { Keyset, Page, PageRequest } from '../../graphql/paging.ts'
import { mostCounted, pageCursor } from '../../graphql/paging.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { Database } from '../../store/database.ts'
import type { Message, MessageEdit } from '../../store/generated/prisma/client.ts'

/** A message as anybody in its room may see it. */
export type MessageRow = Omit<Message, 'nonceHash'>

/** The columns of a `MessageRow`, from `message m`. */
export const messageColumns = `m.id, m.room_id as "roomId", m.seq, m.sender_id as "senderId", m.content, m.nonce, m.created_at as "createdAt",
  m.edited_at as "editedAt", m.deleted_at as "deletedAt", m.reply_to_id as "replyToId", m.thread_id as "threadId",
  m.system_kind as "systemKind", m.forwarded_from_id as "forwardedFromId", m.pinned_seq as "pinnedSeq",
  m.attached_kind as "attachedKind"`

export const messageById = defineLoader<string, MessageRow>('messageById', async ({ sql }, ids) =>
  inOrder(ids, await sql<MessageRow>(`select ${messageColumns} from message m where m.id = any($1::uuid[])`, [ids]), ({ id }) => id),
)

/** Earlier contents, newest first. */
export const editsOf = defineLoader<string, MessageEdit[]>('editsOf', async ({ sql }, ids) => {
  const rows = await sql<MessageEdit>(
    `select message_id as "messageId", seq, content, replaced_at as "replacedAt" from message_edit
     where message_id = any($1::uuid[]) order by message_id, seq desc`,
    [ids],
  )
  const found = groupBy(rows, ({ messageId }) => messageId)
  return ids.map((id) => found.get(id) ?? [])
})

/** The newest message of each room, outside threads. */
export const lastMessageOf = defineLoader<string, MessageRow>('lastMessageOf', async ({ sql }, roomIds) => {
  const rows = await sql<MessageRow>(
    `select ${messageColumns} from unnest($1::uuid[]) as wanted(room_id)
     cross join lateral (
       select * from message where room_id = wanted.room_id and thread_id is null order by seq desc limit 1
     ) m`,
    [roomIds],
  )
  return inOrder(roomIds, rows, ({ roomId }) => roomId)
})

/** Messages are paged by their place in the room: the millionth page costs what the first one costs. */
export const bySeq: Keyset<MessageRow, number> = {
  encode: ({ seq }) => `m${seq}`,
  decode: (text) => (/^m[1-9]\d{0,9}$/.test(text) ? Number(text.slice(1)) : undefined),
}

/** Which messages a list holds: a room's outside its threads, all of a room's, or a thread's replies. */
export type Extent = 'outsideThreads' | 'room' | 'thread'

/** By what column a list's messages belong to `wanted.id`, and what else holds of them; each has an index by that column and `seq`. */
const lists = {
  outsideThreads: { owner: 'room_id', where: 'thread_id is null' },
  room: { owner: 'room_id', where: 'true' },
  thread: { owner: 'thread_id', where: 'thread_id is not null' },
} as const satisfies Record<Extent, object>

function within(extent: Extent): string {
  return `${lists[extent].owner} = wanted.id and ${lists[extent].where}`
}

/**
 * Those between two places, neither of them included, in order. Compared by rows, as the index has them: asked for `room_id = …` the planner
 * takes a room to be as small as most are, or as small as it takes any that it has never counted, and reads a large one whole to sort it.
 */
function between(extent: Extent, after: string, before: string, direction: 'asc' | 'desc'): string {
  const { owner, where } = lists[extent]
  return `select * from message where (${owner}, seq) > (wanted.id, ${after}) and (${owner}, seq) < (wanted.id, ${before}) and ${where}
    order by ${owner} ${direction}, seq ${direction}`
}

/** Later than any message. */
const never = 2 ** 32

/** A list of messages: of that room, or that thread. */
export interface MessageList {
  readonly extent: Extent
  readonly id: string
}

/** Of each such list one more than the page holds, in the direction of reading. */
export const messageRows = defineQuestion<{ readonly extent: Extent; readonly request: PageRequest<number> }, MessageRow[]>(
  'messageRows',
  async ({ sql }, ids, { extent, request }) => {
    const direction = request.isBackward ? 'desc' : 'asc'
    const rows = await sql<MessageRow>(
      `select ${messageColumns} from unnest($1::uuid[]) as wanted(id) cross join lateral (
         ${between(extent, '$2::bigint', '$3::bigint', direction)} limit $4
       ) m order by m.room_id, m.seq ${direction}`,
      [ids, request.after ?? 0, request.before ?? never, request.size + 1],
    )
    return groupBy(rows, ({ roomId, threadId }) => (extent === 'thread' ? threadId! : roomId))
  },
)

/** The page with that message in its middle; null when the list has no such message. */
export async function readMessagesAround(
  { sql }: Database,
  { extent, id }: MessageList,
  messageId: string,
  size: number,
): Promise<Page<MessageRow> | null> {
  const before = (size - 1) >> 1
  const after = size - 1 - before
  // One more on each side tells whether there is another page.
  const rows = await sql<MessageRow>(
    `with wanted as (select $1::uuid as id), middle as materialized (select message.seq from wanted, message where message.id = $2 and ${within(extent)})
     (select ${messageColumns} from wanted, middle cross join lateral
       (${between(extent, '0', 'middle.seq', 'desc')} limit $3) m)
     union all
     (select ${messageColumns} from wanted, middle cross join lateral
       (${between(extent, 'middle.seq - 1', String(never), 'asc')} limit $4) m)
     order by seq`,
    [id, messageId, before + 1, after + 2],
  )
  const middle = rows.findIndex(({ id }) => id === messageId)
  if (middle === -1) return null
  const shown = rows.slice(Math.max(0, middle - before), middle + after + 1)
  const edges = shown.map((node) => ({ cursor: pageCursor(node, bySeq), node }))
  return {
    edges,
    pageInfo: {
      hasPreviousPage: middle > before,
      hasNextPage: rows.length - 1 - middle > after,
      startCursor: edges[0]!.cursor,
      endCursor: edges.at(-1)!.cursor,
    },
  }
}

/** How many messages each such list has, counted up to one more than `mostCounted`. */
export const messageCount = defineQuestion<Extent, number>('messageCount', async ({ sql }, ids, extent) => {
  const rows = await sql<{ id: string; count: number }>(
    `select wanted.id, counted.count from unnest($1::uuid[]) as wanted(id) cross join lateral (
       select count(*)::int as count from (select 1 from message where ${within(extent)} limit $2) capped
     ) counted`,
    [ids, mostCounted + 1],
  )
  return new Map(rows.map(({ id, count }) => [id, count]))
})
