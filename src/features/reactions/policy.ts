import type { MessageFacts } from '../messages/policy.ts'
import { canPost } from '../rooms/policy.ts'

/** Whoever may post; under what was deleted there is nothing to react to. */
export function canReact({ standing, message }: MessageFacts): boolean {
  return canPost(standing) && message.deletedAt === null
}
