import { builder } from '../../graphql/builder.ts'
import { rowId } from '../../graphql/ids.ts'
import { requireRoomId } from '../rooms/access.ts'
import { roomById } from '../rooms/queries.ts'
import { Room } from '../rooms/schema.ts'
import { forwardMessage } from './forward-commands.ts'
import { type MessageRow, messageById } from './queries.ts'
import { edgeOf, Message, MessageEdge, seeMessage } from './schema.ts'

builder.objectFields(Message, (t) => ({
  isForwarded: t.boolean({
    description: 'Whether it was forwarded: then it says what another message said at that time.',
    resolve: ({ forwardedFromId }) => forwardedFromId !== null,
  }),
  forwardedFrom: t.field({
    type: Message,
    nullable: true,
    description:
      "The message that it was forwarded from, as that is now; of a forward's forward the first. Null where the viewer may not see it.",
    // Nobody has to be asked who they are about what is no forward. The source is read at each showing: mostly it lies in another room, and
    // what becomes of it there is not heard in this one.
    resolve: ({ forwardedFromId }, _args, context) => (forwardedFromId === null ? null : seeMessage(forwardedFromId, context)),
  }),
}))

const ForwardMessageInput = builder.inputType('ForwardMessageInput', {
  description: 'Which message, and where to.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'The id of a message that the viewer may see.' }),
    toRoomId: t.id({ required: true, description: 'The id of a room in which the viewer may post; it may be the same one.' }),
    nonce: t.string({
      description:
        'A name that the viewer chooses, 64 characters at most. Forwarding again with the same one to the same room gives the first forward again; of another message it is a CONFLICT. `sendMessage` has nonces of its own.',
    }),
  }),
})

const ForwardMessagePayload = builder.objectRef<MessageRow>('ForwardMessagePayload').implement({
  description: 'The forward.',
  fields: (t) => ({
    message: t.field({ type: Message, description: 'The new message.', resolve: (message) => message }),
    edge: t.field({ type: MessageEdge, description: 'The new message in its place in `Room.messages`.', resolve: edgeOf }),
    room: t.field({
      type: Room,
      description: 'The room into which it was forwarded.',
      resolve: async ({ roomId }, _args, { loaders }) => (await loaders.load(roomById, roomId))!,
    }),
  }),
})

builder.mutationField('forwardMessage', (t) =>
  t.field({
    type: ForwardMessagePayload,
    description:
      'Says in a room what a message says: a snapshot, which stays when its source is edited or deleted. It mentions nobody and is in no thread. Deleted messages cannot be forwarded, nor what a room tells of itself. With a nonce it may be repeated until it is answered.',
    args: { input: t.arg({ type: ForwardMessageInput, required: true, description: 'Which message, and where to.' }) },
    async resolve(_root, { input }, context) {
      const person = context.actor.id('to forward a message')
      const messageId = rowId(input.messageId, 'Message', 'messageId')
      const toRoomId = await requireRoomId(context, input.toRoomId, 'toRoomId')
      const message = await forwardMessage(context.services, person, { messageId, toRoomId, nonce: input.nonce })
      context.loaders.forget()
      context.loaders.prime(messageById, message.id, message)
      return message
    },
  }),
)
