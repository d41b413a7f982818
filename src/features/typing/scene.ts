import { notFound } from '../../lib/refusal.ts'
import type { Database } from '../../store/database.ts'
import type { TypingPerson } from '../../store/typists.ts'
import { canPost, canSee } from '../rooms/policy.ts'
import { type RoomRow, roomColumns } from '../rooms/queries.ts'
import { requirePost } from '../rooms/scene.ts'
import { readStandings, type StandingRow } from '../rooms/standing.ts'

/** What decides whether somebody may type: the room, and how they stand to it. */
export interface TypingScene {
  readonly room: RoomRow
  readonly mine: StandingRow
}

/**
 * Scenes that were read a moment ago, and are believed for as long as a session found alive: clients say again and again that somebody types.
 * Only who may is believed: who is given the right may at once.
 */
export interface TypingScenes {
  /** Null where there is no such room, or none that they see. */
  read(database: Database, person: TypingPerson): Promise<TypingScene | null>
}

export function createTypingScenes({
  rememberedMs,
  mostRemembered = 10_000,
}: {
  rememberedMs: number
  mostRemembered?: number
}): TypingScenes {
  /** In the order in which they were read. */
  const answers = new Map<string, { readonly scene: Promise<TypingScene | null>; readonly until: number }>()
  return {
    read(database, { roomId, personId }) {
      const key = `${roomId} ${personId}`
      const now = performance.now()
      const known = answers.get(key)
      if (known && now < known.until) return known.scene
      for (const [one, { until }] of answers) {
        if (now < until && answers.size < mostRemembered) break
        answers.delete(one)
      }
      const answer = { scene: readScene(database, { roomId, personId }), until: now + rememberedMs }
      answers.delete(key)
      answers.set(key, answer)
      const forget = () => {
        if (answers.get(key) === answer) answers.delete(key)
      }
      // That it could not be read is no answer.
      answer.scene.then((scene) => (scene && canPost(scene.mine)) || forget(), forget)
      return answer.scene
    },
  }
}

/** Past every memory: throws unless they may post there at this moment. */
export async function requireTyping({ sql }: Database, { roomId, personId }: TypingPerson): Promise<void> {
  const [mine] = await readStandings(sql, [{ roomId, userId: personId }])
  if (!mine || !canSee(mine)) throw notFound('room')
  requirePost(mine)
}

async function readScene({ sql }: Database, { roomId, personId }: TypingPerson): Promise<TypingScene | null> {
  // The room first: what stands beside its position is not older than that.
  const [room] = await sql<RoomRow>(`select ${roomColumns} from room r join stream s on s.id = r.id where r.id = $1`, [roomId])
  const [mine] = await readStandings(sql, [{ roomId, userId: personId }])
  return room && mine && canSee(mine) ? { room, mine } : null
}
