import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'
import { requireRoomId } from '../rooms/access.ts'
import { callerOf, seeCall, seeParticipant } from './access.ts'
import { joinCall, startCall } from './commands.ts'
import { declineCall, endCall, leaveCall } from './leaving-commands.ts'
import { Call, CallMedia, CallParticipant } from './schema.ts'
import { updateParticipant } from './updating.ts'

/** Payloads only say which: what is asked of it is read after the write, once. */
interface OfCall {
  readonly callId: string
}
interface OfPlace {
  readonly participantId: string
}

async function requireCallShown(context: Context, callId: string) {
  const call = await seeCall(context, callId)
  if (!call) throw notFound('call')
  return call
}

async function requirePlaceShown(context: Context, participantId: string) {
  const participant = await seeParticipant(context, participantId)
  if (!participant) throw notFound('call participant')
  return participant
}

const callOfPlace = async ({ participantId }: OfPlace, context: Context) =>
  requireCallShown(context, (await requirePlaceShown(context, participantId)).callId)

/** Of a mutation about one's place in a call. */
function definePlacePayload(name: string, description: string) {
  return builder.objectRef<OfPlace>(name).implement({
    description,
    fields: (t) => ({
      call: t.field({ type: Call, description: 'The call.', resolve: (of, _args, context) => callOfPlace(of, context) }),
      participant: t.field({
        type: CallParticipant,
        description: "The viewer's place in it.",
        resolve: ({ participantId }, _args, context) => requirePlaceShown(context, participantId),
      }),
    }),
  })
}

/** Of a mutation about a whole call. */
function defineCallPayload(name: string, description: string) {
  return builder.objectRef<OfCall>(name).implement({
    description,
    fields: (t) => ({
      call: t.field({ type: Call, description: 'The call.', resolve: ({ callId }, _args, context) => requireCallShown(context, callId) }),
    }),
  })
}

function defineCallInput(name: string, description: string) {
  return builder.inputType(name, { description, fields: (t) => ({ callId: t.id({ required: true, description: 'The id of a call.' }) }) })
}

export const deviceDescription =
  'A name of the device, of its own choosing, at most 64 characters: the same whenever it repeats this, and another than on any other.'

export const JoinCallPayload = definePlacePayload(
  'JoinCallPayload',
  'The viewer is in the call: follow `callSignal` now. The peers to connect to are those of `call.participants` who are JOINED.',
)
const DeclineCallPayload = defineCallPayload('DeclineCallPayload', 'The call rings no longer for the viewer.')
const LeaveCallPayload = definePlacePayload('LeaveCallPayload', 'The viewer is no longer in the call.')
const EndCallPayload = defineCallPayload('EndCallPayload', 'The call is over.')
const UpdateParticipantPayload = definePlacePayload('UpdateParticipantPayload', 'What the viewer sends in the call.')

const StartCallInput = builder.inputType('StartCallInput', {
  description: 'Where to call, and with what.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The id of a room.' }),
    media: t.field({ type: CallMedia, required: true, description: 'With what to begin.' }),
    deviceId: t.string({ required: true, description: deviceDescription }),
    nonce: t.string({
      description:
        'A name of your own for this write, at most 64 characters. Repeated with the same content it gives the first call, also when that is over; with other content it is a CONFLICT.',
    }),
  }),
})
const JoinCallInput = builder.inputType('JoinCallInput', {
  description: 'Which call to join, and on which device.',
  fields: (t) => ({
    callId: t.id({ required: true, description: 'The id of a call.' }),
    deviceId: t.string({ required: true, description: deviceDescription }),
  }),
})
const DeclineCallInput = defineCallInput('DeclineCallInput', 'Which call to decline.')
const EndCallInput = defineCallInput('EndCallInput', 'Which call to end.')
const LeaveCallInput = builder.inputType('LeaveCallInput', {
  description: 'Which place in a call to leave.',
  fields: (t) => ({ participantId: t.id({ required: true, description: "The id of the viewer's participant." }) }),
})
const UpdateParticipantInput = builder.inputType('UpdateParticipantInput', {
  description: 'What the device sends from now on. What is absent stays as it is.',
  fields: (t) => ({
    participantId: t.id({ required: true, description: "The id of the viewer's participant." }),
    audio: t.boolean({ description: 'Whether it sends their voice.' }),
    video: t.boolean({ description: 'Whether it sends their picture.' }),
    screen: t.boolean({ description: 'Whether it sends their screen.' }),
  }),
})

builder.mutationFields((t) => ({
  startCall: t.field({
    type: JoinCallPayload,
    description:
      "Calls the other members of a room, or joins the room's call if there is one. It rings for 45 s; in rooms of more than 100 members for nobody. Not for those who have blocked the viewer or whom the viewer has blocked.",
    args: { input: t.arg({ type: StartCallInput, required: true, description: 'Where to call, and with what.' }) },
    async resolve(_root, { input }, context) {
      const caller = callerOf(context)
      const roomId = await requireRoomId(context, input.roomId, 'roomId')
      const participantId = await startCall(context.services, caller, { ...input, roomId })
      context.loaders.forget()
      return { participantId }
    },
  }),
  joinCall: t.field({
    type: JoinCallPayload,
    description:
      'Answers if it rings, joins if it is going on. The first device of a person to do so is in the call: for the others it is a CONFLICT, and it stops ringing there.',
    args: { input: t.arg({ type: JoinCallInput, required: true, description: 'Which call, and on which device.' }) },
    async resolve(_root, { input }, context) {
      const caller = callerOf(context)
      const callId = rowId(input.callId, 'Call', 'callId')
      const participantId = await joinCall(context.services, caller, { ...input, callId })
      context.loaders.forget()
      return { participantId }
    },
  }),
  declineCall: t.field({
    type: DeclineCallPayload,
    description: 'Stops a call from ringing on all devices of the viewer. It is over when everybody has declined it.',
    args: { input: t.arg({ type: DeclineCallInput, required: true, description: 'Which call.' }) },
    async resolve(_root, { input }, context) {
      const { personId } = callerOf(context)
      const callId = rowId(input.callId, 'Call', 'callId')
      await declineCall(context.services, personId, callId)
      context.loaders.forget()
      return { callId }
    },
  }),
  leaveCall: t.field({
    type: LeaveCallPayload,
    description: 'Hangs up. The last one to leave ends the call.',
    args: { input: t.arg({ type: LeaveCallInput, required: true, description: 'Which place in a call.' }) },
    async resolve(_root, { input }, context) {
      const caller = callerOf(context)
      const participantId = rowId(input.participantId, 'CallParticipant', 'participantId')
      await leaveCall(context.services, caller, participantId)
      context.loaders.forget()
      return { participantId }
    },
  }),
  endCall: t.field({
    type: EndCallPayload,
    description: 'Ends a call for everybody: for who began it, and, but in a direct room, for those who run the room.',
    args: { input: t.arg({ type: EndCallInput, required: true, description: 'Which call.' }) },
    async resolve(_root, { input }, context) {
      const { personId } = callerOf(context)
      const callId = rowId(input.callId, 'Call', 'callId')
      await endCall(context.services, personId, callId)
      context.loaders.forget()
      return { callId }
    },
  }),
  updateParticipant: t.field({
    type: UpdateParticipantPayload,
    description: 'Tells the others what the device sends: for the device that is in the call.',
    args: { input: t.arg({ type: UpdateParticipantInput, required: true, description: 'What it sends from now on.' }) },
    async resolve(_root, { input }, context) {
      const caller = callerOf(context)
      const participantId = rowId(input.participantId, 'CallParticipant', 'participantId')
      await updateParticipant(context.services, caller, { ...input, participantId })
      context.loaders.forget()
      return { participantId }
    },
  }),
}))
