import { builder } from '../../graphql/builder.ts'
import type { Context, Services } from '../../graphql/context.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { requireRoom, requireRoomId } from './access.ts'
import { archiveRoom, unarchiveRoom } from './archive-commands.ts'
import { RoomEvent } from './event-interface.ts'
import { roomById } from './queries.ts'
import { Room } from './schema.ts'

interface OfRoom {
  readonly roomId: string
}

const ArchiveRoomInput = builder.inputType('ArchiveRoomInput', {
  description: 'Which room to archive.',
  fields: (t) => ({ roomId: t.id({ required: true, description: 'The id of a group or channel.' }) }),
})

const ArchiveRoomPayload = builder.objectRef<OfRoom>('ArchiveRoomPayload').implement({
  description: 'The room is archived.',
  fields: (t) => ({
    room: t.field({ type: Room, description: 'The room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
  }),
})

builder.mutationField('archiveRoom', (t) =>
  t.field({
    type: ArchiveRoomPayload,
    description:
      'Closes a group or channel to everything new: for those who run it. It can be read, followed and left; what one said can be deleted; and it can be opened again.',
    args: { input: t.arg({ type: ArchiveRoomInput, required: true, description: 'Which room to archive.' }) },
    resolve: (_root, { input }, context) => change(context, input, archiveRoom),
  }),
)

const UnarchiveRoomInput = builder.inputType('UnarchiveRoomInput', {
  description: 'Which room to open again.',
  fields: (t) => ({ roomId: t.id({ required: true, description: 'The id of a group or channel.' }) }),
})

const UnarchiveRoomPayload = builder.objectRef<OfRoom>('UnarchiveRoomPayload').implement({
  description: 'The room is open again.',
  fields: (t) => ({
    room: t.field({ type: Room, description: 'The room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
  }),
})

builder.mutationField('unarchiveRoom', (t) =>
  t.field({
    type: UnarchiveRoomPayload,
    description: 'Opens an archived group or channel again, as it was: for those who run it.',
    args: { input: t.arg({ type: UnarchiveRoomInput, required: true, description: 'Which room to open again.' }) },
    resolve: (_root, { input }, context) => change(context, input, unarchiveRoom),
  }),
)

async function change(
  context: Context,
  input: OfRoom,
  command: (services: Services, person: string, roomId: string) => Promise<void>,
): Promise<OfRoom> {
  const person = context.actor.id('who writes')
  const roomId = await requireRoomId(context, input.roomId, 'roomId')
  await command(context.services, person, roomId)
  context.loaders.forget()
  return { roomId }
}

// The row is there: what events refer to is never taken away.
const roomOf = async ({ streamId }: StoredEvent, { loaders }: Context) => (await loaders.load(roomById, streamId))!

builder.objectRef<StoredEvent>('RoomArchived').implement({
  description:
    'The room is archived: nothing new is said in it until it is opened again. It is no longer in `Viewer.rooms` unless asked for.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    room: t.field({ type: Room, description: 'The room as it is.', resolve: (event, _args, context) => roomOf(event, context) }),
  }),
})

builder.objectRef<StoredEvent>('RoomUnarchived').implement({
  description: 'The room is open again, and in `Viewer.rooms` of its members.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    room: t.field({ type: Room, description: 'The room as it is.', resolve: (event, _args, context) => roomOf(event, context) }),
  }),
})
