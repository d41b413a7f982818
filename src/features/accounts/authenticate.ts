import { Nobody, Person } from '../../graphql/actor.ts'
import type { Services } from '../../graphql/context.ts'
import { unauthenticated } from '../../lib/refusal.ts'

/** On whose behalf a request or a socket comes, and when it has to have shown newer credentials. */
export interface Authenticated {
  readonly actor: Person | Nobody
  /** When the access token expires; null for nobody. */
  readonly expiresAt: Date | null
}

/**
 * Takes what came as `authorization`: `Bearer TOKEN`, or the token alone. Without any it is nobody; with bad or ended ones it rejects with
 * UNAUTHENTICATED.
 */
export async function authenticate(
  services: Pick<Services, 'accessTokens' | 'sessions'>,
  header: string | null | undefined,
): Promise<Authenticated> {
  if (header == null || header.trim() === '') return { actor: new Nobody(), expiresAt: null }
  const token = /^\s*(?:bearer\s+)?(\S+)\s*$/i.exec(header)?.[1]
  if (!token) throw unauthenticated('The authorization must be of the form: Bearer TOKEN.')
  const { personId, sessionId, expiresAt } = await services.accessTokens.verify(token)
  await services.sessions.requireAlive(sessionId, personId)
  return { actor: new Person(personId, sessionId), expiresAt }
}
