import { builder } from '../../graphql/builder.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { InboxEvent } from '../inbox/event-interface.ts'
import type { SessionEndedData } from './events.ts'
import { readViewer } from './queries.ts'
import { sessionGlobalId, Viewer } from './schema.ts'

/** Rooms add theirs. */
export const ViewerUpdated = builder.objectRef<StoredEvent>('ViewerUpdated').implement({
  description:
    "The viewer's profile, what they are shown as, a setting of theirs or whom they have blocked changed, on whichever device, or another device of theirs signed in.",
  interfaces: [InboxEvent],
  fields: (t) => ({
    viewer: t.field({
      type: Viewer,
      description: 'The viewer as they are now.',
      resolve: async ({ streamId }, _args, context) => (await readViewer(context, streamId))!,
    }),
  }),
})

builder.objectRef<StoredEvent>('SessionEnded').implement({
  description: "A session of the viewer ended. The session's own devices hear it too, before their sockets close.",
  interfaces: [InboxEvent],
  fields: (t) => ({
    sessionId: t.id({
      description: 'The id of the session, which is no longer among `Viewer.sessions`.',
      resolve: ({ data }) => sessionGlobalId((data as SessionEndedData).sessionId),
    }),
    viewer: t.field({
      type: Viewer,
      nullable: true,
      description: 'The viewer, with the sessions that are left.',
      resolve: ({ streamId }, _args, context) => readViewer(context, streamId),
    }),
  }),
})
