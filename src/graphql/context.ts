import type { Log } from '../engine/log.ts'
import { Refusal } from '../lib/refusal.ts'
import type { Database } from '../store/database.ts'
import type { Rates } from '../store/rates.ts'
import type { Transact } from '../store/transact.ts'
import type { Actor } from './actor.ts'
import type { Limits } from './limits.ts'
import { type Known, Loaders } from './loaders.ts'

/**
 * What commands and queries work with, made once by `createApp`. A noun that needs more of its own adds it here by declaration merging,
 * beside the code that makes it.
 */
export interface Services {
  readonly database: Database
  readonly transact: Transact
  readonly log: Log
  /** Names the history that cursors count in. */
  readonly epoch: string
  readonly limits: Limits
  readonly rates: Rates
}

/**
 * One execution: an operation, or one event shown to one group of subscribers. Fresh for each, and without the request or the socket, so
 * that nothing of one person is left lying for another.
 */
export interface Context {
  /**
   * As whom the rest is executed. Signing in and up, and closing the account, change it for what follows in the same operation; nothing else
   * does.
   */
  actor: Actor
  readonly loaders: Loaders
  readonly services: Services
  readonly client: Client
  /** How long the texts of this answer are, as far as `takeCharacters` was told. */
  characters: number
  /** How many objects stand in it that its cost did not count, as far as `takeObjects` was told. */
  objects: number
  /** From when on it is not shown to anybody else any more: `keepUntil` was told of something in it that lapses. */
  staleAt: number
}

/** The little that a resolver may know of the way its operation came. */
export interface Client {
  readonly userAgent: string | null
  /** What anonymous attempts are counted by. */
  readonly address: string
  /** On a socket: takes over the deadline of new credentials for the session it runs under. */
  readonly prolong?: (sessionId: string, expiresAt: Date) => void
  /** On a socket. */
  readonly device?: Device
}

/** The connection of somebody's device, for what shall end with it. */
export interface Device {
  readonly id: string
  /** Calls it once the connection is gone, at once if it is gone already; until what it answers with is called. */
  onGone(farewell: () => void): () => void
}

/** For executions that no client asked for. */
export const noClient: Client = { userAgent: null, address: 'none' }

export function createContext(services: Services, actor: Actor, client: Client = noClient, rows: readonly Known[] = []): Context {
  return {
    actor,
    services,
    client,
    loaders: new Loaders(services.database, rows),
    characters: 0,
    objects: 0,
    staleAt: Number.POSITIVE_INFINITY,
  }
}

/**
 * For lists that can hold more than they mostly do, and `holds` says only that: before they are shown. Refuses what would make the answer
 * hold too much. Those that take more work than others to show, or to pass over, weigh as many of them.
 */
export function takeObjects<Objects extends readonly unknown[]>(context: Context, list: Objects, weight = 1): Objects {
  const { queryCost } = context.services.limits
  context.objects += list.length * weight
  if (context.objects > queryCost)
    throw new Refusal('QUERY_TOO_COMPLEX', `The answer would hold more than ${queryCost} objects: ask for smaller pages.`)
  return list
}

/**
 * For texts that may be long, before they are shown: an answer's cost counts objects, and the same text can stand in it many times. Refuses
 * what would make the answer too long.
 */
export function takeCharacters(context: Context, text: string): string {
  const { answerCharacters } = context.services.limits
  context.characters += text.length
  if (context.characters > answerCharacters)
    throw new Refusal('QUERY_TOO_COMPLEX', `At most ${answerCharacters} characters of text in an answer, please: ask for smaller pages.`)
  return text
}

/** For what stands in an answer and is good for so long only, such as a link: for half of that the answer may be shown to others too. */
export function keepUntil(context: Context, lapsesAt: Date): void {
  const now = Date.now()
  context.staleAt = Math.min(context.staleAt, now + (lapsesAt.getTime() - now) / 2)
}
