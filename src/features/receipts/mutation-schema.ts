import { builder } from '../../graphql/builder.ts'
import { rowId } from '../../graphql/ids.ts'
import { readViewer } from '../accounts/queries.ts'
import { Viewer } from '../accounts/schema.ts'
import { requireRoom, requireRoomId } from '../rooms/access.ts'
import { Room } from '../rooms/schema.ts'
import { markRead } from './commands.ts'
import { type MarkRow, markById } from './queries.ts'
import { ReadMark } from './schema.ts'

const MarkReadInput = builder.inputType('MarkReadInput', {
  description: 'Up to where the viewer has read.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a room that the viewer is in.' }),
    messageId: t.id({
      required: true,
      description: 'The id of a message of that room, also of a reply in a thread: what was said before it outside the thread is read too.',
    }),
  }),
})

const MarkReadPayload = builder.objectRef<MarkRow>('MarkReadPayload').implement({
  description: 'The mark is there, or further.',
  fields: (t) => ({
    readMark: t.field({ type: ReadMark, description: "The viewer's mark as it stands.", resolve: (mark) => mark }),
    room: t.field({
      type: Room,
      description: 'The room, with what is still unread there.',
      resolve: ({ roomId }, _args, context) => requireRoom(context, roomId),
    }),
    viewer: t.field({
      type: Viewer,
      description: 'The viewer, with what is still unread anywhere.',
      resolve: async ({ userId }, _args, context) => (await readViewer(context, userId))!,
    }),
  }),
})

builder.mutationField('markRead', (t) =>
  t.field({
    type: MarkReadPayload,
    description:
      "Moves the viewer's mark to a message: everything up to it is read, on all their devices. It never moves back: marking what is read already changes nothing. Others in rooms of at most 100 hear of it within a second.",
    args: { input: t.arg({ type: MarkReadInput, required: true, description: 'Up to where.' }) },
    async resolve(_root, { input }, context) {
      const person = context.actor.id('who has read')
      const roomId = await requireRoomId(context, input.roomId, 'roomId')
      const mark = await markRead(context.services, person, { roomId, messageId: rowId(input.messageId, 'Message', 'messageId') })
      context.loaders.forget()
      context.loaders.prime(markById, mark.id, mark)
      return mark
    },
  }),
)
