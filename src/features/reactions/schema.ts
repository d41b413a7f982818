import { builder } from '../../graphql/builder.ts'
import { type Context, takeObjects } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { badInput } from '../../lib/refusal.ts'
import { userById } from '../accounts/queries.ts'
import { User } from '../accounts/schema.ts'
import { type MessageRow, messageById } from '../messages/queries.ts'
import { Message } from '../messages/schema.ts'
import { addReaction, type OfReaction, removeReaction } from './commands.ts'
import { emojiBy, peopleOf, type ReactionGroupRow, reactionsOf } from './queries.ts'

const ReactionGroup = builder.objectRef<ReactionGroupRow>('ReactionGroup').implement({
  description: 'All reactions with one emoji under one message.',
  fields: (t) => ({
    id: t.id({
      description: 'The id of this group, for caches: no `node` finds it.',
      resolve: ({ messageId, emoji }) => Buffer.from(`ReactionGroup:${messageId}:${emoji}`).toString('base64url'),
    }),
    emoji: t.exposeString('emoji', { description: 'The emoji, written in full: the same one however it was typed.' }),
    count: t.exposeInt('count', { description: 'How many people.' }),
    users: t.field({
      type: [User],
      description: 'Who; those who were first come first.',
      args: { first: t.arg.int({ defaultValue: 20, description: 'So many people, at most 100.' }) },
      resolve: ({ messageId, emoji }, { first }, context) => firstPeople(context, { messageId, emoji }, first ?? 20),
    }),
    viewerReacted: t.boolean({
      description: 'Whether the viewer is one of them.',
      async resolve({ messageId, emoji }, _args, { actor, loaders }) {
        const userId = actor.id('ReactionGroup.viewerReacted')
        return (await loaders.load(emojiBy, { messageId, userId }))!.includes(emoji)
      },
    }),
  }),
})

async function firstPeople(context: Context, group: OfReaction, first: number) {
  const { services, loaders } = context
  const { pageMost } = services.limits
  if (first < 1 || first > pageMost) throw badInput('first', `From 1 to ${pageMost}, please.`)
  const userIds = takeObjects(context, (await loaders.load(peopleOf, { ...group, first }))!)
  return (await Promise.all(userIds.map((id) => loaders.load(userById, id)))).flatMap((user) => user ?? [])
}

builder.objectField(Message, 'reactions', (t) =>
  t.field({
    type: [ReactionGroup],
    description:
      'What people reacted with, by emoji; what was there first comes first. At most 50 different ones; none once it is deleted.',
    extensions: { holds: 3 },
    resolve: async ({ id }, _args, context) => takeObjects(context, (await context.loaders.load(reactionsOf, id))!),
  }),
)

type Change = typeof addReaction

async function change(context: Context, input: OfReaction, command: Change): Promise<MessageRow> {
  const person = context.actor.id('to react')
  const messageId = rowId(input.messageId, 'Message', 'messageId')
  await command(context.services, person, { messageId, emoji: input.emoji })
  context.loaders.forget()
  return (await context.loaders.load(messageById, messageId))!
}

const AddReactionInput = builder.inputType('AddReactionInput', {
  description: 'Under which message, and with what.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'The id of a message.' }),
    emoji: t.string({ required: true, description: 'One emoji, whatever it is made of: 👍, 👍🏽, 👨‍👩‍👧, 🏳️‍🌈.' }),
  }),
})

const AddReactionPayload = builder.objectRef<MessageRow>('AddReactionPayload').implement({
  description: 'The message with the reaction.',
  fields: (t) => ({ message: t.field({ type: Message, description: 'The message.', resolve: (message) => message }) }),
})

builder.mutationField('addReaction', (t) =>
  t.field({
    type: AddReactionPayload,
    description: 'Reacts to a message with an emoji: for whoever may post in the room. Adding twice is adding once.',
    args: { input: t.arg({ type: AddReactionInput, required: true, description: 'Under which message, and with what.' }) },
    resolve: (_root, { input }, context) => change(context, input, addReaction),
  }),
)

const RemoveReactionInput = builder.inputType('RemoveReactionInput', {
  description: "Which of the viewer's reactions.",
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'The id of a message.' }),
    emoji: t.string({ required: true, description: 'The emoji that was added.' }),
  }),
})

const RemoveReactionPayload = builder.objectRef<MessageRow>('RemoveReactionPayload').implement({
  description: 'The message without the reaction.',
  fields: (t) => ({ message: t.field({ type: Message, description: 'The message.', resolve: (message) => message }) }),
})

builder.mutationField('removeReaction', (t) =>
  t.field({
    type: RemoveReactionPayload,
    description: "Takes back one of the viewer's own reactions. Removing what is not there changes nothing.",
    args: { input: t.arg({ type: RemoveReactionInput, required: true, description: "Which of the viewer's reactions." }) },
    resolve: (_root, { input }, context) => change(context, input, removeReaction),
  }),
)
