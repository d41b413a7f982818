import type { MessageFacts } from '../messages/policy.ts'
import { canPost } from '../rooms/policy.ts'

/** Whoever may post; under what was deleted there is nothing to react to. */
export function canReact({ room, mine, message }: MessageFacts): boolean {
  return canPost(room, mine) && message.deletedAt === null
}
