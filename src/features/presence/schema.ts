import { Passing } from '../../engine/passing.ts'
import { builder } from '../../graphql/builder.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { encodeId, rowId } from '../../graphql/ids.ts'
import { badInput } from '../../lib/refusal.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { setPresence } from './commands.ts'
import type { ShownPresence } from './policy.ts'
import type { ToldPerson } from './watched-people.ts'

const PresenceStatus = builder.enumType('PresenceStatus', {
  description: 'Whether somebody is there, and how they want to be shown while they are.',
  values: {
    ONLINE: { description: 'There: one of their devices at least is connected, by a socket or an event stream.' },
    AWAY: { description: 'There, but says that they do not look.' },
    DO_NOT_DISTURB: { description: 'There, and wants to be left alone. It is for clients to act by.' },
    OFFLINE: { description: 'Not there; or invisible; or nobody whose presence the viewer may see.' },
  } as const,
})

/** It holds what its viewer may be shown. */
const Presence = builder.objectRef<ShownPresence>('Presence').implement({
  description: "What others see of a person's devices, taken together.",
  authScopes: (_presence, { actor }) => actor.kind !== 'nobody',
  fields: (t) => ({
    id: t.id({
      description: "The id of this person's presence, for caches.",
      resolve: ({ userId }) => encodeId('Presence', userId),
    }),
    status: t.expose('status', {
      type: PresenceStatus,
      description: 'As what they are shown. OFFLINE 10 s after their last device went, or when they want that.',
    }),
    text: t.exposeString('text', {
      nullable: true,
      description: 'What they say about themselves, if anything; also while they are OFFLINE.',
    }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When their last device went, or they made themselves invisible. Null while they are there, and when that is not known.',
    }),
  }),
})

/** A person who comes with what the viewer is shown of them: it is not read again. */
type UserShown = { readonly shown?: ShownPresence }

builder.prismaObjectField(User, 'presence', (t) =>
  t.field({
    type: Presence,
    description:
      'Whether they are there, for those who share a team with them, or a room in which both are and both have said something. To everybody else, and where one of the two has blocked the other, OFFLINE and nothing more. One sees oneself as others do.',
    resolve(user, _args, { actor, services }) {
      const viewerId = actor.id('User.presence is shown to some')
      return (user as UserShown).shown ?? services.presence.shown(viewerId, user.id)
    },
  }),
)

const PresenceEvent = builder.objectRef<ToldPerson>('PresenceEvent').implement({
  description: 'A person is there, or no longer, or shown as something else.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person, with the presence of now: select user { id presence { … } }, and normalised caches follow by themselves.',
      resolve: ({ user, presence }) => ({ ...user, shown: presence }),
    }),
  }),
})

builder.subscriptionField('presence', (t) =>
  t.field({
    type: PresenceEvent,
    description:
      'The presence of some people: first of each of them as it is, then every change in what the viewer is shown. Who loses the right to see somebody is told that they are OFFLINE; of somebody whom they come to see by a first answer in a room the next change is told, unless they ask anew. What passes is told to those who are there: nothing of it is kept, and there is no cursor to resume from. At most 200 people, oneself may be one; BAD_USER_INPUT above, NOT_FOUND where an id names nobody.',
    extensions: { tellsOf: 'userIds' } satisfies FieldExtensions,
    args: { userIds: t.arg.idList({ required: true, description: 'The ids of at most 200 people. Named twice is named once.' }) },
    subscribe(_root, { userIds }, { actor, services: { presence, limits } }) {
      const personId = actor.id('whose presence is watched')
      const watched = [...new Set(userIds)].map((id) => rowId(id, 'User', 'userIds'))
      if (watched.length > limits.presencePeopleMost)
        throw badInput('userIds', `At most ${limits.presencePeopleMost} people, please: these are ${watched.length}.`)
      return new Passing<ToldPerson>({
        personId,
        // Whoever is not to be seen is OFFLINE: there is nothing that could be refused.
        mayFollow: async () => {},
        watch: (newest) => presence.watch(personId, watched, (told) => newest.tell(told.user.id, told)),
      })
    },
    resolve: (told) => told as ToldPerson,
  }),
)

const SetPresenceInput = builder.inputType('SetPresenceInput', {
  description: 'As what the viewer wants to be shown.',
  fields: (t) => ({
    status: t.field({ type: PresenceStatus, required: true, description: 'While they are there. OFFLINE: not at all.' }),
    text: t.string({ description: 'At most 100 characters on one line; null clears it, absent it stays.' }),
    until: t.field({
      type: 'DateTime',
      description: 'When status and text lapse: from then on ONLINE without text. Null: never; absent it stays.',
    }),
  }),
})

const SetPresencePayload = builder.objectRef<{ userId: string }>('SetPresencePayload').implement({
  description: 'The viewer is shown so.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The viewer, as others see them.',
      resolve: async ({ userId }, _args, { loaders }) => (await loaders.load(userById, userId))!,
    }),
  }),
})

builder.mutationField('setPresence', (t) =>
  t.field({
    type: SetPresencePayload,
    description:
      'Says as what the viewer is shown while a device of theirs is connected, on all of them. OFFLINE is being invisible: it looks as if they had gone. Their own devices hear ViewerUpdated. BAD_USER_INPUT for a time that has passed.',
    args: { input: t.arg({ type: SetPresenceInput, required: true, description: 'As what, and until when.' }) },
    async resolve(_root, { input }, context) {
      const userId = context.actor.id('who is shown so')
      await setPresence(context.services, userId, input)
      context.loaders.forget()
      return { userId }
    },
  }),
)
