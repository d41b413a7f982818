import { builder } from '../../graphql/builder.ts'
import { rowId } from '../../graphql/ids.ts'
import { callerOf } from '../calls/access.ts'
import { deviceDescription, JoinCallPayload } from '../calls/mutation-schema.ts'
import { CallMedia } from '../calls/schema.ts'
import { joinMeeting } from './joining.ts'

const JoinMeetingInput = builder.inputType('JoinMeetingInput', {
  description: 'Which meeting to join, and on which device.',
  fields: (t) => ({
    meetingId: t.id({ required: true, description: 'The id of a meeting.' }),
    media: t.field({ type: CallMedia, defaultValue: 'VIDEO', description: 'With what to begin, where nobody is there yet.' }),
    deviceId: t.string({ required: true, description: deviceDescription }),
  }),
})

builder.mutationField('joinMeeting', (t) =>
  t.field({
    type: JoinCallPayload,
    description:
      "Begins a meeting's call, or joins it, at any time before the meeting is over; it rings for nobody. Who comes before the start waits in the call: the meeting is IN_PROGRESS from its start. Whoever was invited to it from outside the room becomes a member, as long as who invited them may still add them.",
    args: { input: t.arg({ type: JoinMeetingInput, required: true, description: 'Which meeting, and on which device.' }) },
    async resolve(_root, { input }, context) {
      const caller = callerOf(context)
      const meetingId = rowId(input.meetingId, 'Meeting', 'meetingId')
      const participantId = await joinMeeting(context.services, caller, { ...input, media: input.media ?? 'VIDEO', meetingId })
      context.loaders.forget()
      return { participantId }
    },
  }),
)
