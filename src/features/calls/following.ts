import { Following } from '../../engine/following.ts'
import type { Context } from '../../graphql/context.ts'
import { rowId } from '../../graphql/ids.ts'
import { notFound } from '../../lib/refusal.ts'
import { callerOf } from './access.ts'
import { requireOwnPlace } from './scene.ts'
import { isThere } from './signals.ts'

/**
 * The signals to this device, from the first that is kept unless `after` says otherwise. While they are followed the participant is in the
 * call: that begins when the reader has caught up, and ends with it.
 */
export function followSignals(context: Context, participantIdText: string, after: string | null | undefined): Following {
  const caller = callerOf(context)
  const streamId = rowId(participantIdText, 'CallParticipant', 'participantId')
  const { database, calls } = context.services
  return new Following({
    streamId,
    after,
    beginsWith: 'first kept',
    personId: caller.personId,
    only: new Set(['CallSignal']),
    async mayFollow() {
      const place = await requireOwnPlace(database.prisma, streamId, caller, { isThisDevice: true })
      if (!isThere(place)) throw notFound('call participant')
    },
    endsAccessOf: ({ type, data }) => (type === 'SignalsEnded' ? (data.userId as string) : undefined),
    watch: () => calls.attend(streamId),
  })
}
