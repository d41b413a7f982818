import { builder } from '../../graphql/builder.ts'
import { pageOfAttendees } from './pages.ts'
import { Meeting, MeetingAttendee } from './schema.ts'

const MeetingAttendeeEdge = builder.edgeObject({
  type: MeetingAttendee,
  name: 'MeetingAttendeeEdge',
  description: 'An attendee in their place in the list.',
})

const MeetingAttendeeConnection = builder.connectionObject(
  { type: MeetingAttendee, name: 'MeetingAttendeeConnection', description: 'A page of attendees.' },
  MeetingAttendeeEdge,
)

builder.objectField(Meeting, 'attendees', (t) =>
  t.field({
    type: MeetingAttendeeConnection,
    description: 'Who is asked to come, and who has answered; whoever scheduled it comes first.',
    args: {
      first: t.arg.int({ description: 'So many from the beginning, or from `after`; at most 100.' }),
      after: t.arg.string({ description: 'Only what comes after the attendee with this cursor.' }),
    },
    resolve: ({ id }, args, context) => pageOfAttendees(context, id, args),
  }),
)
