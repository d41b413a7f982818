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

const BlockUserInput = defineInput('BlockUserInput', 'Whom to block.')
const BlockUserPayload = definePayload('BlockUserPayload', 'The person is blocked.')
const UnblockUserInput = defineInput('UnblockUserInput', 'Whom to block no longer.')
const UnblockUserPayload = definePayload('UnblockUserPayload', 'The person is not blocked.')

builder.mutationFields((t) => ({
  blockUser: t.field({
    type: BlockUserPayload,
    description:
      'Keeps a person away from the viewer, and the viewer from them: neither opens a direct room with the other, says anything in the one they have, or adds the other to a room or team, and what one says elsewhere does not mention the other. Nobody tells them. Rooms that both are in stay as they are. Blocking twice is blocking once; CONFLICT above 1,000 people.',
    args: { input: t.arg({ type: BlockUserInput, required: true, description: 'Whom.' }) },
    resolve: (_root, { input }, context) => change(context, input, blockUser),
  }),
  unblockUser: t.field({
    type: UnblockUserPayload,
    description:
      'Takes a block back. Whom the other one has blocked too stays out of reach. Unblocking who is not blocked changes nothing.',
    args: { input: t.arg({ type: UnblockUserInput, required: true, description: 'Whom.' }) },
    resolve: (_root, { input }, context) => change(context, input, unblockUser),
  }),
}))

async function change(context: Context, input: OfUser, command: typeof blockUser): Promise<OfUser> {
  const person = context.actor.id('who blocks, or no longer')
  const userId = rowId(input.userId, 'User', 'userId')
  await command(context.services, person, userId)
  context.loaders.forget()
  return { userId }
}

function defineInput(name: string, description: string) {
  return builder.inputType(name, {
    description,
    fields: (t) => ({ userId: t.id({ required: true, description: "The id of another person: their User's." }) }),
  })
}

function definePayload(name: string, description: string) {
  return builder.objectRef<OfUser>(name).implement({
    description,
    fields: (t) => ({
      viewer: t.field({
        type: Viewer,
        description: 'The viewer, with all whom they have blocked.',
        resolve: async (_of, _args, context) => (await readViewer(context, context.actor.id('the viewer of a payload')))!,
      }),
      user: t.field({
        type: User,
        description: 'The person.',
        resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
      }),
    }),
  })
}
