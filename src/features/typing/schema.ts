import { Passing } from '../../engine/passing.ts'
import { namesOnly } from '../../graphql/asked.ts'
import { builder } from '../../graphql/builder.ts'
import { takeObjects } from '../../graphql/context.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { requirePerson } from '../accounts/policy.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { requireRoom, requireRoomId } from '../rooms/access.ts'
import { requireFollower } from '../rooms/following.ts'
import { membershipOf, roomById } from '../rooms/queries.ts'
import { Room } from '../rooms/schema.ts'
import { setTyping } from './commands.ts'
import type { TypingState } from './watched-rooms.ts'

builder.interfaceField(Room, 'typing', (t) =>
  t.field({
    type: [User],
    description:
      'Who is typing in it, never the viewer. Nobody in rooms of more than 100 members. To go on from here follow `typing`, which tells first who is.',
    extensions: { holds: 5 } satisfies FieldExtensions,
    async resolve({ id, memberCount }, _args, context) {
      const { actor, loaders, services } = context
      const viewer = actor.id('Room.typing leaves out the viewer')
      if (memberCount > services.limits.typingMembers) return []
      const others = (await services.typing.of(id)).filter(({ personId }) => personId !== viewer)
      const people = takeObjects(context, others).map(({ personId }) => loaders.load(userById, personId))
      return (await Promise.all(people)).filter((person) => person !== null)
    },
  }),
)

const TypingEvent = builder.objectRef<TypingState>('TypingEvent').implement({
  description: 'Somebody types, goes on typing, or no longer does.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who.',
      async resolve({ userId, typist }, _args, { loaders }) {
        typist.user ??= (await loaders.load(userById, userId))!
        return typist.user
      },
    }),
    isTyping: t.exposeBoolean('isTyping', { description: 'Whether they type.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When it ends unless they go on: an event then tells that too, so that only clients that lose their connection need it. Null once they no longer type.',
    }),
  }),
})

builder.subscriptionField('typing', (t) =>
  t.field({
    type: TypingEvent,
    description:
      'Who types in a room, first those who do; never the viewer. What passes is told to those who are there: nothing of it is kept, and there is no cursor to resume from. It ends by itself 8 s after somebody said so last, when they say something in the room, stop, or lose their connection. Nothing is told in rooms of more than 100 members. NOT_FOUND for what is not to be seen, from the moment when it no longer is.',
    args: { roomId: t.arg.id({ required: true, description: 'The id of a room.' }) },
    subscribe: (_root, { roomId: text }, context) => {
      const { roomId, personId, mayFollow } = requireFollower(context, text)
      const { typing } = context.services
      return new Passing<TypingState>({
        personId,
        audience: roomId,
        mayFollow,
        watch: (newest) =>
          typing.watch(roomId, (state) => {
            if (state.userId !== personId) newest.tell(state.userId, state)
          }),
      })
    },
    resolve: (state) => state as TypingState,
  }),
)

const SetTypingInput = builder.inputType('SetTypingInput', {
  description: 'Where the viewer types, or no longer does.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a room.' }),
    isTyping: t.boolean({ required: true, description: 'Whether they type. To be said again every 3 s while they do.' }),
  }),
})

const SetTypingPayload = builder.objectRef<{ roomId: string }>('SetTypingPayload').implement({
  description: 'The others are told, as far as it is news.',
  fields: (t) => ({
    room: t.field({
      type: Room,
      description: 'The room.',
      resolve: ({ roomId }, _args, context) => requireRoom(context, roomId),
    }),
  }),
})

builder.mutationField('setTyping', (t) =>
  t.field({
    type: SetTypingPayload,
    description:
      'Tells the others in a room that the viewer types there, on this device. To be repeated every 3 s: after 8 s without it lapses. What is said more often than that is not passed on, and in rooms of more than 100 members nothing is: it is accepted, and nobody is told. FORBIDDEN to whoever may not post there, but anybody who sees the room may stop. Sending a message ends it, and so does the end of the socket on which it was said: keep one open by a subscription, since stock clients close a socket on which nothing runs. RATE_LIMITED for beginning more than 30 times a minute.',
    args: { input: t.arg({ type: SetTypingInput, required: true, description: 'Where, and whether.' }) },
    async resolve(_root, { input }, context, info) {
      const person = requirePerson(context.actor)
      const personId = person.id('who is typing')
      const { device } = context.client
      const roomId = await requireRoomId(context, input.roomId, 'roomId')
      const said = { roomId, personId, device, deviceId: device?.id ?? person.sessionId }
      const { room, mine } = await setTyping(context.services, said, input.isTyping)
      context.loaders.forget()
      // What is shown of the room is read anew: who was removed from it a moment ago sees nothing of it.
      if (!namesOnly(info)) return { roomId }
      context.loaders.prime(roomById, roomId, room)
      context.loaders.prime(membershipOf, { roomId, userId: personId }, mine.role === null ? null : mine.membership)
      return { roomId }
    },
  }),
)
