import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { encodeId } from '../../graphql/ids.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { TeamEvent } from './event-interface.ts'
import { followTeam } from './following.ts'
import { TeamMember } from './member-schema.ts'
import { teamById, teamMemberById } from './queries.ts'
import { Team } from './schema.ts'

const textOf = ({ data }: StoredEvent, name: string) => data[name] as string

// The rows are there: what events refer to is never taken away.
const teamOf = async ({ streamId }: StoredEvent, { loaders }: Context) => (await loaders.load(teamById, streamId))!
const memberOf = async (event: StoredEvent, { loaders }: Context) => (await loaders.load(teamMemberById, textOf(event, 'memberId')))!

builder.objectRef<StoredEvent>('TeamUpdated').implement({
  description: 'The team has another name or slug.',
  interfaces: [TeamEvent],
  fields: (t) => ({
    team: t.field({ type: Team, description: 'The team as it is.', resolve: (event, _args, context) => teamOf(event, context) }),
  }),
})

builder.objectRef<StoredEvent>('TeamMemberJoined').implement({
  description: 'Somebody is in the team from now on. (Whoever made it is in it without an event.)',
  interfaces: [TeamEvent],
  fields: (t) => ({
    member: t.field({ type: TeamMember, description: 'The membership.', resolve: (event, _args, context) => memberOf(event, context) }),
    team: t.field({ type: Team, description: 'The team, which counts them.', resolve: (event, _args, context) => teamOf(event, context) }),
  }),
})

builder.objectRef<StoredEvent>('TeamMemberLeft').implement({
  description: 'Somebody has left the team and all its channels, or was removed. To themselves it is the last event of the team.',
  interfaces: [TeamEvent],
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who is gone.',
      resolve: async (event, _args, { loaders }) => (await loaders.load(userById, textOf(event, 'userId')))!,
    }),
    memberId: t.id({
      description: 'The id of the membership that has ended.',
      resolve: (event) => encodeId('TeamMember', textOf(event, 'memberId')),
    }),
    wasRemoved: t.boolean({ description: 'By somebody else; otherwise they left.', resolve: ({ data }) => data.wasRemoved === true }),
    team: t.field({ type: Team, description: 'The team without them.', resolve: (event, _args, context) => teamOf(event, context) }),
  }),
})

builder.objectRef<StoredEvent>('TeamMemberUpdated').implement({
  description: 'Somebody in the team has another role.',
  interfaces: [TeamEvent],
  fields: (t) => ({
    member: t.field({ type: TeamMember, description: 'The membership.', resolve: (event, _args, context) => memberOf(event, context) }),
  }),
})

builder.subscriptionField('teamEvents', (t) =>
  t.field({
    type: TeamEvent,
    description:
      "A team's people and public channels: all that happens to them, in order, with the same promise as `roomEvents`. Ends with NOT_FOUND when the viewer is no longer in the team.",
    args: {
      teamId: t.arg.id({ required: true, description: 'The id of a team.' }),
      after: t.arg({ type: 'Cursor', description: "The last event's cursor, or the team's; absent: from now on." }),
    },
    subscribe: (_root, { teamId, after }, context) => followTeam(context, teamId, after),
    resolve: (event) => event as StoredEvent,
  }),
)
