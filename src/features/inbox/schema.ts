import { namesType } from '../../graphql/asked.ts'
import { builder } from '../../graphql/builder.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { InboxEvent } from './event-interface.ts'
import { followInbox } from './following.ts'

builder.subscriptionField('inbox', (t) =>
  t.field({
    type: InboxEvent,
    description:
      'What concerns the viewer wherever it happens: rooms and teams gained and lost, mentions, and whatever ends their access; and how each of their rooms stands, for whoever asks for it by `... on UnreadChanged`. With `after` nothing is missed and nothing comes twice; without it, from now on.',
    args: { after: t.arg({ type: 'Cursor', description: "The last event's cursor, or the viewer's `inboxCursor`; absent: from now on." }) },
    subscribe: (_root, { after }, context, info) => followInbox(context, { after, withRooms: namesType(info, 'UnreadChanged') }),
    resolve: (event) => event as StoredEvent,
  }),
)
