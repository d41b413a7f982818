import { builder } from '../../graphql/builder.ts'
import { takeObjects } from '../../graphql/context.ts'
import { encodeId } from '../../graphql/ids.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { User } from '../accounts/schema.ts'
import { InboxEvent } from '../inbox/event-interface.ts'
import { roomIdOf } from '../rooms/access.ts'
import { mayMention, mentionsOf } from './mention-queries.ts'
import { Message, seeMessage } from './schema.ts'

builder.objectField(Message, 'mentions', (t) =>
  t.field({
    type: [User],
    description:
      'Whom it mentions, in the order in which it does: people who see the room, by an @ and their handle. Not its sender, nor anybody whom they have blocked or who has blocked them. At most 50; none once it is deleted.',
    extensions: { holds: 3 },
    resolve: async (message, _args, context) =>
      mayMention(message) ? takeObjects(context, (await context.loaders.load(mentionsOf, message.id))!) : [],
  }),
)

const messageIdIn = ({ data }: StoredEvent) => data.messageId as string

builder.objectRef<StoredEvent>('Mentioned').implement({
  description: 'A message mentions the viewer from now on: it was sent so, or edited.',
  interfaces: [InboxEvent],
  fields: (t) => ({
    roomId: t.id({
      description: 'The id of the room in which it was said.',
      resolve: async ({ data }, _args, context) => (await roomIdOf(context, data.roomId as string))!,
    }),
    messageId: t.id({ description: 'The id of the message.', resolve: (event) => encodeId('Message', messageIdIn(event)) }),
    message: t.field({
      type: Message,
      nullable: true,
      description: 'The message as it is; null when the viewer can no longer see it.',
      resolve: (event, _args, context) => seeMessage(messageIdIn(event), context),
    }),
  }),
})
