import { performance } from 'node:perf_hooks'
import { setImmediate as afterOthers } from 'node:timers/promises'

/**
 * For work that takes long and waits for nothing, which everybody on this node would wait for: to be awaited between its steps. Whenever these
 * have taken `turnMs`, others have their turn first.
 */
export function createPauses(turnMs: number): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < turnMs) return
    await afterOthers()
    since = performance.now()
  }
}
