import { encodeCursor } from '../../engine/cursor.ts'
import { builder } from '../../graphql/builder.ts'
import { rowId } from '../../graphql/ids.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { callerOf } from './access.ts'
import { followSignals } from './following.ts'
import { participantById } from './queries.ts'
import { CallParticipant } from './schema.ts'
import { sendSignal } from './signals.ts'

const SignalKind = builder.enumType('SignalKind', {
  description: 'What a signal is. The server carries all of them alike.',
  values: {
    OFFER: { description: 'A description of what one side would send and take.' },
    ANSWER: { description: 'The answer to an offer.' },
    ICE_CANDIDATE: { description: 'A way by which the sender may be reached.' },
    RENEGOTIATE: { description: 'A request for a new offer.' },
    BYE: { description: 'The sender closes this connection.' },
  } as const,
})

const textOf = ({ data }: StoredEvent, name: string) => data[name] as string

const CallSignal = builder.objectRef<StoredEvent>('CallSignal').implement({
  description: 'One WebRTC message on its way from one participant to another: in order, to that device alone.',
  fields: (t) => ({
    cursor: t.field({
      type: 'Cursor',
      description: 'The place of this signal: give the last one received as `after`, and nothing is missed.',
      resolve: ({ streamId, seq }, _args, { services: { epoch } }) => encodeCursor({ streamId, epoch, seq }),
    }),
    seq: t.exposeInt('seq', { description: 'Its number among those to this participant. It rises by one.' }),
    from: t.field({
      type: CallParticipant,
      description: 'Who sent it, as they are.',
      resolve: async (signal, _args, { loaders }) => (await loaders.load(participantById, textOf(signal, 'fromId')))!,
    }),
    kind: t.field({ type: SignalKind, description: 'What it is.', resolve: (signal) => textOf(signal, 'kind') as 'OFFER' }),
    payload: t.field({ type: 'JSON', description: 'As it was sent.', resolve: (signal) => JSON.parse(textOf(signal, 'payload')) }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was sent.' }),
  }),
})

builder.subscriptionField('callSignal', (t) =>
  t.field({
    type: CallSignal,
    description:
      "The signals addressed to one's own participant, from the first that is kept when `after` is absent. Holding this open is what keeps the participant in the call: there are 15 s to open it after joining, and 10 s to open it again when it was lost. Ends with NOT_FOUND when the participant has left.",
    args: {
      participantId: t.arg.id({ required: true, description: "The id of the viewer's participant, on the device that joined." }),
      after: t.arg({ type: 'Cursor', description: "The last signal's cursor; absent: from the first that is kept." }),
    },
    subscribe: (_root, { participantId, after }, context) => followSignals(context, participantId, after),
    resolve: (signal) => signal as StoredEvent,
  }),
)

const SendSignalInput = builder.inputType('SendSignalInput', {
  description: 'A signal, by whom and to whom.',
  fields: (t) => ({
    from: t.id({ required: true, description: "The id of the viewer's participant, on this device." }),
    to: t.id({ required: true, description: 'The id of another participant of the same call, who is in it.' }),
    kind: t.field({ type: SignalKind, required: true, description: 'What it is.' }),
    payload: t.field({ type: 'JSON', required: true, description: 'Whatever the other side shall get: 64 KiB at most, as JSON.' }),
    nonce: t.string({
      description:
        'A name of your own for this write, at most 64 characters. Repeated with the same content it is sent once; with other content it is a CONFLICT.',
    }),
  }),
})

const SendSignalPayload = builder.objectRef<{ seq: number }>('SendSignalPayload').implement({
  description: 'The signal is on its way.',
  fields: (t) => ({ seq: t.exposeInt('seq', { description: 'Its number among the signals to that participant.' }) }),
})

builder.mutationField('sendSignal', (t) =>
  t.field({
    type: SendSignalPayload,
    description:
      'Sends something to one other device in the same call. What is sent before the other side follows its signals waits for it. Not more than some dozens a second.',
    args: { input: t.arg({ type: SendSignalInput, required: true, description: 'The signal.' }) },
    async resolve(_root, { input }, context) {
      const caller = callerOf(context)
      const fromId = rowId(input.from, 'CallParticipant', 'from')
      const toId = rowId(input.to, 'CallParticipant', 'to')
      return { seq: await sendSignal(context.services, caller, { ...input, fromId, toId }) }
    },
  }),
)
