import { builder } from '../../graphql/builder.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { InboxEvent } from '../inbox/event-interface.ts'
import { roomIdOf, seeRoom } from './access.ts'
import { edgeOf } from './pages.ts'
import { Room, RoomEdge } from './schema.ts'

const roomIdIn = ({ data }: StoredEvent) => data.roomId as string

builder.objectRef<StoredEvent>('RoomAdded').implement({
  description: 'The viewer is in a room from now on: they joined or were added, or it was made with them.',
  interfaces: [InboxEvent],
  fields: (t) => ({
    roomId: t.id({
      description: 'The id of the room.',
      resolve: async (event, _args, context) => (await roomIdOf(context, roomIdIn(event)))!,
    }),
    room: t.field({
      type: Room,
      nullable: true,
      description: 'The room; null when the viewer can no longer see it.',
      resolve: (event, _args, context) => seeRoom(context, roomIdIn(event)),
    }),
    edge: t.field({
      type: RoomEdge,
      nullable: true,
      description: 'The room in its place in `Viewer.rooms`; null when the viewer can no longer see it.',
      async resolve(event, _args, context) {
        const room = await seeRoom(context, roomIdIn(event))
        return room && edgeOf(room)
      },
    }),
  }),
})

builder.objectRef<StoredEvent>('RoomRemoved').implement({
  description: 'The viewer is no longer in a room.',
  interfaces: [InboxEvent],
  fields: (t) => ({
    roomId: t.id({
      description: 'The id of the room.',
      resolve: async (event, _args, context) => (await roomIdOf(context, roomIdIn(event)))!,
    }),
    wasRemoved: t.boolean({ description: 'By somebody else; otherwise they left.', resolve: ({ data }) => data.wasRemoved === true }),
  }),
})
