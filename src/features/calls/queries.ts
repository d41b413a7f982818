import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { Database } from '../../store/database.ts'
import type { Call, CallParticipant } from '../../store/generated/prisma/client.ts'

/** The columns of a `Call`, from `call c`. */
const callColumns = `c.id, c.room_id as "roomId", c.media, c.state, c.end_reason as "endReason", c.started_by_id as "startedById",
  c.started_at as "startedAt", c.rings_until as "ringsUntil", c.answered_at as "answeredAt", c.ended_at as "endedAt", c.transport, c.meeting_id as "meetingId",
  c.sfu_due_at as "sfuDueAt", c.sfu_left_at as "sfuLeftAt"`

export const callById = defineLoader<string, Call>('callById', async ({ prisma }, ids) =>
  inOrder(ids, await prisma.call.findMany({ where: { id: { in: [...ids] } } }), ({ id }) => id),
)

/** By the room's id: the one of its own that is not over. */
export const liveCallOf = defineLoader<string, Call>('liveCallOf', async ({ sql }, roomIds) =>
  inOrder(
    roomIds,
    await sql<Call>(`select ${callColumns} from call c where c.room_id = any($1::uuid[]) and c.state <> 'ENDED' and c.meeting_id is null`, [
      roomIds,
    ]),
    ({ roomId }) => roomId,
  ),
)

export const participantById = defineLoader<string, CallParticipant>('callParticipantById', async ({ prisma }, ids) =>
  inOrder(ids, await prisma.callParticipant.findMany({ where: { id: { in: [...ids] } } }), ({ id }) => id),
)

/** By the call's id: of everybody who was rung or came their newest place in it, in the order in which they took those. */
export const participantsOf = defineLoader<string, CallParticipant[]>('callParticipantsOf', async ({ sql }, callIds) => {
  const rows = await sql<CallParticipant>(
    `select distinct on (call_id, user_id) id, call_id as "callId", user_id as "userId", state, place, device_id as "deviceId",
       session_id as "sessionId", audio, video, screen, joined_at as "joinedAt", left_at as "leftAt", due_at as "dueAt", is_dropped as "isDropped"
     from call_participant where call_id = any($1::uuid[]) order by call_id, user_id, place desc`,
    [callIds],
  )
  const byCall = groupBy(rows, ({ callId }) => callId)
  return callIds.map((id) => (byCall.get(id) ?? []).sort((one, other) => one.place - other.place))
})

/** What rings for somebody now, the newest first. */
export function readRinging({ sql }: Database, userId: string, most: number): Promise<Call[]> {
  return sql<Call>(
    `select ${callColumns} from call_participant p join call c on c.id = p.call_id
     where p.user_id = $1 and p.state = 'RINGING' and c.rings_until > now() order by c.started_at desc, c.id limit $2`,
    [userId, most],
  )
}
