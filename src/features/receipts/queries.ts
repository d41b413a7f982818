import { defineLoader, defineQuestion, inOrder } from '../../graphql/loaders.ts'
import { keysetSql, type Moment } from '../../graphql/moments.ts'
import type { PageRequest } from '../../graphql/paging.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { ReadMark } from '../../store/generated/prisma/client.ts'

/** How far a member has read. Whether the room was told is nobody's to see. */
export type MarkRow = Omit<ReadMark, 'isTold'>

const markColumns = `k.id, k.room_id as "roomId", k.user_id as "userId", k.seq, k.at`

/** By the membership, while it lasts. */
export const markById = defineLoader<string, MarkRow>('markById', async ({ sql }, ids) => {
  const rows = await sql<MarkRow>(
    `select ${markColumns} from read_mark k join room_member m on m.id = k.id and m.left_at is null where k.id = any($1::uuid[])`,
    [ids],
  )
  return inOrder(ids, rows, ({ id }) => id)
})

/** Of a room's members; those of many rooms are read in one statement. Who has been there longest comes first. */
export const marksOf = defineLoader<string, MarkRow[]>('marksOf', async ({ sql }, roomIds, loaders) => {
  const rows = await sql<MarkRow>(
    `select ${markColumns} from room_member m join read_mark k on k.id = m.id
     where m.room_id = any($1::uuid[]) and m.left_at is null order by m.room_id, m.joined_at, m.id`,
    [roomIds],
  )
  for (const mark of rows) loaders.prime(markById, mark.id, mark)
  const found = groupBy(rows, ({ roomId }) => roomId)
  return roomIds.map((id) => found.get(id) ?? [])
})

/** That somebody's mark reached a message, and when first. */
export interface ReceiptRow {
  readonly id: string
  readonly at: Date
}

/** Which receipts there are at all: of lasting members but the sender, of messages from the time whose moves are kept. */
export interface ReceiptBounds {
  readonly mostMembers: number
  readonly days: number
}

/**
 * From `wanted.id`, a message. Moves that read it came after it: while it is younger than moves are kept, the first that did is still there.
 * Of older ones nothing is said, rather than the time of a later move.
 */
const receipts = (mostMembers: string, days: string) => `message
  join room r on r.id = message.room_id and r.member_count <= ${mostMembers}
  join room_member m on m.room_id = r.id and m.left_at is null and m.user_id <> message.sender_id
  cross join lateral (
    select at from read_move where room_id = r.id and user_id = m.user_id and seq >= message.seq order by seq limit 1
  ) move
  where message.id = wanted.id and message.created_at > now() - make_interval(days => ${days})`

/** Of each message one more than the page holds; who read it first comes first. */
export const receiptRows = defineQuestion<ReceiptBounds & { readonly request: PageRequest<Moment> }, ReceiptRow[]>(
  'receiptRows',
  async ({ sql }, messageIds, { mostMembers, days, request }) => {
    const { where, order, values } = keysetSql(request, { at: 'move.at', id: 'm.user_id', isDescending: false }, 5)
    const rows = await sql<ReceiptRow & { messageId: string }>(
      `select wanted.id as "messageId", page.* from unnest($1::uuid[]) as wanted(id) cross join lateral (
         select m.user_id as id, move.at from ${receipts('$2', '$3')} ${where} ${order} limit $4
       ) page order by page.at, page.id`,
      [messageIds, mostMembers, days, request.size + 1, ...values],
    )
    return groupBy(rows, ({ messageId }) => messageId)
  },
)

export const receiptCount = defineQuestion<ReceiptBounds, number>('receiptCount', async ({ sql }, messageIds, { mostMembers, days }) => {
  const rows = await sql<{ id: string; count: number }>(
    `select wanted.id, (select count(*)::int from ${receipts('$2', '$3')}) as count from unnest($1::uuid[]) as wanted(id)`,
    [messageIds, mostMembers, days],
  )
  return new Map(rows.map(({ id, count }) => [id, count]))
})
