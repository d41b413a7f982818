import { builder } from '../../graphql/builder.ts'
import { Viewer } from '../accounts/schema.ts'
import { pageOfRooms } from './pages.ts'
import { RoomConnection, RoomKind } from './schema.ts'

builder.objectField(Viewer, 'rooms', (t) =>
  t.field({
    type: RoomConnection,
    description: 'The rooms the viewer is in, latest activity first.',
    args: {
      ...t.arg.connectionArgs(),
      kind: t.arg({ type: RoomKind, description: 'Only rooms of this kind.' }),
      archived: t.arg.boolean({ defaultValue: false, description: 'Only archived rooms, or only the others; null: both.' }),
    },
    resolve: ({ id }, args, context) => pageOfRooms(context, id, args),
  }),
)
