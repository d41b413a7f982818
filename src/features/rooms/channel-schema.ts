import { builder } from '../../graphql/builder.ts'
import { teamById } from '../teams/queries.ts'
import { Team } from '../teams/schema.ts'
import { pageOfChannels } from './channel-pages.ts'
import { Channel, RoomConnection } from './schema.ts'

builder.prismaObjectField(Channel, 'team', (t) =>
  t.field({
    type: Team,
    description: 'The team whose channel it is, for ever.',
    resolve: async ({ teamId }, _args, { loaders }) => (await loaders.load(teamById, teamId!))!,
  }),
)

builder.prismaObjectField(Team, 'channels', (t) =>
  t.field({
    type: RoomConnection,
    description: 'Its public channels, and the private ones that the viewer is in; the oldest first.',
    args: {
      ...t.arg.connectionArgs(),
      archived: t.arg.boolean({ defaultValue: false, description: 'Only archived channels, or only the others; null: both.' }),
    },
    resolve: ({ id }, args, context) => pageOfChannels(context, id, { ...args, userId: context.actor.id('Team.channels') }),
  }),
)
