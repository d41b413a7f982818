import type { StoredEvent } from '../store/transact.ts'
import type { HoldOptions, Hub } from './hub.ts'

/** Calls back with each event of a stream from now on, until what it resolves with is called: may be called more than once. */
export type Hear = (streamId: string, heard: (event: StoredEvent) => void, options?: HoldOptions) => Promise<() => void>

export function createHear(hub: Hub): Hear {
  return async (streamId, heard, options) => {
    const { stream, head, release } = await hub.hold(streamId, options)
    let position = head ?? stream.head
    const unfollow = stream.follow(() => {
      // The ring holds all that is new: it grows by fewer events at a time than it keeps.
      const entries = stream.inRing(position, Number.MAX_SAFE_INTEGER) ?? []
      position = stream.head
      for (const { event } of entries) heard(event)
    })
    return () => {
      unfollow()
      release()
    }
  }
}
