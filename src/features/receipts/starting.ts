import type { RoomMember } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'

/**
 * Within a transaction that holds the room's stream, once its new members stand in it and all was said of their coming: they have read what
 * stands there. So has whoever comes back, of what was said while they were away.
 */
export async function startReadingIn(
  { rows, at, headOf }: Transaction,
  roomId: string,
  members: readonly Pick<RoomMember, 'id' | 'userId'>[],
): Promise<void> {
  const ids = members.map(({ id }) => id)
  const userIds = members.map(({ userId }) => userId)
  await rows.$executeRaw`
    insert into read_mark (id, room_id, user_id, seq, at)
    select id, ${roomId}::uuid, user_id, ${headOf(roomId)}, ${at} from unnest(${ids}::uuid[], ${userIds}::uuid[]) as member(id, user_id)
    on conflict (id) do update set seq = excluded.seq, at = excluded.at, is_told = true`
}
