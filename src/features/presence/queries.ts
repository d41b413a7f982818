import type { Run } from '../../store/database.ts'
import type { PresenceStatus, User } from '../../store/generated/prisma/client.ts'

/** Somebody, and what they want to be shown as, with what has lapsed left out. */
export interface PresenceRow {
  readonly user: User
  readonly wanted: PresenceStatus
  readonly text: string | null
  /** When status and text lapse, in so many milliseconds; null when they do not. */
  readonly lapsesInMs: number | null
  readonly lastSeenAt: Date | null
}

/** Of the people who are there to be read: an unknown id has none. */
export async function readPresences(sql: Run, userIds: readonly string[]): Promise<PresenceRow[]> {
  const rows = await sql<User & Omit<PresenceRow, 'user'>>(
    `select u.id, u.handle, u.name, u.created_at as "createdAt", u.deleted_at as "deletedAt", p.last_seen_at as "lastSeenAt",
       case when p.until > now() or p.until is null then coalesce(p.status, 'ONLINE') else 'ONLINE' end as wanted,
       case when p.until > now() or p.until is null then p.text end as text,
       case when p.until > now() then ceil(extract(epoch from p.until - now()) * 1000)::float8 end as "lapsesInMs"
     from app_user u left join presence p on p.user_id = u.id where u.id = any($1::uuid[])`,
    [userIds],
  )
  return rows.map(({ wanted, text, lapsesInMs, lastSeenAt, ...user }) => ({ user, wanted, text, lapsesInMs, lastSeenAt }))
}

export interface Pair {
  readonly viewerId: string
  readonly userId: string
}

/**
 * Which of them may see the other's presence: those who share a team, or a room in which both have said something of their own, unless one of
 * the two has blocked the other. In one statement.
 */
export async function readSight(sql: Run, pairs: readonly Pair[]): Promise<Pair[]> {
  const hasSpoken = (member: string) =>
    `exists (select 1 from message where sender_id = ${member}.user_id and room_id = ${member}.room_id and forwarded_from_id is null and system_kind is null)`
  return sql<Pair>(
    `select wanted.viewer_id as "viewerId", wanted.user_id as "userId" from unnest($1::uuid[], $2::uuid[]) as wanted(viewer_id, user_id)
     where not exists (select 1 from block where blocker_id = wanted.viewer_id and blocked_id = wanted.user_id)
       and not exists (select 1 from block where blocker_id = wanted.user_id and blocked_id = wanted.viewer_id)
       and (
         exists (select 1 from team_member mine join team_member theirs on theirs.team_id = mine.team_id
           where mine.user_id = wanted.viewer_id and mine.left_at is null and theirs.user_id = wanted.user_id and theirs.left_at is null)
         or exists (select 1 from room_member mine join room_member theirs on theirs.room_id = mine.room_id
           where mine.user_id = wanted.viewer_id and mine.left_at is null and theirs.user_id = wanted.user_id and theirs.left_at is null
             and ${hasSpoken('mine')} and ${hasSpoken('theirs')}))`,
    [pairs.map(({ viewerId }) => viewerId), pairs.map(({ userId }) => userId)],
  )
}

/**
 * When people were last seen: never earlier than is known. Of whoever is invisible nothing is seen, and of closed accounts nothing is kept: an
 * account that is being closed is waited for.
 */
export async function writeSeen(sql: Run, seen: readonly (readonly [userId: string, at: Date])[]): Promise<void> {
  await sql(
    `insert into presence (user_id, last_seen_at)
       select seen.user_id, seen.at from unnest($1::uuid[], $2::timestamptz[]) as seen(user_id, at)
       join app_user u on u.id = seen.user_id and u.deleted_at is null order by seen.user_id for share of u
     on conflict (user_id) do update set last_seen_at = greatest(presence.last_seen_at, excluded.last_seen_at)
       where presence.status <> 'OFFLINE' or presence.until <= now()`,
    [seen.map(([userId]) => userId), seen.map(([, at]) => at)],
  )
}
