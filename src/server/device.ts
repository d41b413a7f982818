import type { Device as DeviceOfClient } from '../graphql/context.ts'
import { uuid } from '../lib/uuid.ts'

/** A socket, for what shall end with it. */
export class Device implements DeviceOfClient {
  readonly id = uuid()
  readonly #farewells = new Set<() => void>()
  #isGone = false

  onGone(farewell: () => void): () => void {
    if (this.#isGone) farewell()
    else this.#farewells.add(farewell)
    return () => this.#farewells.delete(farewell)
  }

  leave(): void {
    this.#isGone = true
    const farewells = [...this.#farewells]
    this.#farewells.clear()
    for (const farewell of farewells) farewell()
  }
}
