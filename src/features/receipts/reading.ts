import type { Run } from '../../store/database.ts'
import type { RoomKind, RoomRole, TeamRole } from '../../store/generated/prisma/client.ts'

export interface ToMark {
  readonly roomId: string
  readonly messageId: string
  readonly userId: string
}

/** What decides about a mark, all of one moment. */
export interface Reading {
  readonly kind: RoomKind
  readonly isPrivate: boolean
  readonly memberCount: number
  readonly role: RoomRole | null
  readonly teamRole: TeamRole | null
  /** The membership's, also of one that has ended: then there is no role. */
  readonly memberId: string | null
  /** Where the mark stands; null where there is none. */
  readonly seq: number | null
  readonly at: Date | null
  /** Where the message stands; null where the room has none of that id. */
  readonly messageSeq: number | null
  /** Whether it was long enough ago that the room was told of marks, for it to be told again. */
  readonly isDue: boolean
}

/** In one statement; undefined where there is no such room. Due by the moment given, which its events will have, or by now. */
export async function readReading(
  sql: Run,
  { roomId, messageId, userId }: ToMark,
  { everyMs, at = null }: { readonly everyMs: number; readonly at?: Date | null },
): Promise<Reading | undefined> {
  const [row] = await sql<Reading>(
    `select r.kind, r.is_private as "isPrivate", r.member_count as "memberCount", case when m.left_at is null then m.role end as role,
       t.role as "teamRole", m.id as "memberId", k.seq, k.at, message.seq as "messageSeq",
       told.at is null or told.at <= coalesce($5::timestamptz, clock_timestamp()) - make_interval(secs => $4::float / 1000) as "isDue"
     from room r
     left join room_member m on m.room_id = r.id and m.user_id = $2::uuid
     left join team_member t on t.team_id = r.team_id and t.user_id = $2::uuid and t.left_at is null
     left join read_mark k on k.id = m.id
     left join message on message.id = $3::uuid and message.room_id = r.id
     left join marks_told told on told.room_id = r.id
     where r.id = $1::uuid`,
    [roomId, userId, messageId, everyMs, at],
  )
  return row
}
