import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import type { Run } from '../../store/database.ts'
import type { RoomMember, RoomRole } from '../../store/generated/prisma/client.ts'
import type { Standing } from './policy.ts'

export interface OfPerson {
  readonly roomId: string
  readonly userId: string
}

/** How a person stands to a room, of one moment. Of strangers too: then they have no role. */
export interface StandingRow extends OfPerson, Standing {
  /** Also one that has ended. */
  readonly membership: RoomMember | null
}

/** In one statement. What is no room has none. Run by whoever asks: inside a transaction, or past every loader. */
export async function readStandings(sql: Run, keys: readonly OfPerson[]): Promise<StandingRow[]> {
  const rows = await sql<FlatRow>(
    `select r.id as "roomId", wanted.user_id as "userId", r.kind, r.is_private as "isPrivate", r.archived_at is not null as "isArchived",
       r.is_severed as "isSevered", t.role as "teamRole", coalesce(m.muted_until > now(), false) as "isMuted",
       m.id, m.role, m.joined_at as "joinedAt", m.left_at as "leftAt", m.muted_until as "mutedUntil", m.notification_level as "notificationLevel"
     from unnest($1::uuid[], $2::uuid[]) as wanted(room_id, user_id)
     join room r on r.id = wanted.room_id
     left join room_member m on m.room_id = r.id and m.user_id = wanted.user_id
     left join team_member t on t.team_id = r.team_id and t.user_id = wanted.user_id and t.left_at is null`,
    [keys.map(({ roomId }) => roomId), keys.map(({ userId }) => userId)],
  )
  return rows.map(({ id, role, joinedAt, leftAt, mutedUntil, notificationLevel, ...rest }) => ({
    ...rest,
    role: leftAt === null ? role : null,
    membership:
      id === null ? null : { id, roomId: rest.roomId, userId: rest.userId, role: role!, joinedAt, leftAt, mutedUntil, notificationLevel },
  }))
}

/** The columns of the membership are null together, where there is none. */
type FlatRow = Omit<StandingRow, 'membership' | 'role'> &
  Omit<RoomMember, 'roomId' | 'userId' | 'id' | 'role'> & { id: string | null; role: RoomRole | null }

export const standingOf = defineLoader<OfPerson, StandingRow>(
  'standingOf',
  async ({ sql }, keys) => inOrder(keys.map(nameOf), await readStandings(sql, keys), nameOf),
  nameOf,
)

function nameOf({ roomId, userId }: OfPerson): string {
  return `${roomId}:${userId}`
}
