import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { readViewer } from '../accounts/queries.ts'
import { Viewer } from '../accounts/schema.ts'
import { unreadIn } from '../receipts/schema.ts'
import { roomIdOf, seeRoom } from '../rooms/access.ts'
import { Room } from '../rooms/schema.ts'
import { InboxEvent } from './event-interface.ts'

const roomIdIn = ({ data }: StoredEvent) => data.roomId as string

builder.objectRef<StoredEvent>('UnreadChanged').implement({
  description:
    "How one of the viewer's rooms stands, after something happened in it or the viewer has read on: what is unread, and by `room` whatever a list of rooms shows. State, not history: at most one a second a room, and one for each of one's own marks; after a replay one for every room with something unread, or in which anything moved meanwhile. Its cursor is that of the last logged event before it.",
  interfaces: [InboxEvent],
  fields: (t) => ({
    roomId: t.id({
      description: 'The id of the room.',
      resolve: async (event, _args, context) => (await roomIdOf(context, roomIdIn(event)))!,
    }),
    room: t.field({
      type: Room,
      nullable: true,
      description: 'The room as it stands; null when the viewer can no longer see it.',
      resolve: (event, _args, context) => seeRoom(context, roomIdIn(event)),
    }),
    viewer: t.field({
      type: Viewer,
      description:
        'The viewer, whose `unread` counts all their rooms. That costs more than the rest: a client that holds all rooms adds up.',
      resolve: async ({ streamId }, _args, context) => (await readViewer(context, streamId))!,
    }),
    unreadCount: t.int({
      description: 'The same as `room { unreadCount }`.',
      resolve: async (event, _args, context) => (await unreadBy(event, context)).unreadCount,
    }),
    unreadMentionCount: t.int({
      description: 'The same as `room { unreadMentionCount }`.',
      resolve: async (event, _args, context) => (await unreadBy(event, context)).unreadMentionCount,
    }),
  }),
})

/** What `room` shows too: read after its position, which makes the loaders forget. */
async function unreadBy(event: StoredEvent, context: Context) {
  const roomId = roomIdIn(event)
  await seeRoom(context, roomId)
  return unreadIn(context, roomId)
}
