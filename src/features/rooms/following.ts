import { Following } from '../../engine/following.ts'
import type { Context } from '../../graphql/context.ts'
import { decodeId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'
import type { RoomKind, RoomRole } from '../../store/generated/prisma/client.ts'
import { roomRowId, roomTypes } from './access.ts'
import { canSee } from './policy.ts'

/** A room's events for a person who may see it; `only` names the types of event that are shown. */
export function followRoom(context: Context, roomIdText: string, after: string | null | undefined, only?: ReadonlySet<string>): Following {
  const personId = context.actor.id('to follow a room')
  const roomId = roomRowId(roomIdText, 'roomId')
  const { typename } = decodeId(roomIdText, 'roomId')
  const { database } = context.services
  return new Following({
    streamId: roomId,
    after,
    personId,
    ...(only && { only }),
    async mayFollow() {
      // Past every loader: it decides about what happens after it was asked.
      const [room] = await database.sql<{ kind: RoomKind; role: RoomRole | null }>(
        `select r.kind, m.role from room r
         left join room_member m on m.room_id = r.id and m.user_id = $2 and m.left_at is null where r.id = $1`,
        [roomId, personId],
      )
      const isSeen = room && roomTypes[room.kind] === typename && canSee(room, room.role && { role: room.role })
      if (!isSeen) throw notFound('room')
    },
    endsAccessOf: ({ type, data }) => (type === 'MemberLeft' ? (data.userId as string) : undefined),
  })
}
