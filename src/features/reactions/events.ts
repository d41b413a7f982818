import { defineFact } from '../../graphql/facts.ts'
import { userById } from '../accounts/queries.ts'
import { messageById } from '../messages/queries.ts'

interface AboutReaction extends Record<string, unknown> {
  messageId: string
  emoji: string
  userId: string
  actorId: string
}

export const reactionAdded = defineFact<AboutReaction>('ReactionAdded', { refersTo })

export const reactionRemoved = defineFact<AboutReaction>('ReactionRemoved', { refersTo })

function refersTo({ messageId, userId }: AboutReaction) {
  return [[messageById, messageId] as const, [userById, userId] as const]
}
