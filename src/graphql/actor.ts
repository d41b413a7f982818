import { unauthenticated } from '../lib/refusal.ts'

/**
 * On whose behalf something is executed. Resolvers and policies that need to know which person it is call `id`, and say why; whatever does
 * not call it is true for every actor who may see the object, and may be shared.
 */
export type Actor = Person | Audience | Nobody

export class Person {
  readonly kind = 'person'
  readonly sessionId: string
  readonly #id: string
  readonly #streamId: string | undefined

  constructor(id: string, sessionId: string, streamId?: string) {
    this.#id = id
    this.sessionId = sessionId
    this.#streamId = streamId
  }

  id(_why: string): string {
    return this.#id
  }

  /** The same person, being told of an event that they had the right to hear: it may be the one that ends that right. */
  hearing(streamId: string): Person {
    return new Person(this.#id, this.sessionId, streamId)
  }

  hears(streamId: string): boolean {
    return streamId === this.#streamId
  }

  /** The stream of that event. */
  get heard(): string | undefined {
    return this.#streamId
  }
}

/**
 * Whoever may follow one stream. Asked for its id it throws, which stops the work, and remembers that it was asked, which is what counts:
 * an answer made for an audience that was asked is for nobody. One for each execution; what it remembers is never taken back.
 */
export class Audience {
  readonly kind = 'audience'
  readonly #streamId: string
  #askedFor: string | undefined

  constructor(streamId: string) {
    this.#streamId = streamId
  }

  get askedFor(): string | undefined {
    return this.#askedFor
  }

  id(why: string): never {
    this.#askedFor ??= why
    throw new NeedsPerson(why)
  }

  /** Everybody in the audience follows this stream, so everybody may see what it tells of. */
  hears(streamId: string): boolean {
    return streamId === this.#streamId
  }

  /** That stream, for what follows from hearing it: the people of a channel are people of its team, say. */
  get heard(): string | undefined {
    return this.#streamId
  }
}

/** A request without credentials. */
export class Nobody {
  readonly kind = 'nobody'

  id(_why: string): never {
    throw unauthenticated()
  }

  hears(_streamId: string): boolean {
    return false
  }

  get heard(): undefined {
    return undefined
  }
}

/** Only stops the work; the audience has remembered the question. */
export class NeedsPerson extends Error {
  constructor(why: string) {
    super(`The answer depends on the person: ${why}`)
    this.name = 'NeedsPerson'
  }
}
