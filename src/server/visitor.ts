import type { Loss } from '../engine/sink.ts'
import { authenticate } from '../features/accounts/authenticate.ts'
import { Nobody, type Person } from '../graphql/actor.ts'
import { takesRights } from '../graphql/facts.ts'
import { type Refusal, rateLimited, unauthenticated } from '../lib/refusal.ts'
import { longestTimerMs } from '../lib/timers.ts'
import { within } from '../lib/within.ts'
import type { StoredEvent } from '../store/transact.ts'
import type { ServerParts } from './parts.ts'

/** What happens to the person behind a connection. */
export interface VisitorOptions {
  /** Resolves once it has sent on what the inbox holds up to there, as far as it follows it. */
  reaches(inboxId: string, seq: number): Promise<void>
  /** It must end: its session is over, or its credentials have expired and nobody brought newer ones. */
  onEnd(reason: Refusal): void
  /** A right of theirs is gone: whatever it follows has to be asked for again. */
  onLoss(loss: Loss): void
}

/**
 * Somebody's lasting connection, a socket or an event stream: who it is, and until when. It is counted, hears of the end of its session
 * wherever that happens, and keeps the deadline of its credentials.
 */
export class Visitor {
  readonly #parts: ServerParts
  readonly #options: VisitorOptions
  #actor: Person | Nobody = new Nobody()
  #personId = ''
  #expiresAt = Number.POSITIVE_INFINITY
  #deadline: NodeJS.Timeout | undefined
  #leavers: (() => void)[] = []
  #hasLeft = false

  constructor(parts: ServerParts, options: VisitorOptions) {
    this.#parts = parts
    this.#options = options
  }

  get actor(): Person | Nobody {
    return this.#actor
  }

  /**
   * Takes the credentials. Rejects with UNAUTHENTICATED for bad or ended ones, with RATE_LIMITED when the person has too many connections
   * already. The inbox is followed before the session is asked, so that no end of it can fall in between.
   */
  async enter(authorization: string | undefined): Promise<void> {
    const { services, attendance, crowd } = this.#parts
    const { actor, expiresAt } = await authenticate(services, authorization)
    if (actor.kind === 'nobody' || this.#hasLeft) return
    const personId = actor.id('its inbox tells what ends its session')
    const leave = crowd.enter(personId)
    if (!leave) throw rateLimited(enoughMs)
    this.#leavers.push(leave)
    this.#actor = actor
    this.#personId = personId
    const dismiss = await attendance.attend(personId, { heard: (event) => this.#heard(event) })
    if (this.#hasLeft) return dismiss()
    this.#leavers.push(dismiss)
    services.sessions.forget(actor.sessionId)
    await services.sessions.requireAlive(actor.sessionId, personId)
    if (this.#hasLeft) return
    this.#leavers.push(services.presence.arrive(personId))
    if (expiresAt) this.#keepDeadline(expiresAt.getTime())
  }

  /** To be asked before each operation: rejects when no new one may begin. */
  async requireAlive(): Promise<void> {
    if (this.#actor.kind === 'nobody') return
    if (Date.now() >= this.#expiresAt) throw expired()
    await this.#parts.services.sessions.requireAlive(this.#actor.sessionId, this.#personId)
  }

  /** Newer credentials were given out for this very session: its deadline moves. */
  prolong(sessionId: string, expiresAt: Date): void {
    if (this.#hasLeft || this.#actor.kind === 'nobody' || this.#actor.sessionId !== sessionId) return
    this.#keepDeadline(expiresAt.getTime())
  }

  /** It is gone. May be called at any time, and more than once. */
  leave(): void {
    this.#hasLeft = true
    clearTimeout(this.#deadline)
    const leavers = this.#leavers
    this.#leavers = []
    for (const leave of leavers) leave()
  }

  #heard(event: StoredEvent): void {
    const { type, data } = event
    this.#parts.services.presence.heard(this.#personId, event)
    const loss = takesRights(event)
    if (loss) this.#options.onLoss(loss)
    if (type !== 'SessionEnded' || this.#actor.kind === 'nobody' || data.sessionId !== this.#actor.sessionId) return
    this.#parts.services.sessions.forget(this.#actor.sessionId)
    void this.#sayGoodbye(event)
  }

  /** Nothing new begins from now on. Who follows their inbox shall read there why. */
  async #sayGoodbye({ streamId, seq }: StoredEvent): Promise<void> {
    await within(this.#options.reaches(streamId, seq), goodbyeMs)
    this.#options.onEnd(unauthenticated('This session has ended: sign in.'))
  }

  /** What is in flight at the deadline has a moment more. */
  #keepDeadline(expiresAt: number): void {
    if (this.#hasLeft) return
    this.#expiresAt = expiresAt
    clearTimeout(this.#deadline)
    const waitMs = expiresAt + this.#parts.settings.expiryGraceMs - Date.now()
    this.#deadline = setTimeout(
      () => (waitMs > longestTimerMs ? this.#keepDeadline(expiresAt) : this.#options.onEnd(expired())),
      Math.min(waitMs, longestTimerMs),
    )
  }
}

const expired = () => unauthenticated('The access token has expired: refresh the session.')
const enoughMs = 5000
/** A client that does not read has so long: its session ends within a second, and within two while the bus is down. */
const goodbyeMs = 500
