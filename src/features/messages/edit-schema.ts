import { builder } from '../../graphql/builder.ts'
import { type Context, takeCharacters } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import type { MessageEdit as EditRow } from '../../store/generated/prisma/client.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { RoomEvent } from '../rooms/event-interface.ts'
import { standingOf } from '../rooms/standing.ts'
import { deleteMessage, editMessage } from './edit-commands.ts'
import { canSeeEdits } from './policy.ts'
import { editsOf, type MessageRow, messageById } from './queries.ts'
import { Message, messageOf } from './schema.ts'

const MessageEdit = builder.objectRef<EditRow>('MessageEdit').implement({
  description: 'What a message said before it was edited.',
  fields: (t) => ({
    content: t.string({ description: 'What it said.', resolve: ({ content }, _args, context) => takeCharacters(context, content) }),
    replacedAt: t.expose('replacedAt', { type: 'DateTime', description: 'Until when it said so.' }),
  }),
})

builder.objectFields(Message, (t) => ({
  editedAt: t.expose('editedAt', {
    type: 'DateTime',
    nullable: true,
    description: 'When it was last edited; null when it says what it was sent with.',
  }),
  deletedAt: t.expose('deletedAt', {
    type: 'DateTime',
    nullable: true,
    description: 'When it was deleted; then its content is empty.',
  }),
  edits: t.field({
    type: [MessageEdit],
    description:
      'Earlier contents, newest first: for its sender and those who run the room, empty for everybody else. The latest 50 are kept, and none once it is deleted.',
    extensions: { holds: 10 },
    resolve: (message, _args, context) => seeEdits(message, context),
  }),
}))

async function seeEdits(message: MessageRow, { actor, loaders }: Context): Promise<EditRow[]> {
  // So for everybody, and nobody has to be asked who they are.
  if (message.editedAt === null || message.deletedAt !== null) return []
  const person = actor.id('Message.edits are for its sender and those who run the room')
  const standing = (await loaders.load(standingOf, { roomId: message.roomId, userId: person }))!
  return canSeeEdits({ standing, message, person }) ? (await loaders.load(editsOf, message.id))! : []
}

builder.objectRef<StoredEvent>('MessageEdited').implement({
  description: 'Somebody has edited what they said.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    message: t.field({
      type: Message,
      description: 'The message as it is.',
      resolve: (event, _args, context) => messageOf(event, context),
    }),
  }),
})

builder.objectRef<StoredEvent>('MessageDeleted').implement({
  description: 'A message was deleted, by its sender or one who runs the room.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    message: t.field({
      type: Message,
      description: 'What is left of it: who said something, and when.',
      resolve: (event, _args, context) => messageOf(event, context),
    }),
  }),
})

/** What was read before the write is gone, and what the command answered is known. */
function refresh({ loaders }: Context, { nonceHash: _nonceHash, ...message }: MessageRow & { nonceHash: string }): MessageRow {
  loaders.forget()
  loaders.prime(messageById, message.id, message)
  return message
}

const EditMessageInput = builder.inputType('EditMessageInput', {
  description: 'Which message, and what it shall say.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'The id of a message that the viewer has sent.' }),
    content: t.string({ required: true, description: 'What it shall say: 1 to 8,000 characters, not only blanks.' }),
  }),
})

const EditMessagePayload = builder.objectRef<MessageRow>('EditMessagePayload').implement({
  description: 'The edited message.',
  fields: (t) => ({ message: t.field({ type: Message, description: 'The message as it is now.', resolve: (message) => message }) }),
})

builder.mutationField('editMessage', (t) =>
  t.field({
    type: EditMessagePayload,
    description:
      'Has a message say something else: for its sender. Whom it did not mention before, and does now, hears of it in their inbox. Saying the same changes nothing. What was forwarded, and what the room says of itself, cannot be edited.',
    args: { input: t.arg({ type: EditMessageInput, required: true, description: 'Which message, and what it shall say.' }) },
    async resolve(_root, { input }, context) {
      const person = context.actor.id('to edit a message')
      const messageId = rowId(input.messageId, 'Message', 'messageId')
      return refresh(context, await editMessage(context.services, person, { messageId, content: input.content }))
    },
  }),
)

const DeleteMessageInput = builder.inputType('DeleteMessageInput', {
  description: 'Which message.',
  fields: (t) => ({ messageId: t.id({ required: true, description: 'The id of a message.' }) }),
})

const DeleteMessagePayload = builder.objectRef<MessageRow>('DeleteMessagePayload').implement({
  description: 'The deleted message.',
  fields: (t) => ({ message: t.field({ type: Message, description: 'What is left of it.', resolve: (message) => message }) }),
})

builder.mutationField('deleteMessage', (t) =>
  t.field({
    type: DeleteMessagePayload,
    description:
      'Deletes a message: for its sender and, in groups and channels, those who run the room. In an archived room only for its sender. What was said is gone for everybody; that something was said stays. Deleting twice is deleting once.',
    args: { input: t.arg({ type: DeleteMessageInput, required: true, description: 'Which message.' }) },
    async resolve(_root, { input }, context) {
      const person = context.actor.id('to delete a message')
      const messageId = rowId(input.messageId, 'Message', 'messageId')
      return refresh(context, await deleteMessage(context.services, person, messageId))
    },
  }),
)
