import { encodeCursor } from '../../engine/cursor.ts'
import { builder } from '../../graphql/builder.ts'
import { registerNode } from '../../graphql/node.ts'
import type { RoomKind as Kind, Room as PrismaRoom } from '../../store/generated/prisma/client.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { canSeeRoom, roomTypes, seeRoom, seeRoomNamed } from './access.ts'
import type { RoomRow } from './queries.ts'

export const RoomKind = builder.enumType('RoomKind', {
  description: 'Who a room is for.',
  values: {
    DIRECT: { description: 'Two people; a DirectRoom.' },
    GROUP: { description: 'Some people, who add each other; a GroupRoom.' },
    CHANNEL: { description: 'A team, or some of it; a Channel.' },
  } as const,
})

/** Every room that is shown was read with its position. */
const rowOf = (room: PrismaRoom) => room as RoomRow

/** Messages and later nouns add their fields by `builder.interfaceField(Room, …)`. */
export const Room = builder.prismaInterface('Room', {
  name: 'Room',
  description: 'A place where people talk: between two (DirectRoom), among some (GroupRoom), or in a team (Channel).',
  interfaces: [builder.nodeInterfaceRef()],
  resolveType: ({ kind }) => roomTypes[kind],
  fields: (t) => ({
    kind: t.expose('kind', { type: RoomKind, description: 'Who it is for, as its type says too.' }),
    name: t.exposeString('name', { nullable: true, description: 'Null in a direct room: show its peer.' }),
    topic: t.exposeString('topic', { nullable: true, description: 'What it is about, if anybody said so.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    createdBy: t.field({
      type: User,
      nullable: true,
      description: 'Who made it.',
      resolve: ({ createdById }, _args, { loaders }) => loaders.load(userById, createdById),
    }),
    lastActivityAt: t.field({
      type: 'DateTime',
      description: 'When something last happened in it: the `at` of its newest event, or when it was made. Reading is no activity.',
      resolve: (room) => rowOf(room).activeAt,
    }),
    archivedAt: t.expose('archivedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was archived: it can be read, and nothing new is said in it. Null while it is open.',
    }),
    memberCount: t.exposeInt('memberCount', { description: 'How many people are in it.' }),
    cursor: t.field({
      type: 'Cursor',
      description:
        "Where the room's stream stands, read before any other field of this object: follow `roomEvents(after:)` from here and miss nothing.",
      resolve: (room, _args, { services: { epoch } }) => encodeCursor({ streamId: room.id, epoch, seq: rowOf(room).head }),
    }),
  }),
})

export const DirectRoom = builder.prismaNode('Room', {
  variant: 'DirectRoom',
  description: 'A room of two people, the same one every time. It cannot be left, renamed or joined by others.',
  id: { field: 'id', description: 'The id of this room.' },
  interfaces: [Room],
  authScopes: ({ id }, context) => canSeeRoom(context, id),
  fields: (t) => ({
    peer: t.field({
      type: User,
      description: 'The other one, seen from the viewer.',
      async resolve({ directKey }, _args, { actor, loaders }) {
        const viewer = actor.id('DirectRoom.peer is the other one')
        const peer = directKey!.split(':').find((userId) => userId !== viewer)
        return (await loaders.load(userById, peer!))!
      },
    }),
  }),
})

export const GroupRoom = builder.prismaNode('Room', {
  variant: 'GroupRoom',
  description: 'A room of some people, who are added by its admins and leave as they like.',
  id: { field: 'id', description: 'The id of this room.' },
  interfaces: [Room],
  authScopes: ({ id }, context) => canSeeRoom(context, id),
})

export const Channel = builder.prismaNode('Room', {
  variant: 'Channel',
  description: 'A room of a team. A public one is seen by the whole team, which joins it as it likes; a private one by its members.',
  id: { field: 'id', description: 'The id of this room.' },
  interfaces: [Room],
  authScopes: ({ id }, context) => canSeeRoom(context, id),
  fields: (t) => ({
    isPrivate: t.exposeBoolean('isPrivate', { description: 'Whether only its members see it. That never changes.' }),
  }),
})

for (const kind of Object.keys(roomTypes) as Kind[])
  registerNode(roomTypes[kind], async (id, context) => {
    const room = await seeRoom(context, id)
    return room?.kind === kind ? room : null
  })

export const RoomEdge = builder.edgeObject({ type: Room, name: 'RoomEdge', description: 'A room in its place in the list.' })

export const RoomConnection = builder.connectionObject({ type: Room, name: 'RoomConnection', description: 'A page of rooms.' }, RoomEdge)

builder.queryField('room', (t) =>
  t.field({
    type: Room,
    nullable: true,
    description: 'A room by its id; null for what is not there or not to be seen.',
    args: { id: t.arg.id({ required: true, description: 'The id of a room.' }) },
    resolve: (_root, { id }, context) => seeRoomNamed(context, id),
  }),
)
