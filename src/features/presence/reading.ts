import DataLoader from 'dataloader'
import type { Database } from '../../store/database.ts'
import type { User } from '../../store/generated/prisma/client.ts'
import type { Whereabouts } from '../../store/whereabouts.ts'
import type { PersonPresence, ShownPresence } from './policy.ts'
import { shownOf } from './policy.ts'
import { type Pair, readPresences, readSight } from './queries.ts'

/** Somebody as they are known now. */
export interface KnownPerson {
  readonly user: User
  readonly presence: PersonPresence
  readonly lapsesInMs: number | null
}

export interface ReadingOptions {
  readonly whereabouts: Whereabouts
  /** Who is there while that is not known. */
  readonly supposed: (userId: string) => boolean
}

/** In one statement and one question to the whereabouts. An unknown id has nobody. */
export async function readPeople(
  { sql }: Database,
  { whereabouts, supposed }: ReadingOptions,
  userIds: readonly string[],
): Promise<Map<string, KnownPerson>> {
  const [rows, there] = await Promise.all([readPresences(sql, userIds), whereabouts.read(userIds)])
  const isThere = there && new Map(userIds.map((id, index) => [id, there[index]!]))
  return new Map(
    rows.map(({ user, lapsesInMs, ...rest }) => {
      const presence = {
        userId: user.id,
        isClosed: user.deletedAt !== null,
        isThere: isThere ? isThere.get(user.id)! : supposed(user.id),
        wanted: rest.wanted,
        text: rest.text,
        lastSeenAt: rest.lastSeenAt,
      }
      return [user.id, { user, presence, lapsesInMs }]
    }),
  )
}

/** By `viewerId userId`. Everybody sees themselves. */
export async function readWhoSees({ sql }: Database, pairs: readonly Pair[]): Promise<Set<string>> {
  const others = pairs.filter(({ viewerId, userId }) => viewerId !== userId)
  const seen = others.length > 0 ? await readSight(sql, others) : []
  return new Set([...seen, ...pairs.filter(({ viewerId, userId }) => viewerId === userId)].map(nameOf))
}

export function nameOf({ viewerId, userId }: Pair): string {
  return `${viewerId} ${userId}`
}

/** What each is shown of the other; what is asked in the same tick is read at once, and never kept. */
export function createShownLoader(database: Database, options: ReadingOptions): DataLoader<Pair, ShownPresence, string> {
  return new DataLoader<Pair, ShownPresence, string>(
    async (pairs) => {
      const [people, sees] = await Promise.all([
        readPeople(database, options, [...new Set(pairs.map(({ userId }) => userId))]),
        readWhoSees(database, pairs),
      ])
      return pairs.map((pair) => shownOf(people.get(pair.userId)!.presence, sees.has(nameOf(pair))))
    },
    { cache: false, maxBatchSize: 1000 },
  )
}
