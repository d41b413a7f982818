import { builder } from '../../graphql/builder.ts'
import { type Context, takeCharacters } from '../../graphql/context.ts'
import { decodeId, rowId } from '../../graphql/ids.ts'
import { registerNode } from '../../graphql/node.ts'
import { pageCursor } from '../../graphql/paging.ts'
import { notFound } from '../../lib/refusal.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { canSeeRoom, requireRoomId } from '../rooms/access.ts'
import { RoomEvent } from '../rooms/event-interface.ts'
import { followRoom } from '../rooms/following.ts'
import { roomById } from '../rooms/queries.ts'
import { Room } from '../rooms/schema.ts'
import { sendMessage } from './commands.ts'
import { pageOfMessages } from './pages.ts'
import { bySeq, lastMessageOf, type MessageRow, messageById } from './queries.ts'
import type { ThreadToReplyIn } from './replies.ts'

export const Message = builder.objectRef<MessageRow>('Message')

builder.node(Message, {
  description: 'What somebody said in a room, or what the room says of itself.',
  id: { resolve: ({ id }) => id, description: 'The id of this message.' },
  authScopes({ roomId }, context) {
    // What takes a message back is heard in its room's stream alone: what another one, such as a team's, shows of it is kept for nobody.
    if (!context.actor.hears(roomId)) context.actor.id('what a stream shows of a message that is not of its room')
    return canSeeRoom(context, roomId)
  },
  fields: (t) => ({
    room: t.field({
      type: Room,
      description: 'The room in which it was said.',
      resolve: async ({ roomId }, _args, { loaders }) => (await loaders.load(roomById, roomId))!,
    }),
    seq: t.exposeInt('seq', {
      description: 'Its place in the room: later messages have higher numbers; other events have the numbers between.',
    }),
    sender: t.field({
      type: User,
      description: 'Who said it; of a SYSTEM message whom it tells of.',
      resolve: async ({ senderId }, _args, { loaders }) => (await loaders.load(userById, senderId))!,
    }),
    content: t.string({
      description: 'What was said, as it was typed; empty once deleted.',
      resolve: ({ content }, _args, context) => takeCharacters(context, content),
    }),
    nonce: t.string({
      nullable: true,
      description: 'What its sender called it, so that an optimistic copy can be replaced. It counts only together with the sender.',
      resolve: ({ id, nonce }) => (nonce === id ? null : nonce),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was sent.' }),
  }),
})

export const MessageEdge = builder.edgeObject({ type: Message, name: 'MessageEdge', description: 'A message in its place in the room.' })

export const MessageConnection = builder.connectionObject(
  { type: Message, name: 'MessageConnection', description: 'A page of messages, oldest first.' },
  MessageEdge,
)

export const edgeOf = (message: MessageRow) => ({ cursor: pageCursor(message, bySeq), node: message })

/** Null for what is not there or not to be seen. */
export async function seeMessage(id: string, context: Context): Promise<MessageRow | null> {
  const message = await context.loaders.load(messageById, id)
  return message && (await canSeeRoom(context, message.roomId)) ? message : null
}

registerNode('Message', seeMessage)

builder.queryField('message', (t) =>
  t.field({
    type: Message,
    nullable: true,
    description: 'A message by its id; null for what is not there or not to be seen.',
    args: { id: t.arg.id({ required: true, description: 'The id of a message.' }) },
    resolve(_root, args, context) {
      const { typename, id } = decodeId(args.id)
      context.actor.id('to see a message')
      return typename === 'Message' ? seeMessage(id, context) : null
    },
  }),
)

builder.interfaceField(Room, 'messages', (t) =>
  t.connection(
    {
      type: Message,
      description:
        'What was said in it, oldest first: `last: 50` is the newest page, scroll up with `before`. Replies in threads are left out unless asked for.',
      args: {
        around: t.arg.id({ description: 'The id of a message of this list: the page with it in its middle. Excludes the other four.' }),
        includeThreadReplies: t.arg.boolean({ defaultValue: false, description: 'Whether replies in threads are in the list too.' }),
      },
      resolve: ({ id }, { includeThreadReplies, ...args }, context) =>
        pageOfMessages(context, { extent: includeThreadReplies ? 'room' : 'outsideThreads', id }, args),
    },
    MessageConnection,
    MessageEdge,
  ),
)

builder.interfaceField(Room, 'lastMessage', (t) =>
  t.field({
    type: Message,
    nullable: true,
    description: 'The newest message, replies in threads left out; null while nothing was said.',
    resolve: ({ id }, _args, { loaders }) => loaders.load(lastMessageOf, id),
  }),
)

export const MessageAdded = builder.objectRef<StoredEvent>('MessageAdded').implement({
  description: 'Somebody said something, or the room said something of itself.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    message: t.field({
      type: Message,
      description: 'What was said.',
      resolve: (event, _args, context) => messageOf(event, context),
    }),
    edge: t.field({
      type: MessageEdge,
      description: 'The message in its place in `Room.messages`; a reply in a thread belongs into `Thread.replies`.',
      resolve: async (event, _args, context) => edgeOf(await messageOf(event, context)),
    }),
    room: t.field({
      type: Room,
      description: 'The room in which it was said.',
      resolve: async ({ streamId }, _args, { loaders }) => (await loaders.load(roomById, streamId))!,
    }),
  }),
})

export async function messageOf({ data }: StoredEvent, { loaders }: Context): Promise<MessageRow> {
  return (await loaders.load(messageById, data.messageId as string))!
}

builder.subscriptionField('messageAdded', (t) =>
  t.field({
    type: MessageAdded,
    description:
      'Just the new messages of a room, in order: nothing is missing, and nothing comes twice when `after` is the last cursor received. Ends with NOT_FOUND when the viewer loses access.',
    args: {
      roomId: t.arg.id({ required: true, description: 'The id of the room.' }),
      after: t.arg({
        type: 'Cursor',
        description: 'The last cursor received: first what was missed since, then live. Absent: from now on.',
      }),
    },
    subscribe: (_root, { roomId, after }, context) => followRoom(context, roomId, after, onlyMessages) as AsyncIterable<StoredEvent>,
    resolve: (event) => event as StoredEvent,
  }),
)

const onlyMessages = new Set(['MessageAdded'])

const SendMessageInput = builder.inputType('SendMessageInput', {
  description: 'What to say, and where.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of the room.' }),
    content: t.string({
      required: true,
      description:
        'What to say: 1 to 8,000 characters, not only blanks; it may be empty when something is attached. An @ and a handle mention who sees the room: 50 people at most.',
    }),
    attachmentIds: t.idList({
      description:
        'The ids of files that the viewer has put, and that are READY and not in use: at most 10, in the order in which to show them.',
    }),
    replyToId: t.id({
      description:
        'The id of a message of this room that it answers. An answer to a reply in a thread is in that thread too; other answers are not.',
    }),
    threadId: t.id({
      description:
        'The thread to reply in: its id, or that of a message, under which the thread begins with this, or in whose thread it is.',
    }),
    nonce: t.string({
      description:
        'A name that the sender chooses, 64 characters at most. Sent again with the same one to the same room, it gives the first message again, and is never said twice; with other content it is a CONFLICT.',
    }),
  }),
})

const SendMessagePayload = builder.objectRef<MessageRow>('SendMessagePayload').implement({
  description: 'What was said.',
  fields: (t) => ({
    message: t.field({ type: Message, description: 'The message as it is stored.', resolve: (message) => message }),
    edge: t.field({ type: MessageEdge, description: 'The message in its place in `Room.messages`.', resolve: edgeOf }),
    room: t.field({
      type: Room,
      description: 'The room in which it was said.',
      resolve: async ({ roomId }, _args, { loaders }) => (await loaders.load(roomById, roomId))!,
    }),
  }),
})

builder.mutationField('sendMessage', (t) =>
  t.field({
    type: SendMessagePayload,
    description:
      'Says something in a room; a public channel is joined by it. Whom it mentions hears of it in their inbox. With a nonce it may be repeated until it is answered.',
    args: { input: t.arg({ type: SendMessageInput, required: true, description: 'What to say, and where.' }) },
    async resolve(_root, { input: { roomId, replyToId, threadId, attachmentIds: files, ...input } }, context) {
      const userId = context.actor.id('to send a message')
      const room = { roomId: await requireRoomId(context, roomId, 'roomId') }
      const replyTo = replyToId == null ? undefined : rowId(replyToId, 'Message', 'replyToId')
      const thread = threadId == null ? undefined : readThreadId(threadId)
      const attachmentIds = files?.map((id) => rowId(id, 'Attachment', 'attachmentIds'))
      const { message, known } = await sendMessage(context.services, userId, { ...room, ...input, replyTo, thread, attachmentIds })
      context.loaders.forget()
      for (const { loader, key, row } of known) context.loaders.prime(loader, key, row)
      return message
    },
  }),
)

/** A thread and the message that it hangs under have the same row's id. */
function readThreadId(text: string): ThreadToReplyIn {
  const { typename, id } = decodeId(text, 'threadId')
  if (typename !== 'Thread' && typename !== 'Message') throw notFound('thread')
  return { id, isThread: typename === 'Thread' }
}
