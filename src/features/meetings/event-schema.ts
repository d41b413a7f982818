import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { RoomEvent } from '../rooms/event-interface.ts'
import { meetingById } from './queries.ts'
import { Meeting } from './schema.ts'

// The rows are there: what events refer to is never taken away.
const meetingOf = async ({ data }: StoredEvent, { loaders }: Context) => (await loaders.load(meetingById, data.meetingId as string))!

function defineMeetingEvent(name: string, description: string): void {
  builder.objectRef<StoredEvent>(name).implement({
    description,
    interfaces: [RoomEvent],
    fields: (t) => ({
      meeting: t.field({
        type: Meeting,
        description: 'The meeting as it is.',
        resolve: (event, _args, context) => meetingOf(event, context),
      }),
    }),
  })
}

defineMeetingEvent('MeetingScheduled', 'Somebody scheduled a meeting.')
defineMeetingEvent(
  'MeetingUpdated',
  'A meeting has other words, other times or other attendees, somebody answered, one occurrence was moved or cancelled, or it began, ended or came round again. Nobody is its `actor` where its time came.',
)
defineMeetingEvent('MeetingCancelled', 'A meeting was cancelled, with all that was still to come of it.')
