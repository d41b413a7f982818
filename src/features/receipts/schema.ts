import { builder } from '../../graphql/builder.ts'
import { type Context, takeObjects } from '../../graphql/context.ts'
import { encodeId } from '../../graphql/ids.ts'
import { isSelf } from '../accounts/policy.ts'
import { userById } from '../accounts/queries.ts'
import { User, Viewer } from '../accounts/schema.ts'
import { Message } from '../messages/schema.ts'
import { canSeeRoom } from '../rooms/access.ts'
import { RoomMember } from '../rooms/member-schema.ts'
import { roomById } from '../rooms/queries.ts'
import { Room } from '../rooms/schema.ts'
import { showsMarks } from './policy.ts'
import { type MarkRow, markById, marksOf } from './queries.ts'
import { firstUnreadMessageOf, type UnreadTotals as Totals, unreadOf, unreadTotalsOf } from './unread.ts'

export const ReadMark = builder.objectRef<MarkRow>('ReadMark').implement({
  description: 'How far a member of a room has read: everything up to and including `seq`.',
  // One's own, which a mutation answers, takes no look at the room. An audience is not asked who it is.
  authScopes: ({ roomId, userId }, context) =>
    (context.actor.kind === 'person' && isSelf(context.actor, userId)) || canSeeRoom(context, roomId),
  fields: (t) => ({
    id: t.id({
      description: 'The id of this mark, for caches; the same one as long as there is the membership: no `node` finds it.',
      resolve: ({ id }) => encodeId('ReadMark', id),
    }),
    user: t.field({
      type: User,
      description: 'Whose it is.',
      resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
    }),
    seq: t.exposeInt('seq', {
      description: 'The place in the room up to which all is read, as `Message.seq` names it. It never moves back.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it moved there.' }),
  }),
})

/** Mostly rooms are small: their marks are counted when they are there. */
export const someMarks = { holds: 5 }

builder.interfaceFields(Room, (t) => ({
  readMarks: t.field({
    type: [ReadMark],
    description: 'How far each member has read; who has been there longest comes first. Empty in rooms of more than 100.',
    extensions: someMarks,
    resolve: async (room, _args, context) =>
      showsMarks(room, context.services.limits) ? takeObjects(context, (await context.loaders.load(marksOf, room.id))!) : [],
  }),
  unreadCount: t.int({
    description:
      "Messages by others after the viewer's mark; without deleted ones, replies in threads and what the room says of itself. Counting stops at 100. Always 0 in archived rooms, and for who is not in the room.",
    resolve: async ({ id }, _args, context) => (await unreadIn(context, id)).unreadCount,
  }),
  unreadMentionCount: t.int({
    description:
      "Messages after the viewer's mark that mention the viewer, also in threads; without deleted ones. Counting stops at 100. Always 0 in archived rooms, and for who is not in the room.",
    resolve: async ({ id }, _args, context) => (await unreadIn(context, id)).unreadMentionCount,
  }),
  firstUnreadMessage: t.field({
    type: Message,
    nullable: true,
    description: 'The oldest message that `unreadCount` counts; null when there is none.',
    resolve: ({ id }, _args, { actor, loaders }) =>
      loaders.load(firstUnreadMessageOf, { roomId: id, userId: actor.id('Room.firstUnreadMessage') }),
  }),
}))

/** What is unread to the viewer in one room: it asks who they are. */
export async function unreadIn({ actor, loaders }: Context, roomId: string) {
  return (await loaders.load(unreadOf, { roomId, userId: actor.id('what the viewer has not read') }))!
}

builder.prismaObjectField(RoomMember, 'readMark', (t) =>
  t.field({
    type: ReadMark,
    nullable: true,
    description: "How far they have read; in rooms of more than 100 only the viewer's own. Null for who has left.",
    async resolve({ id, roomId, userId }, _args, { actor, loaders, services }) {
      const room = (await loaders.load(roomById, roomId))!
      return showsMarks(room, services.limits) || isSelf(actor, userId) ? loaders.load(markById, id) : null
    },
  }),
)

const UnreadTotals = builder.objectRef<Totals & { readonly viewerId: string }>('UnreadTotals').implement({
  description: 'What the viewer has not read yet, over all their rooms that are not archived.',
  fields: (t) => ({
    id: t.id({
      description: 'The id of these totals, for caches; always the same one for a viewer: no `node` finds it.',
      resolve: ({ viewerId }) => encodeId('UnreadTotals', viewerId),
    }),
    rooms: t.exposeInt('rooms', { description: 'In how many rooms something is unread: a message, or a mention in a thread.' }),
    messages: t.exposeInt('messages', { description: 'The sum of `Room.unreadCount`.' }),
    mentions: t.exposeInt('mentions', { description: 'The sum of `Room.unreadMentionCount`.' }),
  }),
})

builder.objectField(Viewer, 'unread', (t) =>
  t.field({
    type: UnreadTotals,
    description: 'How much is unread in all rooms together: what a badge shows.',
    resolve: async ({ id }, _args, { loaders }) => ({ ...(await loaders.load(unreadTotalsOf, id))!, viewerId: id }),
  }),
)
