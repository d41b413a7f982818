import { builder } from '../../graphql/builder.ts'
import { permissionsOf } from './policy.ts'
import { Room } from './schema.ts'
import { standingOf } from './standing.ts'

const RoomPermission = builder.enumType('RoomPermission', {
  description: 'What somebody may do in a room, beside reading it. Their own they may always delete, and any room but a direct one leave.',
  values: {
    POST: { description: 'Say something, edit it, react. Saying something in a public channel makes a member of who is none.' },
    UPDATE: { description: 'Change its name and topic.' },
    MANAGE_MEMBERS: { description: 'Add, remove, appoint and mute its members.' },
    DELETE_ANY_MESSAGE: { description: 'Delete what others have said.' },
    PIN: { description: 'Pin messages and take them down.' },
    START_CALL: { description: 'Start a call, answer and join one. Doing so in a public channel makes a member of who is none.' },
    SCHEDULE_MEETING: { description: 'Schedule a meeting. Doing so in a public channel makes a member of who is none.' },
    ARCHIVE: { description: 'Archive it, and open it again.' },
  } as const,
})

builder.interfaceField(Room, 'viewerPermissions', (t) =>
  t.field({
    type: [RoomPermission],
    description:
      'What the viewer may do in it now: exactly what the mutations would allow. It changes with their role, their mute, which lapses by itself, their role in the team, and the room.',
    resolve: async ({ id }, _args, { actor, loaders }) => {
      const standing = await loaders.load(standingOf, { roomId: id, userId: actor.id('Room.viewerPermissions') })
      return permissionsOf(standing!)
    },
  }),
)
