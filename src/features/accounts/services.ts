import type { Database } from '../../store/database.ts'
import { type AccessTokens, createAccessTokens } from './access-tokens.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { createRefreshTokens, type RefreshTokens } from './refresh-tokens.ts'
import { createSessions, type Sessions } from './sessions.ts'

/** What accounts need of their own. */
export interface AccountServices {
  readonly passwords: Passwords
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly sessions: Sessions
  readonly sessionTerms: SessionTerms
}

declare module '../../graphql/context.ts' {
  interface Services extends AccountServices {}
}

export interface SessionTerms {
  /** How long a session lives that is not refreshed. */
  readonly lifeMs: number
  /** How long a used refresh token gives its successor again. */
  readonly graceMs: number
  readonly mostPerPerson: number
}

export interface AccountOptions {
  readonly signingKey: string
  readonly refreshSecret: string
  readonly issuer: string
  readonly passwordCost: number
  readonly accessTokenMs: number
  readonly refreshTokenMs: number
  readonly refreshGraceMs: number
  readonly sessionRememberedMs: number
  readonly sessionsPerPerson: number
}

/** Fails when the signing key is none. */
export async function createAccounts(database: Database, options: AccountOptions): Promise<AccountServices> {
  return {
    passwords: createPasswords({ cost: options.passwordCost }),
    accessTokens: await createAccessTokens({ ...options, lifeMs: options.accessTokenMs }),
    refreshTokens: createRefreshTokens(options.refreshSecret),
    sessions: createSessions(database, { rememberedMs: options.sessionRememberedMs }),
    sessionTerms: { lifeMs: options.refreshTokenMs, graceMs: options.refreshGraceMs, mostPerPerson: options.sessionsPerPerson },
  }
}
