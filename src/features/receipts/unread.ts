import { defineLoader } from '../../graphql/loaders.ts'
import type { Run } from '../../store/database.ts'
import { type MessageRow, messageColumns } from '../messages/queries.ts'
import type { OfPerson } from '../rooms/standing.ts'

/** What somebody has not read of a room yet, each counted up to `mostUnread`. */
export interface Unread {
  readonly unreadCount: number
  readonly unreadMentionCount: number
}

/** Counting stops here: more is "many" to everybody. */
export const mostUnread = 100

/** In the order of the keys, in one statement. Nothing is unread to who is not in the room, and nothing in archived rooms. */
export async function countUnread(sql: Run, keys: readonly OfPerson[]): Promise<Unread[]> {
  const rows = await sql<Unread & { place: number }>(
    `select wanted.place::int, unread.count as "unreadCount", mentions.count as "unreadMentionCount"
     from unnest($1::uuid[], $2::uuid[]) with ordinality as wanted(room_id, user_id, place)
     join room_member m on m.room_id = wanted.room_id and m.user_id = wanted.user_id ${counting}`,
    [keys.map(({ roomId }) => roomId), keys.map(({ userId }) => userId)],
  )
  const found = new Map(rows.map(({ place, ...unread }) => [place, unread]))
  return keys.map((_, index) => found.get(index + 1) ?? nothing)
}

const nothing: Unread = { unreadCount: 0, unreadMentionCount: 0 }

export const unreadOf = defineLoader<OfPerson, Unread>('unreadOf', ({ sql }, keys) => countUnread(sql, keys), nameOf)

/** The oldest of those that `unreadCount` counts. */
export const firstUnreadMessageOf = defineLoader<OfPerson, MessageRow>(
  'firstUnreadMessageOf',
  async ({ sql }, keys) => {
    const rows = await sql<MessageRow & { place: number }>(
      `select wanted.place::int, ${messageColumns}
       from unnest($1::uuid[], $2::uuid[]) with ordinality as wanted(room_id, user_id, place)
       join room_member on room_member.room_id = wanted.room_id and room_member.user_id = wanted.user_id
       ${reading('room_member')} cross join lateral (${unreadMessages('room_member')} limit 1) first join message m on m.id = first.id`,
      [keys.map(({ roomId }) => roomId), keys.map(({ userId }) => userId)],
    )
    const found = new Map(rows.map(({ place, ...message }) => [place, message]))
    return keys.map((_, index) => found.get(index + 1) ?? null)
  },
  nameOf,
)

/** The sums over somebody's rooms of what is counted in each, and how many have something unread. */
export interface UnreadTotals {
  readonly rooms: number
  readonly messages: number
  readonly mentions: number
}

/** In one statement, however many rooms they are in. */
export const unreadTotalsOf = defineLoader<string, UnreadTotals>('unreadTotalsOf', async ({ sql }, userIds) => {
  const rows = await sql<UnreadTotals & { userId: string }>(
    `select m.user_id as "userId", count(*) filter (where unread.count > 0 or mentions.count > 0)::int as rooms,
       sum(unread.count)::int as messages, sum(mentions.count)::int as mentions
     from room_member m ${counting} where m.user_id = any($1::uuid[]) group by m.user_id`,
    [userIds],
  )
  const found = new Map(rows.map(({ userId, ...totals }) => [userId, totals]))
  return userIds.map((id) => found.get(id) ?? { rooms: 0, messages: 0, mentions: 0 })
})

/** Beside a `room_member`, where it lasts and its room is not archived: its mark. Who has none has read everything. */
function reading(member: string): string {
  return `join room r on r.id = ${member}.room_id and r.archived_at is null and ${member}.left_at is null join read_mark k on k.id = ${member}.id`
}

/**
 * What `unreadCount` counts, oldest first. Of the messages after a mark no more than `mostLookedAt` are looked at: without a bound, whoever says
 * more than that in a room without ever marking it as read would have all of it read through each time that somebody asks. Nor is it looked
 * further than over `mostEvents` events: a database that never counted its rows takes a room to be small, and collects the whole range before
 * it sorts and cuts it. Compared by rows, as the index has them (see `between` in messages/queries.ts).
 */
function unreadMessages(member: string): string {
  return `select id from (
      select id, sender_id, deleted_at, system_kind from message
      where (room_id, seq) > (${member}.room_id, k.seq) and (room_id, seq) <= (${member}.room_id, k.seq::bigint + ${mostEvents})
        and thread_id is null
      order by room_id, seq limit ${mostLookedAt}
    ) later
    where sender_id <> ${member}.user_id and deleted_at is null and system_kind is null`
}

const mostLookedAt = 1000
const mostEvents = 20_000

/** Beside `room_member m`: `unread.count` and `mentions.count`. A deleted message mentions nobody: its mentions go with what it said. */
const counting = `${reading('m')}
  cross join lateral (select count(*)::int as count from (${unreadMessages('m')} limit ${mostUnread}) capped) unread
  cross join lateral (
    select count(*)::int as count from (
      select from mention where user_id = m.user_id and room_id = m.room_id and seq > k.seq limit ${mostUnread}
    ) capped
  ) mentions`

function nameOf({ roomId, userId }: OfPerson): string {
  return `${roomId}:${userId}`
}
