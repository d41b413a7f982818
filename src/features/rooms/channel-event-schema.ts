import { builder } from '../../graphql/builder.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { TeamEvent } from '../teams/event-interface.ts'
import { roomById } from './queries.ts'
import { Channel } from './schema.ts'

const descriptions = {
  ChannelAdded: 'The team has another public channel. (Private ones are told of to their members alone, by RoomAdded.)',
  ChannelUpdated: 'A public channel has another name or topic.',
  ChannelArchived: 'A public channel is archived: it leaves `Team.channels`, unless archived ones are asked for.',
  ChannelUnarchived: 'A public channel is open again.',
} as const

for (const [name, description] of Object.entries(descriptions))
  builder.objectRef<StoredEvent>(name).implement({
    description,
    interfaces: [TeamEvent],
    fields: (t) => ({
      channel: t.field({
        type: Channel,
        description: 'The channel as it is.',
        resolve: async ({ data }, _args, { loaders }) => (await loaders.load(roomById, data.roomId as string))!,
      }),
    }),
  })
