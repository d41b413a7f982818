import { encodeCursor } from '../../engine/cursor.ts'
import { builder } from '../../graphql/builder.ts'
import { registerNode } from '../../graphql/node.ts'
import type { Team as PrismaTeam } from '../../store/generated/prisma/client.ts'
import { maySeeTeam, seeTeam, seeTeamNamed } from './access.ts'
import { type TeamRow, teamMembershipOf } from './queries.ts'

export const TeamRole = builder.enumType('TeamRole', {
  description: 'What somebody may do in a team.',
  values: {
    LEAD: { description: 'May rename the team, add, remove and appoint its people, and run those of its channels that they see.' },
    MEMBER: { description: 'May see its public channels, create channels and leave.' },
  } as const,
})

/** Every team that is shown was read with its position. */
const rowOf = (team: PrismaTeam) => team as TeamRow

/** Its members and channels are added by `builder.objectField(Team, …)`. */
export const Team = builder.prismaNode('Team', {
  description: 'People who have channels together. Nobody else sees it.',
  id: { field: 'id', description: 'The id of this team.' },
  authScopes: ({ id }, context) => maySeeTeam(context, id),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is called.' }),
    slug: t.exposeString('slug', {
      description: 'Its name in addresses: lower case letters, digits and - between them. No other team has the same.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    memberCount: t.exposeInt('memberCount', { description: 'How many people are in it.' }),
    viewerRole: t.field({
      type: TeamRole,
      nullable: true,
      description: "The viewer's own role.",
      async resolve({ id }, _args, { actor, loaders }) {
        const userId = actor.id('Team.viewerRole')
        return (await loaders.load(teamMembershipOf, { teamId: id, userId }))?.role
      },
    }),
    cursor: t.field({
      type: 'Cursor',
      description:
        "Where the team's stream stands, read before any other field of this object: follow `teamEvents(after:)` from here and miss nothing.",
      resolve: (team, _args, { services: { epoch } }) => encodeCursor({ streamId: team.id, epoch, seq: rowOf(team).head }),
    }),
  }),
})

registerNode('Team', (id, context) => seeTeam(context, id))

export const TeamEdge = builder.edgeObject({ type: Team, name: 'TeamEdge', description: 'A team in its place in the list.' })

export const TeamConnection = builder.connectionObject({ type: Team, name: 'TeamConnection', description: 'A page of teams.' }, TeamEdge)

builder.queryField('team', (t) =>
  t.field({
    type: Team,
    nullable: true,
    description: 'A team by its id; null for what is not there or not to be seen.',
    args: { id: t.arg.id({ required: true, description: 'The id of a team.' }) },
    resolve: (_root, { id }, context) => seeTeamNamed(context, id),
  }),
)
