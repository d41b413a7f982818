import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { RoomEvent } from '../rooms/event-interface.ts'
import { callById, participantById } from './queries.ts'
import { Call, CallParticipant } from './schema.ts'

// The rows are there: what events refer to is never taken away.
const callOf = async ({ data }: StoredEvent, { loaders }: Context) => (await loaders.load(callById, data.callId as string))!

builder.objectRef<StoredEvent>('CallStarted').implement({
  description: 'Somebody began a call. It is the `activeCall` of the room until it ends.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    call: t.field({ type: Call, description: 'The call as it is.', resolve: (event, _args, context) => callOf(event, context) }),
  }),
})

builder.objectRef<StoredEvent>('CallUpdated').implement({
  description: 'Somebody came into the call or went from it, answered or did not, or sends something else.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    call: t.field({ type: Call, description: 'The call as it is.', resolve: (event, _args, context) => callOf(event, context) }),
    participant: t.field({
      type: CallParticipant,
      nullable: true,
      description: 'Whom it is about; null when there are several, who have not answered, say: the call has them all.',
      resolve: ({ data }, _args, { loaders }) =>
        typeof data.participantId === 'string' ? loaders.load(participantById, data.participantId) : null,
    }),
  }),
})

builder.objectRef<StoredEvent>('CallEnded').implement({
  description: 'The call is over, for everybody. The room has no `activeCall` any more.',
  interfaces: [RoomEvent],
  fields: (t) => ({
    call: t.field({ type: Call, description: 'The call as it was.', resolve: (event, _args, context) => callOf(event, context) }),
  }),
})
