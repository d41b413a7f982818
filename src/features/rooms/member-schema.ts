import { builder } from '../../graphql/builder.ts'
import { decodeId } from '../../graphql/ids.ts'
import { registerNode } from '../../graphql/node.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { canSeeRoom } from './access.ts'
import { pageOfMembers } from './pages.ts'
import { memberById, membershipOf, roomById } from './queries.ts'
import { Room } from './schema.ts'

export const RoomRole = builder.enumType('RoomRole', {
  description: 'What a member may do in a room.',
  values: {
    ADMIN: {
      description: 'Runs the room: may rename it, add, remove, appoint and mute its members, delete and pin messages, and archive it.',
    },
    MEMBER: { description: 'May read, write and leave.' },
  } as const,
})

/** Also one that has ended, where an event names it: so its rule is the room's, and `node` looks whether it lasts. */
export const RoomMember = builder.prismaNode('RoomMember', {
  description: 'A person in a room.',
  id: { field: 'id', description: 'The id of this membership; the same one when they leave and come back.' },
  authScopes: ({ roomId }, context) => canSeeRoom(context, roomId),
  fields: (t) => ({
    room: t.field({
      type: Room,
      description: 'The room.',
      resolve: async ({ roomId }, _args, { loaders }) => (await loaders.load(roomById, roomId))!,
    }),
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
    }),
    role: t.expose('role', { type: RoomRole, description: 'What they may do there.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', description: 'Since when they are in the room, this time.' }),
    mutedUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'Until when they are silenced there; null when they are not. It lapses by itself, and no event tells of that. Does not hold for whoever runs the room.',
      resolve: ({ mutedUntil }) => (mutedUntil !== null && mutedUntil > new Date() ? mutedUntil : null),
    }),
  }),
})

registerNode('RoomMember', async (id, context) => {
  context.actor.id('node shows a membership to those who see its room')
  const member = await context.loaders.load(memberById, id)
  return member && member.leftAt === null && (await canSeeRoom(context, member.roomId)) ? member : null
})

export const RoomMemberEdge = builder.edgeObject({
  type: RoomMember,
  name: 'RoomMemberEdge',
  description: 'A member in their place in the list.',
})

export const RoomMemberConnection = builder.connectionObject(
  { type: RoomMember, name: 'RoomMemberConnection', description: 'A page of members.' },
  RoomMemberEdge,
)

builder.interfaceFields(Room, (t) => ({
  members: t.field({
    type: RoomMemberConnection,
    description: 'Who is in it; those who have been there longest come first.',
    args: t.arg.connectionArgs(),
    resolve: (room, args, context) => pageOfMembers(context, room, args),
  }),
  member: t.field({
    type: RoomMember,
    nullable: true,
    description: 'The membership of one person; null for who is not in it.',
    args: { userId: t.arg.id({ required: true, description: 'The id of a person.' }) },
    resolve(room, { userId }, { loaders }) {
      const { typename, id } = decodeId(userId, 'userId')
      return typename === 'User' ? loaders.load(membershipOf, { roomId: room.id, userId: id }) : null
    },
  }),
  viewerMembership: t.field({
    type: RoomMember,
    nullable: true,
    description: "The viewer's own membership.",
    resolve: (room, _args, { actor, loaders }) =>
      loaders.load(membershipOf, { roomId: room.id, userId: actor.id('Room.viewerMembership') }),
  }),
}))
