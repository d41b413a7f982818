import { builder } from '../../graphql/builder.ts'
import { rowId } from '../../graphql/ids.ts'
import type { RoomMember as MemberRow } from '../../store/generated/prisma/client.ts'
import { requireTeam } from '../teams/access.ts'
import { Team } from '../teams/schema.ts'
import { requireRoom, requireRoomId } from './access.ts'
import { createChannel, joinChannel } from './channel-commands.ts'
import { RoomMember } from './member-schema.ts'
import { edgeOf } from './pages.ts'
import { memberById, membershipOf } from './queries.ts'
import { Channel, RoomEdge } from './schema.ts'

const CreateChannelInput = builder.inputType('CreateChannelInput', {
  description: 'A channel, and whose it is.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of a team that the viewer is in.' }),
    name: t.string({ required: true, description: 'What it is called: at most 80 characters. Others of its team may be called the same.' }),
    topic: t.string({ description: 'What it is about: at most 250 characters.' }),
    isPrivate: t.boolean({
      defaultValue: false,
      description: 'Whether only its members see it; otherwise the whole team does. That stays.',
    }),
    nonce: t.string({
      description:
        'A name of your own for this write in this team, at most 64 characters. Repeated with the same content it gives the first channel; with other content it is a CONFLICT.',
    }),
  }),
})

const CreateChannelPayload = builder.objectRef<{ roomId: string; teamId: string }>('CreateChannelPayload').implement({
  description: 'The new channel.',
  fields: (t) => ({
    channel: t.field({
      type: Channel,
      description: 'The channel.',
      resolve: ({ roomId }, _args, context) => requireRoom(context, roomId),
    }),
    edge: t.field({
      type: RoomEdge,
      description: 'The channel in its place in `Viewer.rooms`.',
      resolve: async ({ roomId }, _args, context) => edgeOf(await requireRoom(context, roomId)),
    }),
    team: t.field({ type: Team, description: 'The team.', resolve: ({ teamId }, _args, context) => requireTeam(context, teamId) }),
  }),
})

builder.mutationField('createChannel', (t) =>
  t.field({
    type: CreateChannelPayload,
    description: 'Makes a channel in a team of the viewer, with them as its admin.',
    args: { input: t.arg({ type: CreateChannelInput, required: true, description: 'The channel, and whose it is.' }) },
    async resolve(_root, { input }, context) {
      const person = context.actor.id('who creates it')
      const teamId = rowId(input.teamId, 'Team', 'teamId')
      const roomId = await createChannel(context.services, person, { ...input, teamId })
      context.loaders.forget()
      return { roomId, teamId }
    },
  }),
)

const JoinChannelInput = builder.inputType('JoinChannelInput', {
  description: 'Where to join.',
  fields: (t) => ({ channelId: t.id({ required: true, description: "The id of a public channel of one of the viewer's teams." }) }),
})

const JoinChannelPayload = builder.objectRef<MemberRow>('JoinChannelPayload').implement({
  description: 'The viewer is in the channel.',
  fields: (t) => ({
    channel: t.field({
      type: Channel,
      description: 'The channel.',
      resolve: ({ roomId }, _args, context) => requireRoom(context, roomId),
    }),
    member: t.field({ type: RoomMember, description: "The viewer's membership.", resolve: (member) => member }),
    edge: t.field({
      type: RoomEdge,
      description: 'The channel in its place in `Viewer.rooms`.',
      resolve: async ({ roomId }, _args, context) => edgeOf(await requireRoom(context, roomId)),
    }),
  }),
})

builder.mutationField('joinChannel', (t) =>
  t.field({
    type: JoinChannelPayload,
    description: 'Makes the viewer a member of a public channel of one of their teams. Who is in already stays as they are.',
    args: { input: t.arg({ type: JoinChannelInput, required: true, description: 'Where to join.' }) },
    async resolve(_root, { input }, context) {
      const person = context.actor.id('who joins')
      const roomId = await requireRoomId(context, input.channelId, 'channelId')
      const member = await joinChannel(context.services, person, roomId)
      context.loaders.forget()
      context.loaders.prime(memberById, member.id, member)
      context.loaders.prime(membershipOf, member, member)
      return member
    },
  }),
)
