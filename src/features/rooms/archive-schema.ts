import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { requireRoom, requireRoomId } from './access.ts'
import { archiveRoom, unarchiveRoom } from './archive-commands.ts'
import { RoomEvent } from './event-interface.ts'
import { roomById } from './queries.ts'
import { Room } from './schema.ts'

interface OfRoom {
  readonly roomId: string
}

const ArchiveRoomInput = defineInput('ArchiveRoomInput', 'Which room to archive.')
const ArchiveRoomPayload = definePayload('ArchiveRoomPayload', 'The room is archived.')

builder.mutationField('archiveRoom', (t) =>
  t.field({
    type: ArchiveRoomPayload,
    description:
      'Closes a group or channel to everything new: for those who run it. It can be read, followed and left; what one said can be deleted; and it can be opened again.',
    args: { input: t.arg({ type: ArchiveRoomInput, required: true, description: 'Which room to archive.' }) },
    resolve: (_root, { input }, context) => change(context, input, archiveRoom),
  }),
)

const UnarchiveRoomInput = defineInput('UnarchiveRoomInput', 'Which room to open again.')
const UnarchiveRoomPayload = definePayload('UnarchiveRoomPayload', 'The room is open again.')

builder.mutationField('unarchiveRoom', (t) =>
  t.field({
    type: UnarchiveRoomPayload,
    description: 'Opens an archived group or channel again, as it was: for those who run it.',
    args: { input: t.arg({ type: UnarchiveRoomInput, required: true, description: 'Which room to open again.' }) },
    resolve: (_root, { input }, context) => change(context, input, unarchiveRoom),
  }),
)

defineEvent(
  'RoomArchived',
  'The room is archived: nothing new is said in it until it is opened again. It is no longer in `Viewer.rooms` unless asked for.',
)
defineEvent('RoomUnarchived', 'The room is open again, and in `Viewer.rooms` of its members.')

async function change(context: Context, input: OfRoom, command: typeof archiveRoom): Promise<OfRoom> {
  const person = context.actor.id('who writes')
  const roomId = await requireRoomId(context, input.roomId, 'roomId')
  await command(context.services, person, roomId)
  context.loaders.forget()
  return { roomId }
}

function defineInput(name: string, description: string) {
  return builder.inputType(name, {
    description,
    fields: (t) => ({ roomId: t.id({ required: true, description: 'The id of a group or channel.' }) }),
  })
}

function definePayload(name: string, description: string) {
  return builder.objectRef<OfRoom>(name).implement({
    description,
    fields: (t) => ({
      room: t.field({ type: Room, description: 'The room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
    }),
  })
}

function defineEvent(name: string, description: string): void {
  builder.objectRef<StoredEvent>(name).implement({
    description,
    interfaces: [RoomEvent],
    fields: (t) => ({
      room: t.field({
        type: Room,
        description: 'The room as it is.',
        // The row is there: what events refer to is never taken away.
        resolve: async ({ streamId }, _args, { loaders }) => (await loaders.load(roomById, streamId))!,
      }),
    }),
  })
}
