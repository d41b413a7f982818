import type { Context } from '../../graphql/context.ts'
import { defineQuestion } from '../../graphql/loaders.ts'
import { keysetByMoment, keysetSql, type Moment } from '../../graphql/moments.ts'
import { countedOrNull, makePage, type Page, type PageArguments, type PageRequest, readPage } from '../../graphql/paging.ts'
import { groupBy } from '../../lib/group-by.ts'
import type { MeetingAttendee } from '../../store/generated/prisma/client.ts'
import { attendeeById, attendeeColumns, attendeeCountOf } from './queries.ts'

const attendeeKeyset = keysetByMoment<MeetingAttendee>(({ invitedAt }) => invitedAt)

/** One page of who is asked to come: whoever was asked first comes first. */
export async function pageOfAttendees(
  { services, loaders }: Context,
  meetingId: string,
  args: PageArguments,
): Promise<Page<MeetingAttendee> & { readonly totalCount: () => Promise<number | null> }> {
  const request = readPage(args, attendeeKeyset, services.limits)
  const rows = (await loaders.load(attendeeRows, { id: meetingId, asked: request })) ?? []
  return {
    ...makePage(rows, request, attendeeKeyset),
    totalCount: async () => countedOrNull((await loaders.load(attendeeCountOf, meetingId)) ?? 0),
  }
}

/** Of each meeting, in the order of reading. */
const attendeeRows = defineQuestion<PageRequest<Moment>, MeetingAttendee[]>(
  'meetingAttendeeRows',
  async (database, ids, request, loaders) => {
    const { where, order, values } = keysetSql(request, { at: 'a.invited_at', id: 'a.id', isDescending: false }, 2)
    const rows = await database.sql<MeetingAttendee & { place: number }>(
      `select page.* from unnest($1::uuid[]) as wanted(meeting_id) cross join lateral (
       select ${attendeeColumns}, (row_number() over (${order}))::int as place from meeting_attendee a
       where a.meeting_id = wanted.meeting_id ${where} ${order} limit ${request.size + 1}) as page
     order by page.place`,
      [ids, ...values],
    )
    const attendees = rows.map(({ place: _place, ...attendee }) => attendee)
    for (const attendee of attendees) loaders.prime(attendeeById, attendee.id, attendee)
    return groupBy(attendees, ({ meetingId }) => meetingId)
  },
)
