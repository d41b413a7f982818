import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { rowId } from '../../graphql/ids.ts'
import { readViewer, userById } from '../accounts/queries.ts'
import { User, Viewer } from '../accounts/schema.ts'
import { blockUser, unblockUser } from './commands.ts'
import { readBlocked } from './queries.ts'

builder.objectField(Viewer, 'blockedUsers', (t) =>
  t.field({
    type: [User],
    description: 'Whom the viewer has blocked, the last one first. At most 1,000.',
    extensions: { holds: 1000 } satisfies FieldExtensions,
    resolve: ({ id }, _args, { services: { database, limits } }) => readBlocked(database, id, limits.blocksMost),
  }),
)

/** A payload only says whom: what is asked of it is read after the write. */
interface OfUser {
  readonly userId: string
}

const viewerNow = async (context: Context) => (await readViewer(context, context.actor.id('the viewer of a payload')))!
const userOf = async ({ userId }: OfUser, { loaders }: Context) => (await loaders.load(userById, userId))!

const BlockUserInput = builder.inputType('BlockUserInput', {
  description: 'Whom to block.',
  fields: (t) => ({ userId: t.id({ required: true, description: "The id of another person: their User's." }) }),
})

const BlockUserPayload = builder.objectRef<OfUser>('BlockUserPayload').implement({
  description: 'The person is blocked.',
  fields: (t) => ({
    viewer: t.field({
      type: Viewer,
      description: 'The viewer, with all whom they have blocked.',
      resolve: (_of, _args, context) => viewerNow(context),
    }),
    user: t.field({ type: User, description: 'The person.', resolve: (of, _args, context) => userOf(of, context) }),
  }),
})

const UnblockUserInput = builder.inputType('UnblockUserInput', {
  description: 'Whom to block no longer.',
  fields: (t) => ({ userId: t.id({ required: true, description: "The id of another person: their User's." }) }),
})

const UnblockUserPayload = builder.objectRef<OfUser>('UnblockUserPayload').implement({
  description: 'The person is not blocked.',
  fields: (t) => ({
    viewer: t.field({
      type: Viewer,
      description: 'The viewer, with all whom they have blocked.',
      resolve: (_of, _args, context) => viewerNow(context),
    }),
    user: t.field({ type: User, description: 'The person.', resolve: (of, _args, context) => userOf(of, context) }),
  }),
})

builder.mutationFields((t) => ({
  blockUser: t.field({
    type: BlockUserPayload,
    description:
      'Keeps a person away from the viewer, and the viewer from them: neither opens a direct room with the other, says anything in the one they have, or adds the other to a room or team, and what one says elsewhere does not mention the other. Nobody tells them. Rooms that both are in stay as they are. Blocking twice is blocking once; CONFLICT above 1,000 people.',
    args: { input: t.arg({ type: BlockUserInput, required: true, description: 'Whom.' }) },
    async resolve(_root, { input }, context) {
      const viewer = context.actor.id('who blocks')
      const userId = rowId(input.userId, 'User', 'userId')
      await blockUser(context.services, viewer, userId)
      context.loaders.forget()
      return { userId }
    },
  }),
  unblockUser: t.field({
    type: UnblockUserPayload,
    description:
      'Takes a block back. Whom the other one has blocked too stays out of reach. Unblocking who is not blocked changes nothing.',
    args: { input: t.arg({ type: UnblockUserInput, required: true, description: 'Whom.' }) },
    async resolve(_root, { input }, context) {
      const viewer = context.actor.id('who unblocks')
      const userId = rowId(input.userId, 'User', 'userId')
      await unblockUser(context.services, viewer, userId)
      context.loaders.forget()
      return { userId }
    },
  }),
}))
