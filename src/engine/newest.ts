/**
 * What one reader is still to be told of things that only have a present, each under a key: somebody's presence, a room's count. Whoever is
 * slow gets the newest of each, and never what lay in between: so it is bounded by how many things there are.
 */
export class Newest<State = unknown> {
  readonly #states = new Map<string, State>()
  /** What is being handed over, unless that was forgotten meanwhile. */
  #inHand: string | undefined
  /** Called each time there is something to take. */
  onNews: () => void = () => {}

  /** Takes the place of what was waiting under that key. */
  tell(key: string, state: State): void {
    this.#states.set(key, state)
    this.onNews()
  }

  /** What was waiting under that key need not be told any more. */
  forget(key: string): void {
    this.#states.delete(key)
    if (this.#inHand === key) this.#inHand = undefined
  }

  get isEmpty(): boolean {
    return this.#states.size === 0
  }

  /**
   * Hands over what has waited longest, if anything has. Where that fails it waits again, unless something newer does or it was forgotten.
   * Resolves with whether there was anything.
   */
  async hand(take: (state: State) => Promise<void>): Promise<boolean> {
    const next = this.#states.entries().next()
    if (next.done) return false
    const [key, state] = next.value
    this.#states.delete(key)
    this.#inHand = key
    try {
      await take(state)
      return true
    } catch (error) {
      if (this.#inHand === key && !this.#states.has(key)) this.#states.set(key, state)
      throw error
    }
  }
}

/** Begins to tell a reader of states: first those that hold, then each that changes, until what it resolves with is called. */
export type Watch<State = unknown> = (newest: Newest<State>) => Promise<() => void>
