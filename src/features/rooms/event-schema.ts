import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { encodeId } from '../../graphql/ids.ts'
import { badInput } from '../../lib/refusal.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { requireRoom, requireRoomId } from './access.ts'
import { RoomEvent } from './event-interface.ts'
import { type EventPage, readEvents } from './event-pages.ts'
import { followRoom } from './following.ts'
import { RoomMember } from './member-schema.ts'
import { memberById, roomById } from './queries.ts'
import { Room } from './schema.ts'

const textOf = ({ data }: StoredEvent, name: string) => data[name] as string

// The rows are there: what events refer to is never taken away.
const roomOf = async ({ streamId }: StoredEvent, { loaders }: Context) => (await loaders.load(roomById, streamId))!
const memberOf = async (event: StoredEvent, { loaders }: Context) => (await loaders.load(memberById, textOf(event, 'memberId')))!

builder.objectRef<StoredEvent>('MemberJoined').implement({
  description: 'Somebody is in the room from now on. (Those with whom it began are in it without an event.)',
  interfaces: [RoomEvent],
  fields: (t) => ({
    member: t.field({ type: RoomMember, description: 'The membership.', resolve: (event, _args, context) => memberOf(event, context) }),
    room: t.field({ type: Room, description: 'The room, which counts them.', resolve: (event, _args, context) => roomOf(event, context) }),
  }),
})

builder.objectRef<StoredEvent>('MemberLeft').implement({
  description:
    'Somebody has left the room, or was removed. To themselves it is the last event of the room, but for a public channel that they still see.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who is gone.',
      resolve: async (event, _args, { loaders }) => (await loaders.load(userById, textOf(event, 'userId')))!,
    }),
    memberId: t.id({
      description: 'The id of the membership that has ended.',
      resolve: (event) => encodeId('RoomMember', textOf(event, 'memberId')),
    }),
    wasRemoved: t.boolean({ description: 'By somebody else; otherwise they left.', resolve: ({ data }) => data.wasRemoved === true }),
    room: t.field({ type: Room, description: 'The room without them.', resolve: (event, _args, context) => roomOf(event, context) }),
  }),
})

builder.objectRef<StoredEvent>('MemberUpdated').implement({
  description: 'A member has another role, or is muted, or no longer.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    member: t.field({ type: RoomMember, description: 'The membership.', resolve: (event, _args, context) => memberOf(event, context) }),
  }),
})

builder.objectRef<StoredEvent>('RoomUpdated').implement({
  description: 'The room has another name or topic; or the other one of a direct room has closed their account.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    room: t.field({ type: Room, description: 'The room as it is.', resolve: (event, _args, context) => roomOf(event, context) }),
  }),
})

builder.subscriptionField('roomEvents', (t) =>
  t.field({
    type: RoomEvent,
    description:
      'All that happens in a room, in order: nothing is missing, and nothing comes twice when `after` is the last cursor received. With `after`, first what was missed since then, however the connection was lost, then live; without it, from now on. Ends with NOT_FOUND when the viewer loses access. (A stock graphql-ws client that reconnects repeats its old variables: drop what has a `seq` you have seen.)',
    args: {
      roomId: t.arg.id({ required: true, description: 'The id of a room.' }),
      after: t.arg({ type: 'Cursor', description: "The last event's cursor, or the room's; absent: from now on." }),
    },
    subscribe: (_root, { roomId, after }, context) => followRoom(context, roomId, after),
    resolve: (event) => event as StoredEvent,
  }),
)

const RoomEventPage = builder.objectRef<EventPage>('RoomEventPage').implement({
  description: "Some events of a room's stream, in order.",
  fields: (t) => ({
    events: t.field({
      type: [RoomEvent],
      description: 'The events.',
      extensions: { holds: 'page' } satisfies FieldExtensions,
      resolve: ({ events }) => events,
    }),
    cursor: t.expose('cursor', { type: 'Cursor', description: 'Where this page ends: give it as `after`, and the next one comes.' }),
    hasMore: t.exposeBoolean('hasMore', { description: 'Whether there were more when it was read.' }),
  }),
})

builder.queryField('roomEvents', (t) =>
  t.field({
    type: RoomEventPage,
    description: "The room's stream as pages: what `roomEvents` would have delivered after this position.",
    args: {
      roomId: t.arg.id({ required: true, description: 'The id of a room.' }),
      after: t.arg({ type: 'Cursor', required: true, description: "The last event's cursor, the last page's, or the room's." }),
      first: t.arg.int({ defaultValue: 100, description: 'So many events, at most 100.' }),
    },
    async resolve(_root, { roomId, after, first }, context) {
      context.actor.id("to read a room's events")
      const room = await requireRoom(context, await requireRoomId(context, roomId, 'roomId'))
      const { pageMost } = context.services.limits
      const size = first ?? pageMost
      if (size < 1 || size > pageMost) throw badInput('first', `From 1 to ${pageMost}, please.`)
      return readEvents(context, room, after, size)
    },
  }),
)
