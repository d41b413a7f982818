import type { Services } from '../../graphql/context.ts'
import type { Database } from '../../store/database.ts'
import type { Meeting } from '../../store/generated/prisma/client.ts'
import { inMeeting } from './scene.ts'
import { settleIn } from './settling.ts'
import type { MeetingTerms } from './terms.ts'

/** A meeting in which something is due, as this node has claimed it. */
export type Due = Pick<Meeting, 'id' | 'roomId'>

/** The most that one claim brings. */
export const dueAtOnce = 50

/** Claims what is due, in one statement: of many nodes one gets it, and if that one dies the next does. */
export function claimDue({ sql }: Database, claimMs: number): Promise<Due[]> {
  return sql<Due>(
    `with due as (select id from meeting where due_at <= now() order by due_at limit $2 for update skip locked)
     update meeting m set due_at = now() + make_interval(secs => $1::float / 1000) from due where m.id = due.id
     returning m.id, m.room_id as "roomId"`,
    [claimMs, dueAtOnce],
  )
}

/** Nothing comes of a meeting that somebody else has settled meanwhile: what is due is read again, under its locks. */
export function settleDue(services: Pick<Services, 'database' | 'transact'>, due: Due, terms: MeetingTerms): Promise<void> {
  return inMeeting(services, due, [], async (tx, hearers) => {
    const meeting = await tx.rows.meeting.findUniqueOrThrow({ where: { id: due.id } })
    await settleIn(tx, meeting, { hearers, terms, actorId: null })
  })
}
