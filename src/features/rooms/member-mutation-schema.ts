import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { encodeId, rowId } from '../../graphql/ids.ts'
import { badInput } from '../../lib/refusal.ts'
import type { RoomMember as MemberRow } from '../../store/generated/prisma/client.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { requireRoom, requireRoomId, seeRoom } from './access.ts'
import { addRoomMember, muteMember, removeRoomMember, setRoomRole } from './member-commands.ts'
import { RoomMember, RoomRole } from './member-schema.ts'
import { memberById, membershipOf } from './queries.ts'
import { Room } from './schema.ts'

/** Who writes, and about whom in which room. */
async function readInput(context: Context, input: { roomId: string; userId: string }) {
  const person = context.actor.id('who writes')
  const userId = rowId(input.userId, 'User', 'userId')
  return { person, target: { roomId: await requireRoomId(context, input.roomId, 'roomId'), userId } }
}

/** What was read before the write is gone, and what the command answered is known. */
function refresh({ loaders }: Context, member: MemberRow): MemberRow {
  loaders.forget()
  loaders.prime(memberById, member.id, member)
  if (member.leftAt === null) loaders.prime(membershipOf, member, member)
  return member
}

const AddRoomMemberInput = builder.inputType('AddRoomMemberInput', {
  description: 'Whom to add, and where.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a group or channel.' }),
    userId: t.id({ required: true, description: 'The id of the person to add.' }),
  }),
})

const AddRoomMemberPayload = builder.objectRef<MemberRow>('AddRoomMemberPayload').implement({
  description: 'The new member.',
  fields: (t) => ({
    member: t.field({ type: RoomMember, description: 'The membership.', resolve: (member) => member }),
    room: t.field({ type: Room, description: 'The room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
  }),
})

builder.mutationField('addRoomMember', (t) =>
  t.field({
    type: AddRoomMemberPayload,
    description:
      'Adds a person to a group, or a person of its team to a channel: for its admins, and in a channel the leads of its team. Adding who is in already changes nothing.',
    args: { input: t.arg({ type: AddRoomMemberInput, required: true, description: 'Whom to add, and where.' }) },
    async resolve(_root, { input }, context) {
      const { person, target } = await readInput(context, input)
      return refresh(context, await addRoomMember(context.services, person, target))
    },
  }),
)

const RemoveRoomMemberInput = builder.inputType('RemoveRoomMemberInput', {
  description: 'Whom to remove, and where.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a group or channel.' }),
    userId: t.id({ required: true, description: "The id of the person to remove; the viewer's own to leave." }),
  }),
})

const RemoveRoomMemberPayload = builder.objectRef<MemberRow>('RemoveRoomMemberPayload').implement({
  description: 'Who is gone, and from where.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
    }),
    memberId: t.id({ description: 'The id of the membership that has ended.', resolve: ({ id }) => encodeId('RoomMember', id) }),
    room: t.field({
      type: Room,
      nullable: true,
      description: 'The room; null when the viewer can no longer see it.',
      resolve: ({ roomId }, _args, context) => seeRoom(context, roomId),
    }),
  }),
})

builder.mutationField('removeRoomMember', (t) =>
  t.field({
    type: RemoveRoomMemberPayload,
    description:
      'Removes a person from a group or channel: for its admins, in a channel the leads of its team too, or oneself to leave. When the last admin goes, whoever has been there longest becomes one.',
    args: { input: t.arg({ type: RemoveRoomMemberInput, required: true, description: 'Whom to remove, and where.' }) },
    async resolve(_root, { input }, context) {
      const { person, target } = await readInput(context, input)
      return refresh(context, await removeRoomMember(context.services, person, target))
    },
  }),
)

const SetRoomRoleInput = builder.inputType('SetRoomRoleInput', {
  description: 'Whose role in a room, and which.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a group or channel.' }),
    userId: t.id({ required: true, description: 'The id of one of its members.' }),
    role: t.field({ type: RoomRole, required: true, description: 'The role they shall have.' }),
  }),
})

const SetRoomRolePayload = builder.objectRef<MemberRow>('SetRoomRolePayload').implement({
  description: 'The member in their role.',
  fields: (t) => ({
    member: t.field({ type: RoomMember, description: 'The membership.', resolve: (member) => member }),
    room: t.field({ type: Room, description: 'The room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
  }),
})

builder.mutationField('setRoomRole', (t) =>
  t.field({
    type: SetRoomRolePayload,
    description:
      'Makes a member an admin, or an admin a plain member: for admins, and in a channel the leads of its team. The last admin stays one.',
    args: { input: t.arg({ type: SetRoomRoleInput, required: true, description: 'Whose role, and which.' }) },
    async resolve(_root, { input }, context) {
      const { person, target } = await readInput(context, input)
      return refresh(context, await setRoomRole(context.services, person, { ...target, role: input.role }))
    },
  }),
)

const MuteMemberInput = builder.inputType('MuteMemberInput', {
  description: 'Whom to silence, where, and until when.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a group or channel.' }),
    userId: t.id({ required: true, description: 'The id of one of its members, or of one who has left.' }),
    until: t.field({ type: 'DateTime', description: 'A time in the future, or null to lift it. It has to be given.' }),
  }),
})

const MuteMemberPayload = builder.objectRef<MemberRow>('MuteMemberPayload').implement({
  description: 'The member, silenced or not.',
  fields: (t) => ({
    member: t.field({ type: RoomMember, description: 'The membership.', resolve: (member) => member }),
    room: t.field({ type: Room, description: 'The room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
  }),
})

builder.mutationField('muteMember', (t) =>
  t.field({
    type: MuteMemberPayload,
    description:
      'Silences a member until a time: for admins, and in a channel the leads of its team, none of whom can be muted. Whoever is muted reads on and deletes their own, but posts, edits, reacts and pins nothing. Leaving does not end it, time does.',
    args: { input: t.arg({ type: MuteMemberInput, required: true, description: 'Whom, where, and until when.' }) },
    async resolve(_root, { input }, context) {
      const { person, target } = await readInput(context, input)
      if (input.until === undefined) throw badInput('until', 'Until when? Give a time, or null to lift it.')
      return refresh(context, await muteMember(context.services, person, { ...target, until: input.until }))
    },
  }),
)
