import { encodeCursor } from '../../engine/cursor.ts'
import { builder } from '../../graphql/builder.ts'
import type { StoredEvent } from '../../store/transact.ts'

/** What all events of a person's own stream have in common. Each noun adds its own: the name of a fact is the name of its type. */
export const InboxEvent = builder.interfaceRef<StoredEvent>('InboxEvent').implement({
  description:
    'Something that concerns the viewer, wherever it happened. Subjects that the viewer may no longer see are null; their ids stay.',
  resolveType: ({ type }) => type,
  fields: (t) => ({
    cursor: t.field({
      type: 'Cursor',
      description: 'The place of this event in the inbox: give the last one received as `after`, and nothing is missed.',
      resolve: ({ streamId, seq }, _args, { services: { epoch } }) => encodeCursor({ streamId, epoch, seq }),
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
  }),
})
