import type { Person } from '../../graphql/actor.ts'
import type { Client, Services } from '../../graphql/context.ts'
import { notFound, unauthenticated } from '../../lib/refusal.ts'
import { uuid } from '../../lib/uuid.ts'
import type { Transaction } from '../../store/transact.ts'
import { revokeCalendarLinksIn } from '../calendars/links.ts'
import { sessionEnded } from './events.ts'
import { hashOf } from './refresh-tokens.ts'

/** A session, as far as tokens for it can be made. */
export interface Bearer {
  readonly personId: string
  readonly sessionId: string
  readonly generation: number
}

/** What somebody who signed in is handed. */
export interface Credentials {
  readonly personId: string
  readonly sessionId: string
  readonly accessToken: string
  readonly accessTokenExpiresAt: Date
  readonly refreshToken: string
}

export async function issue({ accessTokens, refreshTokens }: Services, bearer: Bearer): Promise<Credentials> {
  const { personId, sessionId, generation } = bearer
  const { token, expiresAt } = await accessTokens.sign(personId, sessionId)
  return {
    personId,
    sessionId,
    accessToken: token,
    accessTokenExpiresAt: expiresAt,
    refreshToken: refreshTokens.make(sessionId, generation),
  }
}

/** Within a transaction that holds the person's inbox. Of too many sessions those unused for longest end; those long over are dropped. */
export async function startSessionIn(tx: Transaction, services: Services, personId: string, client: Client) {
  const { refreshTokens, sessionTerms } = services
  // Those long over are of no more use: nothing shows them, and their tokens are refused either way.
  const longAgo = { lt: new Date(tx.at.getTime() - sessionTerms.lifeMs) }
  await tx.rows.session.deleteMany({ where: { userId: personId, OR: [{ endedAt: longAgo }, { expiresAt: longAgo }] } })
  const alive = await tx.rows.session.findMany({
    where: { userId: personId, endedAt: null, expiresAt: { gt: tx.at } },
    orderBy: [{ lastUsedAt: 'desc' }, { id: 'desc' }],
    select: { id: true },
    skip: sessionTerms.mostPerPerson - 1,
  })
  const surplus = alive.map(({ id }) => id)
  const endedIds = surplus.length > 0 ? await endSessionsIn(tx, personId, { ids: surplus, actorId: personId }) : []
  const bearer: Bearer = { personId, sessionId: uuid(), generation: 0 }
  await tx.rows.session.create({
    data: {
      id: bearer.sessionId,
      userId: personId,
      userAgent: storable(client.userAgent),
      createdAt: tx.at,
      lastUsedAt: tx.at,
      refreshedAt: tx.at,
      expiresAt: new Date(tx.at.getTime() + sessionTerms.lifeMs),
      refreshHash: hashOf(refreshTokens.make(bearer.sessionId, 0)),
    },
  })
  return { bearer, endedIds }
}

/** Within a transaction that holds the person's inbox. Answers which have ended by this: those that had before are passed over. */
export async function endSessionsIn(
  tx: Transaction,
  personId: string,
  which: { ids?: string[]; except?: string; actorId?: string },
): Promise<string[]> {
  const { ids, except, actorId } = which
  const ended = await tx.rows.session.updateManyAndReturn({
    where: {
      userId: personId,
      endedAt: null,
      expiresAt: { gt: tx.at },
      id: { ...(ids && { in: ids }), ...(except !== undefined && { not: except }) },
    },
    data: { endedAt: tx.at },
    select: { id: true },
  })
  const endedIds = ended.map(({ id }) => id)
  for (const sessionId of endedIds) tx.append(personId, sessionEnded({ sessionId, ...(actorId !== undefined && { actorId }) }))
  return endedIds
}

/**
 * Each refresh token is good once. The one before the current, used again while its successor is unused and young, gets that same successor:
 * two tabs refreshed at once, or an answer was lost. Any older use means that somebody else has it, and ends the session for both.
 */
export async function refreshSession(services: Services, { refreshToken }: { refreshToken: string }): Promise<Credentials> {
  const { database, refreshTokens, sessionTerms } = services
  const given = refreshTokens.read(refreshToken)
  if (!given) throw refusal()
  const { sessionId, generation } = given
  const next = generation + 1
  // One statement looks and takes: of many at once one finds its hash, and the others wait for it and then do not.
  const [taken] = await database.sql<{ personId: string }>(
    `update session set refresh_generation = $3, refresh_hash = $4, refreshed_at = now(), last_used_at = now(),
       expires_at = now() + make_interval(secs => $5::float8 / 1000)
     where id = $1 and refresh_hash = $2 and ended_at is null and expires_at > now() returning user_id as "personId"`,
    [sessionId, hashOf(refreshToken), next, hashOf(refreshTokens.make(sessionId, next)), sessionTerms.lifeMs],
  )
  if (taken) return issue(services, { ...taken, sessionId, generation: next })

  const [current] = await database.sql<{ personId: string; generation: number; isYoung: boolean }>(
    `select user_id as "personId", refresh_generation as generation, refreshed_at > now() - make_interval(secs => $2::float8 / 1000) as "isYoung"
     from session where id = $1 and ended_at is null and expires_at > now()`,
    [sessionId, sessionTerms.graceMs],
  )
  // One that is ahead of us was made before the database was restored: nobody stole it, and nobody can use it.
  if (!current || current.generation <= generation) throw refusal()
  const { personId } = current
  if (current.generation === next && current.isYoung) return issue(services, { personId, sessionId, generation: next })
  const endedIds = await services.transact([personId], (tx) => endSessionsIn(tx, personId, { ids: [sessionId] }))
  forgetAll(services, endedIds)
  throw refusal()
}

/** Everywhere is also wherever there is a link to their calendars. */
export async function signOut(services: Services, person: Person, { everywhere }: { everywhere: boolean }): Promise<number> {
  const personId = person.id('signs out')
  const which = everywhere ? {} : { ids: [person.sessionId] }
  const endedIds = await services.transact([personId], async (tx) => {
    if (everywhere) await revokeCalendarLinksIn(tx, personId)
    return endSessionsIn(tx, personId, { ...which, actorId: personId })
  })
  forgetAll(services, endedIds)
  return endedIds.length
}

/** Ending what has ended already changes nothing. */
export async function revokeSession(services: Services, personId: string, { sessionId }: { sessionId: string }): Promise<void> {
  const endedIds = await services.transact([personId], async (tx) => {
    const session = await tx.rows.session.findUnique({ where: { id: sessionId }, select: { userId: true } })
    if (session?.userId !== personId) throw notFound('session')
    return endSessionsIn(tx, personId, { ids: [sessionId], actorId: personId })
  })
  forgetAll(services, endedIds)
}

/** After the commit: nobody here believes in them any more. */
export function forgetAll({ sessions }: Services, sessionIds: readonly string[]): void {
  for (const id of sessionIds) sessions.forget(id)
}

const refusal = () => unauthenticated('This refresh token is not valid, or no longer: sign in.')

/** It is only shown to its person, so whatever cannot be kept is left out. */
function storable(userAgent: string | null): string | null {
  return userAgent === null ? null : userAgent.slice(0, 255).toWellFormed().replaceAll('\0', '')
}
