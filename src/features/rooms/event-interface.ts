import { encodeCursor } from '../../engine/cursor.ts'
import { builder } from '../../graphql/builder.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { roomIdOf } from './access.ts'

/** What all events of a room's stream have in common. Each noun adds its own: the name of a fact is the name of its type. */
export const RoomEvent = builder.interfaceRef<StoredEvent>('RoomEvent').implement({
  description:
    'Something that happened in a room. It carries the resulting state, never a difference: applied twice, or to a state that has it already, it changes nothing.',
  resolveType: ({ type }) => type,
  fields: (t) => ({
    cursor: t.field({
      type: 'Cursor',
      description: 'The place of this event: give the last one received as `after`, and nothing is missed.',
      resolve: ({ streamId, seq }, _args, { services: { epoch } }) => encodeCursor({ streamId, epoch, seq }),
    }),
    seq: t.exposeInt('seq', { description: 'Its number in the room. It rises by one from event to event.' }),
    at: t.expose('at', {
      type: 'DateTime',
      description: "When it happened. The newest event's is the room's `lastActivityAt`, but for ReadMarksMoved.",
    }),
    roomId: t.id({
      description: 'The room in which it happened.',
      resolve: async ({ streamId }, _args, context) => (await roomIdOf(context, streamId))!,
    }),
    actor: t.field({
      type: User,
      nullable: true,
      description: 'Who did it.',
      resolve: ({ data }, _args, { loaders }) => (typeof data.actorId === 'string' ? loaders.load(userById, data.actorId) : null),
    }),
  }),
})
