import { badInput } from '../../lib/refusal.ts'
import { runBy } from '../../store/database.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'
import { canSee } from '../rooms/policy.ts'
import { readStandings } from '../rooms/standing.ts'

/** Whether a text can name anybody: most do not, and nothing has to be read for them. */
export function mayMention(content: string): boolean {
  return handlesIn(content).length > 0
}

/** An @ and a handle, in any case, that stand apart from other words: no e-mail address. */
export function handlesIn(content: string): string[] {
  const found = content.matchAll(/(?<![\p{L}\p{N}_@.])@([a-z0-9_]{2,32})(?![\p{L}\p{N}_])/giu)
  return [...new Set([...found].map(([, handle]) => handle!.toLowerCase()))]
}

export interface Naming {
  readonly roomId: string
  readonly senderId: string
  readonly content: string
}

/** Whoever has one of the handles now: whose inboxes to lock before `requireMentions` decides. */
export async function findNamed(rows: Prisma.TransactionClient, { senderId, content }: Naming): Promise<string[]> {
  const handles = handlesIn(content)
  if (handles.length === 0) return []
  const people = await rows.user.findMany({ where: { handle: { in: handles }, deletedAt: null }, select: { id: true } })
  return people.map(({ id }) => id).filter((id) => id !== senderId)
}

/** Of those named, whom the message mentions: people who see the room, and with whom its sender is not at odds. Their inboxes are locked. */
export async function requireMentions(
  rows: Prisma.TransactionClient,
  { roomId, senderId }: Naming,
  named: readonly string[],
  most: number,
): Promise<string[]> {
  if (named.length === 0) return []
  const standings = await readStandings(
    runBy(rows),
    named.map((userId) => ({ roomId, userId })),
  )
  const blocks = await rows.block.findMany({
    where: {
      OR: [
        { blockerId: senderId, blockedId: { in: [...named] } },
        { blockedId: senderId, blockerId: { in: [...named] } },
      ],
    },
  })
  const atOdds = new Set(blocks.flatMap(({ blockerId, blockedId }) => [blockerId, blockedId]))
  const mentioned = standings.filter((standing) => canSee(standing) && !atOdds.has(standing.userId)).map(({ userId }) => userId)
  if (mentioned.length > most) throw badInput('content', `At most ${most} people can be mentioned at once.`)
  return mentioned
}
