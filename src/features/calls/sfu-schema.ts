import { builder } from '../../graphql/builder.ts'
import { encodeId } from '../../graphql/ids.ts'
import { callerOf } from './access.ts'
import { JoinCallPayload } from './mutation-schema.ts'
import { callById, participantById } from './queries.ts'
import type { SfuGrant as AGrant } from './sfu.ts'
import { isThere } from './signals.ts'

const SfuGrant = builder.objectRef<AGrant>('SfuGrant').implement({
  description: 'What lets this participant into the media of this call, and nobody else, and into no other. A secret.',
  fields: (t) => ({
    url: t.expose('url', { type: 'URL', description: 'Where to connect: a LiveKit server.' }),
    token: t.exposeString('token', {
      description: 'The access token to connect with. There the room is `call.id`, and each identity the id of a participant.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'By when to have connected: a minute from now. Then join again, on the same device, for another.',
    }),
  }),
})

builder.objectField(JoinCallPayload, 'sfu', (t) =>
  t.field({
    type: SfuGrant,
    nullable: true,
    description:
      'For a call whose `transport` is SFU: what to connect with, fresh each time. Null for others, and for who is not in the call any more, on this device.',
    async resolve({ participantId }, _args, context) {
      const { loaders, services } = context
      const { personId, sessionId } = callerOf(context)
      const place = await loaders.load(participantById, participantId)
      if (!place || !isThere(place) || place.userId !== personId || place.sessionId !== sessionId) return null
      const call = (await loaders.load(callById, place.callId))!
      if (call.transport !== 'SFU') return null
      const grant = await services.calls.sfu.server?.grant({
        callId: encodeId('Call', call.id),
        participantId: encodeId('CallParticipant', place.id),
      })
      return grant ?? null
    },
  }),
)
