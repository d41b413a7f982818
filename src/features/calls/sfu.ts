/** What lets a device into the media of a call, once. */
export interface SfuGrant {
  readonly url: string
  readonly token: string
  readonly expiresAt: Date
}

/**
 * A server through which the media of a call travels, apart from this one: each device sends once, and it forwards. Calls and participants have
 * there the ids by which clients know them.
 *
 * - Nobody gets in but by a grant, or by what the SFU itself gave to somebody who is in.
 * - A grant lets one participant into one call, to send and to receive, until it lapses. It is made here, without asking anybody, and fresh
 *   each time.
 * - All else asks the SFU, in bounded time, and rejects when that cannot be reached or refuses. It can be asked again: putting out who is not
 *   there, and closing what is not open, changes nothing.
 */
export interface Sfu {
  /** As the operator is told of it, without its secrets. */
  readonly name: string
  /** How long after somebody was last in a call there, or was let in by a grant, they might get in again by what they were given. */
  readonly returnMs: number
  grant(place: SfuPlace): Promise<SfuGrant>
  /** Who is in it, whoever let them in. */
  present(callId: string): Promise<string[]>
  remove(place: SfuPlace): Promise<void>
  /** Puts everybody out. Answers whether anything of the call was there. */
  close(callId: string): Promise<boolean>
}

export interface SfuPlace {
  readonly callId: string
  readonly participantId: string
}

/** What this installation has, and which calls go through it: those in which more may come than `above`. */
export interface SfuTerms {
  readonly server: Sfu | undefined
  readonly above: number
}

/** All calls are peer to peer. */
export const noSfu: SfuTerms = { server: undefined, above: Number.POSITIVE_INFINITY }

/** For good: a call does not change it while it lasts. */
export function transportOf({ server, above }: SfuTerms, mayCome: number): 'PEER_TO_PEER' | 'SFU' {
  return server && mayCome > above ? 'SFU' : 'PEER_TO_PEER'
}
