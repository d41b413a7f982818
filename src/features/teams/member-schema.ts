import { builder } from '../../graphql/builder.ts'
import { registerNode } from '../../graphql/node.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { maySeeTeam } from './access.ts'
import { pageOfTeamMembers } from './pages.ts'
import { teamById, teamMemberById } from './queries.ts'
import { Team, TeamRole } from './schema.ts'

/** Also one that has ended, where an event names it: so its rule is the team's, and `node` looks whether it lasts. */
export const TeamMember = builder.prismaNode('TeamMember', {
  description: 'A person in a team.',
  id: { field: 'id', description: 'The id of this membership; the same one when they leave and come back.' },
  authScopes: ({ teamId }, context) => maySeeTeam(context, teamId),
  fields: (t) => ({
    team: t.field({
      type: Team,
      description: 'The team.',
      resolve: async ({ teamId }, _args, { loaders }) => (await loaders.load(teamById, teamId))!,
    }),
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
    }),
    role: t.expose('role', { type: TeamRole, description: 'What they may do there.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', description: 'Since when they are in the team, this time.' }),
  }),
})

registerNode('TeamMember', async (id, context) => {
  context.actor.id('node shows a membership to those who see its team')
  const member = await context.loaders.load(teamMemberById, id)
  return member && member.leftAt === null && (await maySeeTeam(context, member.teamId)) ? member : null
})

const TeamMemberEdge = builder.edgeObject({
  type: TeamMember,
  name: 'TeamMemberEdge',
  description: 'A person of the team in their place in the list.',
})

const TeamMemberConnection = builder.connectionObject(
  { type: TeamMember, name: 'TeamMemberConnection', description: 'A page of people of a team.' },
  TeamMemberEdge,
)

builder.objectField(Team, 'members', (t) =>
  t.field({
    type: TeamMemberConnection,
    description: 'Who is in it; those who have been there longest come first.',
    args: t.arg.connectionArgs(),
    resolve: (team, args, context) => pageOfTeamMembers(context, team, args),
  }),
)
