import { builder } from '../../graphql/builder.ts'
import { encodeId } from '../../graphql/ids.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { requirePerson } from '../accounts/policy.ts'
import { InboxEvent } from '../inbox/event-interface.ts'
import { seeCall, seeParticipant } from './access.ts'
import type { RingEnd } from './events.ts'
import { Call, CallParticipant } from './schema.ts'

const RingEndReason = builder.enumType('RingEndReason', {
  description: 'Why a call no longer rings for somebody.',
  values: {
    ANSWERED: { description: 'It was answered under the session that asks.' },
    ANSWERED_ELSEWHERE: { description: 'It was answered on another device of theirs.' },
    DECLINED: { description: 'They declined it, on one of their devices.' },
    MISSED: { description: 'It was not answered in time.' },
    CANCELLED: { description: 'The call was over before they answered.' },
    FAILED: { description: 'They may no longer be in it.' },
  } as const,
})

const callIdIn = ({ data }: StoredEvent) => data.callId as string

builder.objectRef<StoredEvent>('CallRinging').implement({
  description:
    'A call rings for the viewer, if `participant.state` is RINGING and `call.ringsUntil` not past: both are shown as they are when the event is delivered, so a late one does not ring. CallStoppedRinging follows.',
  interfaces: [InboxEvent],
  fields: (t) => ({
    callId: t.id({ description: 'The id of the call.', resolve: (event) => encodeId('Call', callIdIn(event)) }),
    call: t.field({
      type: Call,
      nullable: true,
      description: 'The call as it is; null when the viewer can no longer see it.',
      resolve: (event, _args, context) => seeCall(context, callIdIn(event)),
    }),
    participant: t.field({
      type: CallParticipant,
      nullable: true,
      description: "The viewer's place in it as it is; null when the viewer can no longer see the call.",
      resolve: ({ data }, _args, context) => seeParticipant(context, data.participantId as string),
    }),
  }),
})

builder.objectRef<StoredEvent>('CallStoppedRinging').implement({
  description: 'A call no longer rings for the viewer, on any of their devices.',
  interfaces: [InboxEvent],
  fields: (t) => ({
    callId: t.id({ description: 'The id of the call.', resolve: (event) => encodeId('Call', callIdIn(event)) }),
    call: t.field({
      type: Call,
      nullable: true,
      description: 'The call as it is; null when the viewer can no longer see it.',
      resolve: (event, _args, context) => seeCall(context, callIdIn(event)),
    }),
    reason: t.field({
      type: RingEndReason,
      description: 'Why.',
      resolve({ data }, _args, { actor }) {
        const reason = data.reason as RingEnd
        if (reason !== 'ANSWERED') return reason
        actor.id('which device has answered')
        return requirePerson(actor).sessionId === data.sessionId ? 'ANSWERED' : 'ANSWERED_ELSEWHERE'
      },
    }),
  }),
})
