import { badInput } from '../../lib/refusal.ts'
import { type Run, runBy } from '../../store/database.ts'
import type { Message, Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { canSee } from '../rooms/policy.ts'
import { readStandings } from '../rooms/standing.ts'
import { mentioned } from './events.ts'
import { handlesIn } from './mention-handles.ts'

/** A text that somebody says in a room. */
export interface Naming {
  readonly roomId: string
  readonly senderId: string
  readonly content: string
}

/** A person whom a text names, and the handle by which it does. */
export interface Named {
  readonly userId: string
  readonly handle: string
}

/** Whom a text mentions: people who see the room, but for its sender and whoever is at odds with them. In the order of their first appearance. */
export async function findMentions(sql: Run, { roomId, senderId, content }: Naming): Promise<Named[]> {
  const handles = handlesIn(content)
  if (handles.length === 0) return []
  const people = await sql<Named>(
    `select id as "userId", handle from app_user where handle = any($1::text[]) and id <> $2::uuid and deleted_at is null
     and not exists (select from block where (blocker_id = $2::uuid and blocked_id = id) or (blocker_id = id and blocked_id = $2::uuid))`,
    [handles, senderId],
  )
  if (people.length === 0) return []
  const standings = await readStandings(
    sql,
    people.map(({ userId }) => ({ roomId, userId })),
  )
  const seeing = new Set(standings.filter(canSee).map(({ userId }) => userId))
  return inOrderOf(
    handles,
    people.filter(({ userId }) => seeing.has(userId)),
  )
}

/** The inboxes to lock for those whom `findMentions` found. More than there may be are not: they will be refused. */
export function inboxesOf(found: readonly Named[], most: number): string[] {
  return found.length > most ? [] : found.map(({ userId }) => userId)
}

/**
 * Within a transaction that holds the room and the inboxes of those who were `found`: whom the text mentions. Whoever came to see the room
 * only since then is not mentioned. Whom the message mentioned `before`, and still names, it mentions whatever happened since.
 */
export async function requireMentions(
  rows: Prisma.TransactionClient,
  naming: Naming,
  { found, before = [], most }: { found: readonly Named[]; before?: readonly Named[]; most: number },
): Promise<string[]> {
  const held = new Set(inboxesOf(found, most))
  const now = held.size === 0 ? [] : (await findMentions(runBy(rows), naming)).filter(({ userId }) => held.has(userId))
  const mentions = inOrderOf(handlesIn(naming.content), [...before, ...now])
  if (Math.max(found.length, mentions.length) > most) throw badInput('content', `At most ${most} people can be mentioned at once.`)
  return mentions.map(({ userId }) => userId)
}

/** Within such a transaction: whom the message mentions from now on. Those hear of it whom it did not mention `before`. */
export async function mentionIn(
  tx: Transaction,
  { id: messageId, roomId, seq }: Pick<Message, 'id' | 'roomId' | 'seq'>,
  userIds: readonly string[],
  before: readonly string[] = [],
): Promise<void> {
  if (userIds.join() === before.join()) return
  if (before.length > 0) await tx.rows.mention.deleteMany({ where: { messageId } })
  const rows = userIds.map((userId, place) => ({ messageId, userId, place, roomId, seq }))
  if (rows.length > 0) await tx.rows.mention.createMany({ data: rows })
  for (const userId of userIds) if (!before.includes(userId)) tx.append(userId, mentioned({ roomId, messageId }))
}

function inOrderOf(handles: readonly string[], people: readonly Named[]): Named[] {
  const found = new Map(people.map((person) => [person.handle, person]))
  return handles.flatMap((handle) => found.get(handle) ?? [])
}
