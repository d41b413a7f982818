import { builder } from '../../graphql/builder.ts'
import { type Context, takeCharacters } from '../../graphql/context.ts'
import { Viewer } from '../accounts/schema.ts'
import { Meeting } from '../meetings/schema.ts'
import { calendarGenerationOf } from './links.ts'

builder.objectField(Meeting, 'icsUrl', (t) =>
  t.field({
    type: 'URL',
    description:
      "This meeting for a calendar application, as iCalendar (RFC 5545). The address is the viewer's own and needs no credentials: it works as long as they see the meeting, until their password is changed or they sign out everywhere.",
    resolve: ({ id }, _args, context) => urlOf(context, context.actor.id('Meeting.icsUrl'), id),
  }),
)

builder.objectField(Viewer, 'calendarUrl', (t) =>
  t.field({
    type: 'URL',
    description:
      "All of the viewer's meetings, for a calendar application to subscribe to: those they are invited to and have not declined, but for what has long been over. The address is a secret of theirs and needs no credentials: it works until their password is changed or they sign out everywhere.",
    resolve: ({ id }, _args, context) => urlOf(context, id, null),
  }),
)

async function urlOf(context: Context, userId: string, meetingId: string | null): Promise<string> {
  const { loaders, services } = context
  const generation = (await loaders.load(calendarGenerationOf, userId)) ?? 0
  return takeCharacters(context, services.calendars.urlOf({ userId, meetingId, generation }))
}
