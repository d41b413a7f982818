import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { requireRoom } from '../rooms/access.ts'
import { Channel } from '../rooms/schema.ts'
import { requireTeam } from './access.ts'
import { createTeam, updateTeam } from './commands.ts'
import { generalOf } from './joining.ts'
import { edgeOf } from './pages.ts'
import { teamMembershipOf } from './queries.ts'
import { Team, TeamEdge } from './schema.ts'

/** A payload only says which team: what is asked of it is read after the write, once. */
interface OfTeam {
  readonly teamId: string
}

const person = ({ actor }: Context) => actor.id('who writes')

const CreateTeamInput = builder.inputType('CreateTeamInput', {
  description: 'A team.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is called: at most 80 characters.' }),
    slug: t.string({
      description:
        'Its name in addresses: at most 80 lower case letters, digits and - between them. CONFLICT when another team has it. Absent: one is made of the name, with a number where others have it.',
    }),
    nonce: t.string({
      description:
        'A name of your own for this write, at most 64 characters. Repeated with the same content it gives the first team; with other content it is a CONFLICT.',
    }),
  }),
})

const CreateTeamPayload = builder.objectRef<OfTeam>('CreateTeamPayload').implement({
  description: 'The new team.',
  fields: (t) => ({
    team: t.field({ type: Team, description: 'The team.', resolve: ({ teamId }, _args, context) => requireTeam(context, teamId) }),
    edge: t.field({
      type: TeamEdge,
      description: 'The team in its place in `Viewer.teams`.',
      async resolve({ teamId }, _args, context) {
        const team = await requireTeam(context, teamId)
        return edgeOf(team, (await context.loaders.load(teamMembershipOf, { teamId, userId: person(context) }))!)
      },
    }),
    channel: t.field({
      type: Channel,
      description: 'Its channel "general", which everybody joins with the team.',
      resolve: async ({ teamId }, _args, context) => requireRoom(context, await generalOf(context.services.database.prisma, teamId)),
    }),
  }),
})

builder.mutationField('createTeam', (t) =>
  t.field({
    type: CreateTeamPayload,
    description: 'Makes a team, with the viewer as its lead, and in it a public channel "general", with the viewer as its admin.',
    args: { input: t.arg({ type: CreateTeamInput, required: true, description: 'The team.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const teamId = await createTeam(context.services, viewer, input)
      context.loaders.forget()
      return { teamId }
    },
  }),
)

const UpdateTeamInput = builder.inputType('UpdateTeamInput', {
  description: 'What shall be different about a team. What is absent stays as it is.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of a team.' }),
    name: t.string({ description: 'Its new name, at most 80 characters; it cannot be cleared.' }),
    slug: t.string({
      description:
        'Its new name in addresses: at most 80 lower case letters, digits and - between them. It cannot be cleared; CONFLICT when another team has it.',
    }),
  }),
})

const UpdateTeamPayload = builder.objectRef<OfTeam>('UpdateTeamPayload').implement({
  description: 'The team as it is now.',
  fields: (t) => ({
    team: t.field({ type: Team, description: 'The team.', resolve: ({ teamId }, _args, context) => requireTeam(context, teamId) }),
  }),
})

builder.mutationField('updateTeam', (t) =>
  t.field({
    type: UpdateTeamPayload,
    description: 'Gives a team another name or slug: for its leads.',
    args: { input: t.arg({ type: UpdateTeamInput, required: true, description: 'The team, and what shall be different.' }) },
    async resolve(_root, { input }, context) {
      const viewer = person(context)
      const teamId = rowId(input.teamId, 'Team', 'teamId')
      await updateTeam(context.services, viewer, { ...input, teamId })
      context.loaders.forget()
      return { teamId }
    },
  }),
)
