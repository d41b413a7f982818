import { builder } from '../../graphql/builder.ts'
import type { RoomMember as MemberRow } from '../../store/generated/prisma/client.ts'
import { ViewerUpdated } from '../accounts/event-schema.ts'
import { isSelf } from '../accounts/policy.ts'
import { requireRoom, requireRoomId, seeRoom } from './access.ts'
import { RoomMember } from './member-schema.ts'
import { memberById, membershipOf } from './queries.ts'
import { Room } from './schema.ts'
import { setNotificationLevel } from './settings-commands.ts'

const NotificationLevel = builder.enumType('NotificationLevel', {
  description: 'Of what in a room its member wants to be notified. It is for clients to act by: events are the same for all.',
  values: {
    ALL: { description: 'Of every message.' },
    MENTIONS: { description: 'Only of messages that mention them.' },
    NONE: { description: 'Of nothing.' },
  } as const,
})

builder.prismaObjectField(RoomMember, 'notificationLevel', (t) =>
  t.field({
    type: NotificationLevel,
    nullable: true,
    description: "Of what the member wants to be notified; null unless it is the viewer's own membership.",
    resolve: ({ userId, notificationLevel }, _args, { actor }) => (isSelf(actor, userId) ? notificationLevel : null),
  }),
)

const SetNotificationLevelInput = builder.inputType('SetNotificationLevelInput', {
  description: 'In which room, and of what to be notified.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a room that the viewer is in.' }),
    level: t.field({ type: NotificationLevel, required: true, description: 'Of what they want to be notified.' }),
  }),
})

const SetNotificationLevelPayload = builder.objectRef<MemberRow>('SetNotificationLevelPayload').implement({
  description: 'The setting is changed.',
  fields: (t) => ({
    member: t.field({ type: RoomMember, description: "The viewer's membership.", resolve: (member) => member }),
    room: t.field({ type: Room, description: 'The room.', resolve: ({ roomId }, _args, context) => requireRoom(context, roomId) }),
  }),
})

builder.mutationField('setNotificationLevel', (t) =>
  t.field({
    type: SetNotificationLevelPayload,
    description: 'Says of what in a room the viewer wants to be notified, on all their devices. Leaving the room forgets it.',
    args: { input: t.arg({ type: SetNotificationLevelInput, required: true, description: 'In which room, and of what.' }) },
    async resolve(_root, { input }, context) {
      const person = context.actor.id('who sets it')
      const roomId = await requireRoomId(context, input.roomId, 'roomId')
      const member = await setNotificationLevel(context.services, person, { roomId, level: input.level })
      context.loaders.forget()
      context.loaders.prime(memberById, member.id, member)
      context.loaders.prime(membershipOf, member, member)
      return member
    },
  }),
)

builder.objectField(ViewerUpdated, 'room', (t) =>
  t.field({
    type: Room,
    nullable: true,
    description:
      'The room in which something is different for the viewer alone: a setting of theirs, or what they may do there since they blocked its other one, or no longer do. Null for everything else.',
    resolve: ({ data }, _args, context) => (typeof data.roomId === 'string' ? seeRoom(context, data.roomId) : null),
  }),
)
