import type { Services } from '../../graphql/context.ts'
import { notFound } from '../../lib/refusal.ts'
import { requirePost } from '../rooms/scene.ts'
import { requireTyping, type TypingScene } from './scene.ts'
import type { Said } from './typing.ts'

/**
 * Whoever may post may type; whoever sees the room may stop. Passes on what is news, and in rooms of too many nothing. Answers what it decided
 * by, which is of at most a moment ago.
 */
export async function setTyping(services: Services, said: Said, isTyping: boolean): Promise<TypingScene> {
  const { typing, rates, limits, database } = services
  return typing.inTurn(said, async () => {
    const scene = await typing.scenes.read(database, said)
    if (!scene) throw notFound('room')
    if (!isTyping) {
      await typing.end(said)
      return scene
    }
    requirePost(scene.mine)
    const last = typing.lastSaid(said)
    if (last === 'just now' || scene.room.memberCount > limits.typingMembers) return scene
    if (last === 'never') await rates.spend('typing', said.personId)
    await typing.begin(said, () => requireTyping(database, said))
    return scene
  })
}
