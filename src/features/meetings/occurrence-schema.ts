import { builder } from '../../graphql/builder.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { encodeId, namesParts } from '../../graphql/ids.ts'
import { registerNode } from '../../graphql/node.ts'
import { Viewer } from '../accounts/schema.ts'
import { Room } from '../rooms/schema.ts'
import { Team } from '../teams/schema.ts'
import { maySeeMeeting, seeMeeting } from './access.ts'
import { meetingsOfPeople, meetingsOfRooms, meetingsOfTeams } from './candidates.ts'
import { exceptionsOf } from './queries.ts'
import { occurrencesIn, occurrencesOf } from './ranges.ts'
import { Meeting, MeetingStatus } from './schema.ts'
import { type OccurrenceOf, occurrenceOf, statusOf } from './statuses.ts'

namesParts('MeetingOccurrence')

const MeetingOccurrence = builder.objectRef<OccurrenceOf>('MeetingOccurrence').implement({
  description: 'A meeting at one time: the only one of a meeting that happens once, one of many of a series.',
  interfaces: [builder.nodeInterfaceRef()],
  authScopes: ({ meeting }, context) => maySeeMeeting(context, meeting),
  fields: (t) => ({
    id: t.id({
      description: 'The id of this occurrence: of its meeting, and when it was first to begin. One of a series keeps it when it is moved.',
      resolve: ({ meeting, originalStart }) => encodeId('MeetingOccurrence', meeting.id, originalStart.getTime()),
    }),
    meeting: t.field({ type: Meeting, description: 'The meeting.', resolve: ({ meeting }) => meeting }),
    originalStart: t.expose('originalStart', {
      type: 'DateTime',
      description:
        'When the recurrence lets it begin: by this it is named in `updateMeeting` and `cancelMeeting`, wherever it was moved. Of a meeting that happens once: when it begins.',
    }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'When it begins.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'When it ends.' }),
    status: t.field({ type: MeetingStatus, description: 'Where it stands.', resolve: (occurrence) => statusOf(occurrence) }),
  }),
})

registerNode('MeetingOccurrence', async (id, context, part) => {
  const meeting = await seeMeeting(context, id)
  const originalStart = new Date(part!)
  if (!meeting || Number.isNaN(originalStart.getTime())) return null
  const exceptions = (await context.loaders.load(exceptionsOf, id)) ?? []
  return occurrenceOf(meeting, exceptions, originalStart) ?? null
})

const args = builder.args((arg) => ({
  from: arg.field({ type: 'DateTime', required: true, description: 'Only what ends after this time.' }),
  to: arg.field({ type: 'DateTime', required: true, description: 'Only what begins before this time: 400 days after `from` at most.' }),
}))

const rangeDescription =
  'Those that lie between the two times, wholly or in part: the earliest 100, by when they begin; cancelled ones too, as their status says.'

/** Mostly few; the rest is counted as it is found, with what is asked of each. */
const extensions = { holds: 10 } satisfies FieldExtensions

builder.objectField(Meeting, 'occurrences', (t) =>
  t.field({
    type: [MeetingOccurrence],
    description: `When it takes place. ${rangeDescription}`,
    extensions,
    args,
    resolve: (meeting, range, context, info) => occurrencesOf(context, meeting, range, info),
  }),
)

builder.interfaceField(Room, 'meetings', (t) =>
  t.field({
    type: [MeetingOccurrence],
    description: `What is planned in it. ${rangeDescription}`,
    extensions,
    args,
    resolve: ({ id }, range, context, info) => occurrencesIn(context, meetingsOfRooms, { id }, range, info),
  }),
)

builder.objectField(Team, 'meetings', (t) =>
  t.field({
    type: [MeetingOccurrence],
    description: `What is planned in those of its channels that the viewer sees. ${rangeDescription}`,
    extensions,
    args,
    resolve: ({ id }, range, context, info) =>
      occurrencesIn(context, meetingsOfTeams, { id, viewerId: context.actor.id('Team.meetings') }, range, info),
  }),
)

builder.objectField(Viewer, 'meetings', (t) =>
  t.field({
    type: [MeetingOccurrence],
    description: `What the viewer is asked to come to, or has answered, and has not declined, in all rooms; not what is asked from outside a room by somebody they have blocked. ${rangeDescription}`,
    extensions,
    args,
    resolve: ({ id }, range, context, info) => occurrencesIn(context, meetingsOfPeople, { id }, range, info),
  }),
)
