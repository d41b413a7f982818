import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { registerNode } from '../../graphql/node.ts'
import { badInput } from '../../lib/refusal.ts'
import type { Thread as ThreadRow } from '../../store/generated/prisma/client.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { canSeeRoom } from '../rooms/access.ts'
import { pageOfMessages } from './pages.ts'
import { messageById } from './queries.ts'
import { Message, MessageConnection, MessageEdge } from './schema.ts'
import { participantsOf, threadById } from './thread-queries.ts'

const Thread = builder.objectRef<ThreadRow>('Thread')

builder.node(Thread, {
  description: 'The replies hung under one message. A reply to a reply is in the same thread.',
  id: { resolve: ({ id }) => id, description: 'The id of this thread.' },
  authScopes: ({ roomId }, context) => canSeeRoom(context, roomId),
  fields: (t) => ({
    root: t.field({
      type: Message,
      description: 'The message that it hangs under.',
      resolve: async ({ id }, _args, { loaders }) => (await loaders.load(messageById, id))!,
    }),
    replies: t.connection(
      {
        type: Message,
        description: 'The replies, oldest first; also what is left of deleted ones.',
        resolve: ({ id }, args, context) => pageOfMessages(context, { extent: 'thread', id }, args),
      },
      MessageConnection,
      MessageEdge,
    ),
    replyCount: t.exposeInt('replyCount', { description: 'How many replies there are, without deleted ones.' }),
    lastReplyAt: t.expose('lastReplyAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the newest of them was sent; null when all are deleted.',
    }),
    participants: t.field({
      type: [User],
      description: 'Who has replied; whoever was first comes first.',
      args: { first: t.arg.int({ defaultValue: 20, description: 'So many people, at most 100.' }) },
      resolve: ({ id }, { first }, context) => firstParticipants(context, id, first ?? 20),
    }),
  }),
})

async function firstParticipants({ services, loaders }: Context, threadId: string, first: number) {
  const { pageMost } = services.limits
  if (first < 1 || first > pageMost) throw badInput('first', `From 1 to ${pageMost}, please.`)
  const userIds = (await loaders.load(participantsOf, { threadId, first }))!
  return (await Promise.all(userIds.map((id) => loaders.load(userById, id)))).flatMap((user) => user ?? [])
}

registerNode('Thread', async (id, context) => {
  const thread = await context.loaders.load(threadById, id)
  return thread && (await canSeeRoom(context, thread.roomId)) ? thread : null
})

builder.objectFields(Message, (t) => ({
  replyTo: t.field({
    type: Message,
    nullable: true,
    description: 'The message that it answers, if it answers one.',
    resolve: ({ replyToId }, _args, { loaders }) => (replyToId === null ? null : loaders.load(messageById, replyToId)),
  }),
  thread: t.field({
    type: Thread,
    nullable: true,
    description: 'The thread it began or belongs to; null when there is none.',
    resolve: ({ id, threadId }, _args, { loaders }) => loaders.load(threadById, threadId ?? id),
  }),
}))
