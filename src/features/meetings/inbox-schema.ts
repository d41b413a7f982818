import { builder } from '../../graphql/builder.ts'
import { encodeId } from '../../graphql/ids.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { InboxEvent } from '../inbox/event-interface.ts'
import { seeMeeting } from './access.ts'
import { Meeting } from './schema.ts'

const meetingIdIn = ({ data }: StoredEvent) => data.meetingId as string

function defineMeetingEvent(name: string, description: string) {
  return builder.objectRef<StoredEvent>(name).implement({
    description,
    interfaces: [InboxEvent],
    fields: (t) => ({
      meetingId: t.id({ description: 'The id of the meeting.', resolve: (event) => encodeId('Meeting', meetingIdIn(event)) }),
      meeting: t.field({
        type: Meeting,
        nullable: true,
        description: 'The meeting as it is; null when the viewer can no longer see it.',
        resolve: (event, _args, context) => seeMeeting(context, meetingIdIn(event)),
      }),
    }),
  })
}

defineMeetingEvent('MeetingInvited', 'Somebody asks the viewer to come to a meeting.')
defineMeetingEvent(
  'MeetingChanged',
  'Something about a meeting has changed to which the viewer is invited, and they are not in its room. Those who are hear of it there: MeetingUpdated, MeetingCancelled.',
)
builder.objectField(
  defineMeetingEvent('MeetingReminder', 'A meeting is about to begin that the viewer has not declined.'),
  'startsAt',
  (t) =>
    t.field({
      type: 'DateTime',
      description: 'When it begins; of a series, when the occurrence does that is meant.',
      resolve: ({ data }) => new Date(data.startsAt as number),
    }),
)
