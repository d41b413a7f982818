import { builder } from '../../graphql/builder.ts'
import { Viewer } from '../accounts/schema.ts'
import { pageOfTeams } from './pages.ts'
import { TeamConnection } from './schema.ts'

builder.objectField(Viewer, 'teams', (t) =>
  t.field({
    type: TeamConnection,
    description: 'The teams the viewer is in; the one they have been in longest comes first.',
    args: t.arg.connectionArgs(),
    resolve: ({ id }, args, context) => pageOfTeams(context, id, args),
  }),
)
