import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { RoomEvent } from '../rooms/event-interface.ts'
import { roomById } from '../rooms/queries.ts'
import { Room } from '../rooms/schema.ts'
import { pinMessage, unpinMessage } from './pin-commands.ts'
import { pinsOf } from './pin-queries.ts'
import type { MessageRow } from './queries.ts'
import { Message, messageOf } from './schema.ts'

builder.objectField(Message, 'isPinned', (t) =>
  t.boolean({
    description: "Whether it is one of its room's `pinnedMessages`.",
    resolve: ({ pinnedSeq }) => pinnedSeq !== null,
  }),
)

builder.interfaceField(Room, 'pinnedMessages', (t) =>
  t.field({
    type: [Message],
    description: 'What is kept at hand, the newest pin first; also replies in threads. At most 100.',
    extensions: { holds: 100 },
    resolve: async ({ id }, _args, { loaders }) => (await loaders.load(pinsOf, id))!,
  }),
)

definePinEvent('MessagePinned', 'A message was pinned.', 'The message, pinned.')
definePinEvent('MessageUnpinned', 'A message is no longer pinned; it may be about to be deleted.', 'The message, no longer pinned.')

function definePinEvent(name: string, description: string, message: string): void {
  builder.objectRef<StoredEvent>(name).implement({
    description,
    interfaces: [RoomEvent],
    fields: (t) => ({
      message: t.field({ type: Message, description: message, resolve: (event, _args, context) => messageOf(event, context) }),
      room: t.field({
        type: Room,
        description: 'The room, for its `pinnedMessages`.',
        resolve: async ({ streamId }, _args, { loaders }) => (await loaders.load(roomById, streamId))!,
      }),
    }),
  })
}

const PinMessageInput = defineInput('PinMessageInput')
const PinMessagePayload = definePayload('PinMessagePayload', 'The pinned message.', 'The message, pinned.')

builder.mutationField('pinMessage', (t) =>
  t.field({
    type: PinMessagePayload,
    description:
      'Keeps a message at hand for its room: for the admins, in channels also the leads of the team, in direct rooms both. Pinning twice is pinning once; an edit leaves it pinned.',
    args: { input: t.arg({ type: PinMessageInput, required: true, description: 'Which message.' }) },
    resolve: (_root, { input }, context) => change(context, input.messageId, pinMessage),
  }),
)

const UnpinMessageInput = defineInput('UnpinMessageInput')
const UnpinMessagePayload = definePayload('UnpinMessagePayload', 'The message that was pinned.', 'The message, no longer pinned.')

builder.mutationField('unpinMessage', (t) =>
  t.field({
    type: UnpinMessagePayload,
    description:
      'Pins a message no longer: for whoever may pin. Deleting a message unpins it too. Unpinning what is not pinned changes nothing.',
    args: { input: t.arg({ type: UnpinMessageInput, required: true, description: 'Which message.' }) },
    resolve: (_root, { input }, context) => change(context, input.messageId, unpinMessage),
  }),
)

async function change(context: Context, text: string, command: typeof pinMessage): Promise<MessageRow> {
  const person = context.actor.id('to pin or unpin a message')
  const messageId = rowId(text, 'Message', 'messageId')
  const message = await command(context.services, person, messageId)
  context.loaders.forget()
  return message
}

function defineInput(name: string) {
  return builder.inputType(name, {
    description: 'Which message.',
    fields: (t) => ({ messageId: t.id({ required: true, description: 'The id of a message.' }) }),
  })
}

function definePayload(name: string, description: string, message: string) {
  return builder.objectRef<MessageRow>(name).implement({
    description,
    fields: (t) => ({
      message: t.field({ type: Message, description: message, resolve: (row) => row }),
      room: t.field({
        type: Room,
        description: 'The room, for its `pinnedMessages`.',
        resolve: async ({ roomId }, _args, { loaders }) => (await loaders.load(roomById, roomId))!,
      }),
    }),
  })
}
