import { Following } from '../../engine/following.ts'
import type { Context } from '../../graphql/context.ts'
import { decodeId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'
import { roomRowId, roomTypes } from './access.ts'
import { canSee } from './policy.ts'
import { readStandings } from './standing.ts'

/** A room's events for a person who may see it; `only` names the types of event that are shown. */
export function followRoom(context: Context, roomIdText: string, after: string | null | undefined, only?: ReadonlySet<string>): Following {
  const { roomId, ...follower } = requireFollower(context, roomIdText)
  return new Following({
    streamId: roomId,
    after,
    ...follower,
    ...(only && { only }),
    endsAccessOf: ({ type, data }) => (type === 'MemberLeft' ? (data.userId as string) : undefined),
  })
}

/** A person who wants to follow a room, and how to ask whether they may: NOT_FOUND when they do not see it. */
export function requireFollower(context: Context, roomIdText: string) {
  const personId = context.actor.id('to follow a room')
  const roomId = roomRowId(roomIdText, 'roomId')
  const { typename } = decodeId(roomIdText, 'roomId')
  const { database } = context.services
  return {
    roomId,
    personId,
    async mayFollow() {
      // Past every loader: it decides about what happens after it was asked.
      const [standing] = await readStandings(database.sql, [{ roomId, userId: personId }])
      if (!standing || roomTypes[standing.kind] !== typename || !canSee(standing)) throw notFound('room')
    },
  }
}
