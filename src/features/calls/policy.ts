import type { Call } from '../../store/generated/prisma/client.ts'
import { administers, canSee, type Place } from '../rooms/policy.ts'

/** For everybody: whoever began it, also when they may begin none any more, and those who run the room. */
export function canEndCall(place: Place, { startedById }: Pick<Call, 'startedById'>, userId: string): boolean {
  return canSee(place) && (startedById === userId || administers(place))
}
