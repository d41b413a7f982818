import { Nobody } from '../../graphql/actor.ts'
import { builder } from '../../graphql/builder.ts'
import { encodeId } from '../../graphql/ids.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { InboxEvent } from '../inbox/event-interface.ts'
import { deleteAccount } from './closing-commands.ts'
import { requirePerson } from './policy.ts'

builder.objectRef<StoredEvent>('AccountClosed').implement({
  description:
    "The viewer's account is closed: their sessions have ended, and their connections do. No event of this inbox matters after it.",
  interfaces: [InboxEvent],
})

const DeleteAccountInput = builder.inputType('DeleteAccountInput', {
  description: 'What proves that it is the person themself.',
  fields: (t) => ({ password: t.string({ required: true, description: 'The password of the account.' }) }),
})

const DeleteAccountPayload = builder.objectRef<{ personId: string }>('DeleteAccountPayload').implement({
  description: 'The account is closed. The rest of the same operation is answered as to nobody.',
  fields: (t) => ({
    deletedUserId: t.id({
      description: 'The id of the person, which goes on naming who said and did what they did.',
      resolve: ({ personId }) => encodeId('User', personId),
    }),
  }),
})

builder.mutationField('deleteAccount', (t) =>
  t.field({
    type: DeleteAccountPayload,
    description:
      "Closes the viewer's account, for ever: all their sessions end, they leave all groups, channels and teams, and their name, handle, e-mail address and password are gone. What they said stays, and nobody's direct room with them is lost. UNAUTHENTICATED when the password is wrong; CONFLICT while they are the only lead of a team that others are in.",
    args: { input: t.arg({ type: DeleteAccountInput, required: true, description: 'The password.' }) },
    async resolve(_root, { input }, context) {
      const personId = requirePerson(context.actor).id('closes their account')
      await deleteAccount(context.services, personId, input)
      context.actor = new Nobody()
      context.loaders.forget()
      return { personId }
    },
  }),
)
