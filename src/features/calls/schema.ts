import { builder } from '../../graphql/builder.ts'
import { takeObjects } from '../../graphql/context.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { decodeId } from '../../graphql/ids.ts'
import { registerNode } from '../../graphql/node.ts'
import { userById } from '../accounts/queries.ts'
import { User, Viewer } from '../accounts/schema.ts'
import { canSeeRoom } from '../rooms/access.ts'
import { roomById } from '../rooms/queries.ts'
import { Room } from '../rooms/schema.ts'
import { seeCall, seeParticipant } from './access.ts'
import { liveCallOf, participantsOf, readRinging } from './queries.ts'

export const CallMedia = builder.enumType('CallMedia', {
  description: 'With what a call begins.',
  values: {
    AUDIO: { description: 'Voices.' },
    VIDEO: { description: 'Voices and pictures.' },
  } as const,
})

const CallState = builder.enumType('CallState', {
  description: 'Where a call stands. It only ever goes on from one of these to a later one.',
  values: {
    RINGING: { description: 'Nobody but whoever began it is in it yet.' },
    ONGOING: { description: 'Somebody has answered, or there was nobody to ring for.' },
    ENDED: { description: 'It is over: `endReason` says why.' },
  } as const,
})

const CallEndReason = builder.enumType('CallEndReason', {
  description: 'Why a call is over.',
  values: {
    HUNG_UP: { description: 'The last one left, or it was ended for everybody.' },
    DECLINED: { description: 'It was declined, by the last for whom it rang.' },
    MISSED: { description: 'Nobody answered in time.' },
    CANCELLED: { description: 'It was taken back before anybody answered.' },
    CONNECTION_LOST: { description: 'Nothing was heard any more of the last device in it.' },
    FAILED: { description: 'Nobody was left who might be in it: they lost their place in the room, or nothing new begins there any more.' },
  } as const,
})

const CallTransport = builder.enumType('CallTransport', {
  description: 'How the media of a call travels.',
  values: {
    PEER_TO_PEER: { description: 'From each device to each other one.' },
    SFU: { description: 'Through a server that each device sends to once: joining gives a grant for it.' },
  } as const,
})

const ParticipantState = builder.enumType('ParticipantState', {
  description: 'How somebody stands to a call.',
  values: {
    RINGING: { description: 'It rings for them.' },
    JOINED: { description: 'They are in it.' },
    LEFT: { description: 'They were in it.' },
    DECLINED: { description: 'They declined it.' },
    MISSED: { description: 'It rang for them, and does no longer.' },
  } as const,
})

export const CallParticipant = builder.prismaNode('CallParticipant', {
  description: 'One person in one call, on the device that answered. Whoever leaves and comes back is a participant anew.',
  id: { field: 'id', description: 'The id of this participant: of this person, on this device, this time.' },
  authScopes: async ({ id }, context) => (await seeParticipant(context, id)) !== null,
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who it is.',
      resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
    }),
    deviceId: t.exposeString('deviceId', { nullable: true, description: 'What the device called itself. Null until they answer.' }),
    state: t.expose('state', { type: ParticipantState, description: 'How they stand to the call.' }),
    audio: t.exposeBoolean('audio', { description: 'Whether they send their voice, as they say.' }),
    video: t.exposeBoolean('video', { description: 'Whether they send their picture, as they say.' }),
    screen: t.exposeBoolean('screen', { description: 'Whether they send their screen, as they say.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', nullable: true, description: 'When they came. Null until they do.' }),
    leftAt: t.expose('leftAt', { type: 'DateTime', nullable: true, description: 'When they left. Null while they are there.' }),
  }),
})

export const Call = builder.prismaNode('Call', {
  description: 'People who talk in a room, or are asked to.',
  id: { field: 'id', description: 'The id of this call.' },
  authScopes: ({ roomId }, context) => canSeeRoom(context, roomId),
  fields: (t) => ({
    room: t.field({
      type: Room,
      nullable: true,
      description: 'Where it is.',
      resolve: ({ roomId }, _args, { loaders }) => loaders.load(roomById, roomId),
    }),
    media: t.expose('media', { type: CallMedia, description: 'With what it began. What each of them sends, their participant says.' }),
    state: t.expose('state', { type: CallState, description: 'Where it stands.' }),
    endReason: t.expose('endReason', { type: CallEndReason, nullable: true, description: 'Why it is over. Null while it is not.' }),
    startedBy: t.field({
      type: User,
      description: 'Who began it.',
      resolve: async ({ startedById }, _args, { loaders }) => (await loaders.load(userById, startedById))!,
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    ringsUntil: t.expose('ringsUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'How long it rings at most. Null where it rang for nobody, as in large rooms.',
    }),
    answeredAt: t.expose('answeredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was first answered. Null if it never was.',
    }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it ended. Null while it has not.' }),
    participants: t.field({
      type: [CallParticipant],
      description: 'Everybody who is or was in it or asked to be, as they last were.',
      extensions: { holds: 10 } satisfies FieldExtensions,
      resolve: async ({ id }, _args, context) => takeObjects(context, (await context.loaders.load(participantsOf, id))!),
    }),
    transport: t.expose('transport', { type: CallTransport, description: 'How its media travels. It stays so while the call lasts.' }),
  }),
})

registerNode('Call', (id, context) => seeCall(context, id))
registerNode('CallParticipant', (id, context) => seeParticipant(context, id))

builder.interfaceField(Room, 'activeCall', (t) =>
  t.field({
    type: Call,
    nullable: true,
    description: 'The call that is going on in it, or rings: there is at most one.',
    resolve: ({ id }, _args, { loaders }) => loaders.load(liveCallOf, id),
  }),
)

builder.objectField(Viewer, 'ringingCalls', (t) =>
  t.field({
    type: [Call],
    description: 'What rings for the viewer now, the newest first.',
    extensions: { holds: 10 } satisfies FieldExtensions,
    async resolve({ id }, _args, context) {
      const calls = await readRinging(context.services.database, id, context.services.limits.listMost)
      const seen = await Promise.all(calls.map((call) => canSeeRoom(context, call.roomId)))
      return takeObjects(
        context,
        calls.filter((_call, index) => seen[index]),
      )
    },
  }),
)

builder.queryField('call', (t) =>
  t.field({
    type: Call,
    nullable: true,
    description: 'A call by its id; null for what is not there or not to be seen.',
    args: { id: t.arg.id({ required: true, description: 'The id of a call.' }) },
    resolve(_root, { id: text }, context) {
      const { typename, id } = decodeId(text)
      context.actor.id('to see a call')
      return typename === 'Call' ? seeCall(context, id) : null
    },
  }),
)
