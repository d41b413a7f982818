import { builder } from '../../graphql/builder.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { Message, messageOf } from '../messages/schema.ts'
import { RoomEvent } from '../rooms/event-interface.ts'

defineEvent('ReactionAdded', 'Somebody reacted to a message.', 'The message with the reaction.')
defineEvent('ReactionRemoved', 'Somebody took a reaction back.', 'The message without the reaction.')

function defineEvent(name: string, description: string, message: string): void {
  builder.objectRef<StoredEvent>(name).implement({
    description,
    interfaces: [RoomEvent],
    fields: (t) => ({
      message: t.field({ type: Message, description: message, resolve: (event, _args, context) => messageOf(event, context) }),
      emoji: t.string({ description: 'The emoji.', resolve: ({ data }) => data.emoji as string }),
      user: t.field({
        type: User,
        description: 'Whose reaction it is.',
        resolve: async ({ data }, _args, { loaders }) => (await loaders.load(userById, data.userId as string))!,
      }),
    }),
  })
}
