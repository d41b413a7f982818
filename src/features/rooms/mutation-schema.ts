import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { requireRoom, requireRoomId } from './access.ts'
import { createGroupRoom, openDirectRoom, updateRoom } from './commands.ts'
import { edgeOf } from './pages.ts'
import { DirectRoom, GroupRoom, Room, RoomEdge } from './schema.ts'

/** A payload only says which room: what is asked of it is read after the write, once. */
interface OfRoom {
  readonly roomId: string
}

const person = ({ actor }: Context) => actor.id('who writes')

const OpenDirectRoomInput = builder.inputType('OpenDirectRoomInput', {
  description: 'With whom to talk.',
  fields: (t) => ({ userId: t.id({ required: true, description: "The id of another person: their User's." }) }),
})

const OpenDirectRoomPayload = builder.objectRef<OfRoom>('OpenDirectRoomPayload').implement({
  description: 'The room of the two.',
  fields: (t) => ({
    room: t.field({
      type: DirectRoom,
      description: 'The room: new, or the one they had.',
      resolve: ({ roomId }, _args, context) => requireRoom(context, roomId),
    }),
    edge: t.field({
      type: RoomEdge,
      description: 'The room in its place in `Viewer.rooms`.',
      resolve: async ({ roomId }, _args, context) => edgeOf(await requireRoom(context, roomId)),
    }),
  }),
})

builder.mutationField('openDirectRoom', (t) =>
  t.field({
    type: OpenDirectRoomPayload,
    description: 'The room of the viewer and one other person: the same one every time, for both, made when there is none.',
    args: { input: t.arg({ type: OpenDirectRoomInput, required: true, description: 'With whom to talk.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const roomId = await openDirectRoom(context.services, viewer, rowId(input.userId, 'User', 'userId'))
      context.loaders.forget()
      return { roomId }
    },
  }),
)

const CreateGroupRoomInput = builder.inputType('CreateGroupRoomInput', {
  description: 'A group and its first members.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is called: at most 80 characters.' }),
    topic: t.string({ description: 'What it is about: at most 250 characters.' }),
    memberIds: t.idList({ required: true, description: 'The people in it beside the viewer: at most 100 ids, and none is fine.' }),
    nonce: t.string({
      description:
        'A name of your own for this write, at most 64 characters. Repeated with the same content it gives the first room; with other content it is a CONFLICT.',
    }),
  }),
})

const CreateGroupRoomPayload = builder.objectRef<OfRoom>('CreateGroupRoomPayload').implement({
  description: 'The new group.',
  fields: (t) => ({
    room: t.field({
      type: GroupRoom,
      description: 'The group.',
      resolve: ({ roomId }, _args, context) => requireRoom(context, roomId),
    }),
    edge: t.field({
      type: RoomEdge,
      description: 'The group in its place in `Viewer.rooms`.',
      resolve: async ({ roomId }, _args, context) => edgeOf(await requireRoom(context, roomId)),
    }),
  }),
})

builder.mutationField('createGroupRoom', (t) =>
  t.field({
    type: CreateGroupRoomPayload,
    description: 'Makes a group, with the viewer as its admin.',
    args: { input: t.arg({ type: CreateGroupRoomInput, required: true, description: 'The group and its first members.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const memberIds = input.memberIds.map((id) => rowId(id, 'User', 'memberIds'))
      const roomId = await createGroupRoom(context.services, viewer, { ...input, memberIds })
      context.loaders.forget()
      return { roomId }
    },
  }),
)

const UpdateRoomInput = builder.inputType('UpdateRoomInput', {
  description: 'What shall be different about a room. What is absent stays as it is.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a group or channel.' }),
    name: t.string({ description: 'Its new name, at most 80 characters; it cannot be cleared.' }),
    topic: t.string({ description: 'Its new topic, at most 250 characters; null clears it.' }),
    avatarId: t.id({
      description: 'The id of a picture that the viewer has put, and that is READY and not in use; null takes its picture away.',
    }),
  }),
})

const UpdateRoomPayload = builder.objectRef<OfRoom>('UpdateRoomPayload').implement({
  description: 'The room as it is now.',
  fields: (t) => ({
    room: t.field({ type: Room, description: 'The room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
  }),
})

builder.mutationField('updateRoom', (t) =>
  t.field({
    type: UpdateRoomPayload,
    description: 'Gives a group or channel another name, topic or picture: for those who run it.',
    args: { input: t.arg({ type: UpdateRoomInput, required: true, description: 'The room, and what shall be different.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const roomId = await requireRoomId(context, input.roomId, 'roomId')
      const avatarId = input.avatarId == null ? input.avatarId : rowId(input.avatarId, 'Attachment', 'avatarId')
      await updateRoom(context.services, viewer, { ...input, roomId, avatarId })
      context.loaders.forget()
      return { roomId }
    },
  }),
)
