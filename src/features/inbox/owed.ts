/** What could not be done while the database was away: all of it is tried again together, a moment later. */
export class Owed {
  readonly #onTrouble: (error: unknown) => void
  readonly #work = new Map<object, () => void>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(onTrouble: (error: unknown) => void) {
    this.#onTrouble = onTrouble
  }

  /** About one and the same thing once, however often it failed. Why is told once for all that wait. */
  add(what: object, work: () => void, error: unknown): void {
    if (this.#isClosed) return
    if (this.#work.size === 0) this.#onTrouble(error)
    this.#work.set(what, work)
    this.#timer ??= setTimeout(() => this.#doAll(), retryMs).unref()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #doAll(): void {
    this.#timer = undefined
    const due = [...this.#work.values()]
    this.#work.clear()
    for (const work of due) work()
  }
}

const retryMs = 1000
