import { builder } from '../../graphql/builder.ts'
import { takeObjects } from '../../graphql/context.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { InboxEvent } from '../inbox/event-interface.ts'
import { roomIdOf, seeRoom } from '../rooms/access.ts'
import { RoomEvent } from '../rooms/event-interface.ts'
import { roomById } from '../rooms/queries.ts'
import { Room } from '../rooms/schema.ts'
import { showsMarks } from './policy.ts'
import { markById } from './queries.ts'
import { ReadMark, someMarks } from './schema.ts'

builder.objectRef<StoredEvent>('ReadMarksMoved').implement({
  description:
    'Some members have read on: at most once a second in a room, and in rooms of at most 100. It has no actor, and is no activity: `lastActivityAt` stays.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    readMarks: t.field({
      type: [ReadMark],
      description: 'Where their marks stand.',
      extensions: someMarks,
      async resolve({ streamId, data }, _args, context) {
        const { loaders, services } = context
        const room = (await loaders.load(roomById, streamId))!
        if (!showsMarks(room, services.limits)) return []
        const marks = await Promise.all((data.memberIds as string[]).map((id) => loaders.load(markById, id)))
        return takeObjects(
          context,
          marks.flatMap((mark) => mark ?? []),
        )
      },
    }),
  }),
})

builder.objectRef<StoredEvent>('ReadMarkMoved').implement({
  description: 'The viewer has read on in a room, on whichever device.',
  interfaces: [InboxEvent],
  fields: (t) => ({
    roomId: t.id({
      description: 'The id of the room.',
      resolve: async ({ data }, _args, context) => (await roomIdOf(context, data.roomId as string))!,
    }),
    room: t.field({
      type: Room,
      nullable: true,
      description: 'The room, with what is still unread there; null when the viewer can no longer see it.',
      resolve: ({ data }, _args, context) => seeRoom(context, data.roomId as string),
    }),
    seq: t.int({ description: 'The place in the room to which their mark moved.', resolve: ({ data }) => data.seq as number }),
  }),
})
