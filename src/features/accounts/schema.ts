import { encodeCursor } from '../../engine/cursor.ts'
import { builder } from '../../graphql/builder.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { encodeId } from '../../graphql/ids.ts'
import { registerNode } from '../../graphql/node.ts'
import { badInput } from '../../lib/refusal.ts'
import { requireText } from '../../lib/text.ts'
import { isSelf, requirePerson } from './policy.ts'
import {
  findUsers,
  handlePattern,
  readSessions,
  readViewer,
  type SessionRow,
  sessionById,
  userByHandle,
  userById,
  type ViewerRow,
} from './queries.ts'

/** A person, as anybody who is signed in may see them. */
export const User = builder.prismaNode('User', {
  description: 'A person.',
  id: { field: 'id', description: 'The id of this person.' },
  authScopes: (_user, { actor }) => actor.kind !== 'nobody',
  fields: (t) => ({
    handle: t.exposeString('handle', { description: 'Lower case letters, digits and _, 2 to 32 of them. Public.' }),
    name: t.exposeString('name', { description: 'What they call themselves.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they signed up.' }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description: "When the account was closed: handle and name are then nobody's. Null while it is open.",
    }),
  }),
})

registerNode('User', async (id, { actor, loaders }) => (actor.kind === 'nobody' ? null : loaders.load(userById, id)))

/** One device signed in, as its person sees it. */
export const Session = builder.objectRef<SessionRow>('Session')

builder.node(Session, {
  description: 'One device on which the viewer is signed in.',
  id: { resolve: ({ id }) => id, description: 'The id of this session.' },
  authScopes: ({ userId }, { actor }) => isSelf(actor, userId),
  fields: (t) => ({
    userAgent: t.exposeString('userAgent', {
      nullable: true,
      description: 'What the device called itself when it signed in; null when it did not say.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it signed in.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      description: 'When it signed in or last refreshed its session. No event tells when this moves.',
    }),
    isCurrent: t.boolean({
      description: 'Whether it is the one that asks.',
      resolve: ({ id }, _args, { actor }) => requirePerson(actor).sessionId === id,
    }),
  }),
})

registerNode('Session', async (id, { actor, loaders }) => {
  const session = await loaders.load(sessionById, id)
  return session && isSelf(actor, session.userId) ? session : null
})

/** The person themself. Other nouns add what is theirs, and read it in their own fields: later than `inboxCursor`. */
export const Viewer = builder.objectRef<ViewerRow>('Viewer')

builder.node(Viewer, {
  description: 'The signed-in person, and what only they may see.',
  id: { resolve: ({ id }) => id, description: 'The id of this viewer, for caches. Where a person is asked for, give `user.id`.' },
  authScopes: ({ id }, { actor }) => isSelf(actor, id),
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person, as others see them.',
      resolve: async ({ id }, _args, { loaders }) => (await loaders.load(userById, id))!,
    }),
    email: t.exposeString('email', { nullable: true, description: 'Their e-mail address, if they gave one. Nobody else ever sees it.' }),
    sessions: t.field({
      type: [Session],
      description: 'The devices on which they are signed in, the last used first.',
      extensions: { holds: 100 } satisfies FieldExtensions,
      resolve: ({ id }, _args, { services: { database, sessionTerms } }) => readSessions(database, id, sessionTerms.mostPerPerson),
    }),
    inboxCursor: t.field({
      type: 'Cursor',
      description: 'Where the inbox stands, read before any other field of this object: follow `inbox(after:)` from here and miss nothing.',
      resolve: ({ id, head }, _args, { services: { epoch } }) => encodeCursor({ streamId: id, epoch, seq: head }),
    }),
  }),
})

registerNode('Viewer', async (id, context) => (isSelf(context.actor, id) ? readViewer(context, id) : null))

/** As clients see it, where an event names a session that may be gone. */
export const sessionGlobalId = (id: string) => encodeId('Session', id)

builder.queryFields((t) => ({
  viewer: t.field({
    type: Viewer,
    nullable: true,
    description: 'The signed-in person; null when nobody is signed in.',
    resolve: (_root, _args, context) =>
      context.actor.kind === 'nobody' ? null : readViewer(context, context.actor.id('who is the viewer')),
  }),
  user: t.field({
    type: User,
    nullable: true,
    description: 'A person by their handle; null when nobody has it.',
    args: { handle: t.arg.string({ required: true, description: 'The whole handle, without an @.' }) },
    resolve(_root, { handle }, { actor, loaders }) {
      requirePerson(actor)
      return handlePattern.test(handle) ? loaders.load(userByHandle, handle) : null
    },
  }),
  users: t.field({
    type: [User],
    description: 'People whose handle or name begins so, best match first.',
    args: {
      query: t.arg.string({
        required: true,
        description: 'The beginning of a handle or a name, in any case. An @ before it is passed over.',
      }),
      first: t.arg.int({ defaultValue: 20, description: 'How many at most: 1 to 100.' }),
    },
    resolve(_root, { query, first }, { actor, services: { database, limits } }) {
      const most = first ?? 20
      requirePerson(actor)
      const named = requireText(query, { field: 'query', most: limits.nameCharacters }).trim().replace(/^@/, '')
      // Nobody is called nothing: all people would begin so.
      const prefix = requireText(named, { field: 'query', most: limits.nameCharacters })
      if (most < 1 || most > limits.pageMost) throw badInput('first', `From 1 to ${limits.pageMost}, please.`)
      return findUsers(database, prefix, most)
    },
  }),
}))
