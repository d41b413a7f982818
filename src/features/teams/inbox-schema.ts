import { builder } from '../../graphql/builder.ts'
import { encodeId } from '../../graphql/ids.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { InboxEvent } from '../inbox/event-interface.ts'
import { seeTeam } from './access.ts'
import { edgeOf } from './pages.ts'
import { teamMemberById } from './queries.ts'
import { Team, TeamEdge } from './schema.ts'

const teamIdIn = ({ data }: StoredEvent) => data.teamId as string

builder.objectRef<StoredEvent>('TeamAdded').implement({
  description:
    'The viewer is in a team from now on: they were added, or made it. Its channel "general" comes next, by RoomAdded, unless that is archived.',
  interfaces: [InboxEvent],
  fields: (t) => ({
    teamId: t.id({ description: 'The id of the team.', resolve: (event) => encodeId('Team', teamIdIn(event)) }),
    team: t.field({
      type: Team,
      nullable: true,
      description: 'The team; null when the viewer can no longer see it.',
      resolve: (event, _args, context) => seeTeam(context, teamIdIn(event)),
    }),
    edge: t.field({
      type: TeamEdge,
      nullable: true,
      description: 'The team in its place in `Viewer.teams`; null when the viewer can no longer see it.',
      async resolve(event, _args, context) {
        const team = await seeTeam(context, teamIdIn(event))
        return team && edgeOf(team, (await context.loaders.load(teamMemberById, event.data.memberId as string))!)
      },
    }),
  }),
})

builder.objectRef<StoredEvent>('TeamRemoved').implement({
  description: 'The viewer is no longer in a team: its channels went before, each by RoomRemoved, and what they still follow of it ends.',
  interfaces: [InboxEvent],
  fields: (t) => ({
    teamId: t.id({ description: 'The id of the team.', resolve: (event) => encodeId('Team', teamIdIn(event)) }),
    wasRemoved: t.boolean({ description: 'By somebody else; otherwise they left.', resolve: ({ data }) => data.wasRemoved === true }),
  }),
})
