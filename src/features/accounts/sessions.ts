import { unauthenticated } from '../../lib/refusal.ts'
import type { Database } from '../../store/database.ts'

/**
 * Which sessions are alive: read by key, and believed for a moment, since every request asks. What this process ends it does not believe in
 * a moment longer; what another one ends it hears of in the person's inbox, or finds when the moment is over.
 */
export interface Sessions {
  /** Rejects with UNAUTHENTICATED when the session is not this person's, has ended or has expired. */
  requireAlive(sessionId: string, personId: string): Promise<void>
  /** To be called once an end has been committed, and for every end that is heard of. */
  forget(sessionId: string): void
}

export interface SessionsOptions {
  readonly rememberedMs: number
  readonly mostRemembered?: number
}

export function createSessions(database: Database, { rememberedMs, mostRemembered = 10_000 }: SessionsOptions): Sessions {
  /** In the order in which they were asked. */
  const answers = new Map<string, { readonly bearer: Promise<string | undefined>; readonly until: number }>()

  function ask(sessionId: string): Promise<string | undefined> {
    const now = performance.now()
    const known = answers.get(sessionId)
    if (known && now < known.until) return known.bearer
    for (const [id, { until }] of answers) {
      if (now < until && answers.size < mostRemembered) break
      answers.delete(id)
    }
    // Counted from before the read: what it finds may be over by the time it answers.
    const answer = { bearer: readBearer(database, sessionId), until: now + rememberedMs }
    answers.delete(sessionId)
    answers.set(sessionId, answer)
    // That it could not be read is no answer.
    answer.bearer.catch(() => {
      if (answers.get(sessionId) === answer) answers.delete(sessionId)
    })
    return answer.bearer
  }

  return {
    async requireAlive(sessionId, personId) {
      if ((await ask(sessionId)) !== personId) throw unauthenticated('This session has ended: sign in.')
    },
    forget: (sessionId) => void answers.delete(sessionId),
  }
}

/** Whose session it is, if it is alive. */
async function readBearer(database: Database, sessionId: string): Promise<string | undefined> {
  const [row] = await database.sql<{ userId: string }>(
    'select user_id as "userId" from session where id = $1 and ended_at is null and expires_at > now()',
    [sessionId],
  )
  return row?.userId
}
