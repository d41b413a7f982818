import { builder } from '../../graphql/builder.ts'
import type { FieldExtensions } from '../../graphql/cost.ts'
import { rowId } from '../../graphql/ids.ts'
import { conflict } from '../../lib/refusal.ts'
import { callerOf } from './access.ts'
import { type IceServer as AnIceServer, iceServersFor } from './ice.ts'
import { JoinCallPayload } from './mutation-schema.ts'
import { participantById } from './queries.ts'
import { requireOwnPlace } from './scene.ts'
import { isThere } from './signals.ts'

const IceServer = builder.objectRef<AnIceServer>('IceServer').implement({
  description: 'A server by which devices find ways to each other: as `RTCPeerConnection` takes it.',
  fields: (t) => ({
    urls: t.stringList({ description: 'Where it is: `stun:` or `turn:` and the rest.', resolve: ({ urls }) => [...urls] }),
    username: t.exposeString('username', { nullable: true, description: 'For TURN. It is bound to the viewer.' }),
    credential: t.exposeString('credential', { nullable: true, description: 'For TURN.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when these credentials are good for a new connection: then ask `iceServers` for others.',
    }),
  }),
})

const holds = { holds: 2 } satisfies FieldExtensions

builder.objectField(JoinCallPayload, 'iceServers', (t) =>
  t.field({
    type: [IceServer],
    description: 'By which servers to find ways to the others. None for who is not in the call any more.',
    extensions: holds,
    async resolve({ participantId }, _args, { actor, loaders, services: { calls } }) {
      const place = await loaders.load(participantById, participantId)
      return place && isThere(place) ? iceServersFor(actor.id('whose TURN credentials'), calls.ice) : []
    },
  }),
)

builder.queryField('iceServers', (t) =>
  t.field({
    type: [IceServer],
    description: 'Fresh credentials for a participant of a live call, on the device that is in it.',
    args: { participantId: t.arg.id({ required: true, description: "The id of the viewer's participant." }) },
    extensions: holds,
    async resolve(_root, { participantId }, context) {
      const caller = callerOf(context)
      const { database, calls } = context.services
      const id = rowId(participantId, 'CallParticipant', 'participantId')
      const place = await requireOwnPlace(database.prisma, id, caller, { isThisDevice: true })
      if (!isThere(place)) throw conflict('You are not in this call any more.', 'participantId')
      return iceServersFor(caller.personId, calls.ice)
    },
  }),
)
