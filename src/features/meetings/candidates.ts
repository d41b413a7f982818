import { defineQuestion } from '../../graphql/loaders.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { Meeting } from '../../store/generated/prisma/client.ts'
import { isSeen, isWelcome, joinStanding, meetingById, meetingColumns } from './queries.ts'
import type { Candidates } from './ranges.ts'

/** Of rooms: all of theirs. */
export const meetingsOfRooms = defineCandidates('meetingsOfRooms', 'meeting m where m.room_id = wanted.id')

/** Of teams: of those of their channels that the viewer sees. */
export const meetingsOfTeams = defineCandidates(
  'meetingsOfTeams',
  `room r join meeting m on m.room_id = r.id left join room_member mine on mine.room_id = r.id and mine.user_id = $6 and mine.left_at is null
   where r.team_id = wanted.id and (not r.is_private or mine.id is not null)`,
)

/** Of people: of those that they are invited to and have not declined, what they see, but for that of whom they have blocked. */
export const meetingsOfPeople = defineCandidates(
  'meetingsOfPeople',
  `meeting_attendee a join meeting m on m.id = a.meeting_id ${joinStanding('a.user_id')}
   where a.user_id = wanted.id and a.rsvp <> 'DECLINED' and ${isSeen} and ${isWelcome}`,
)

/** `where`: from where on, beside `wanted.id`; $6 is the viewer, if one is named. In one statement for however many. */
function defineCandidates(name: string, where: string): Candidates {
  return defineQuestion(name, async ({ sql }, ids, { from, to, onceMost, recurringMost, viewerId }, loaders) => {
    const rows = await sql<Meeting & { ofId: string }>(
      `select wanted.id as "ofId", found.* from unnest($1::uuid[]) as wanted(id) cross join lateral (
         (select ${meetingColumns} from ${where} and m.recurrence is null and m.last_ends_at > $2 and m.first_starts_at < $3
          order by m.starts_at, m.id limit $4)
         union all
         (select ${meetingColumns} from ${where} and m.recurrence is not null and (m.last_ends_at is null or m.last_ends_at > $2)
          and m.first_starts_at < $3 limit $5)
       ) as found`,
      [ids, from, to, onceMost, recurringMost, ...(viewerId === undefined ? [] : [viewerId])],
    )
    const found = rows.map(({ ofId, ...meeting }) => {
      loaders.prime(meetingById, meeting.id, meeting)
      return { ofId, meeting }
    })
    const byId = groupBy(found, ({ ofId }) => ofId)
    return new Map([...byId].map(([id, some]) => [id, some.map(({ meeting }) => meeting)]))
  })
}
