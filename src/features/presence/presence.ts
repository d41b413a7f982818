import type { Bus } from '../../engine/bus.ts'
import type { Database } from '../../store/database.ts'
import type { StoredEvent } from '../../store/transact.ts'
import type { Whereabouts } from '../../store/whereabouts.ts'
import { createHere, type Here } from './here.ts'
import type { ShownPresence } from './policy.ts'
import { createShownLoader } from './reading.ts'
import { createWatchedPeople, type WatchedPeople } from './watched-people.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly presence: Presence
  }
}

export interface PresenceOptions {
  readonly database: Database
  readonly bus: Bus
  readonly whereabouts: Whereabouts
  readonly acknowledgeWaitMs: number
  readonly presenceGraceMs: number
  readonly presenceLeaseMs: number
  readonly presenceRereadMs: number
  readonly presenceSeenMs: number
  readonly onTrouble: (error: unknown) => void
}

/** Who is there, and who is shown it. It passes, and stands in no log. */
export interface Presence extends Pick<Here, 'arrive'>, Pick<WatchedPeople, 'watch' | 'ring'> {
  /** What somebody is shown of a person now. Of everybody who is asked for in the same tick it is read at once. */
  shown(viewerId: string, userId: string): Promise<ShownPresence>
  /** To be told of what happens in the inbox of whoever has a device here: it may change who sees whom. */
  heard(personId: string, event: StoredEvent): void
  /** How many people are here, and are watched here: for tests and metrics. */
  readonly size: { readonly here: number; readonly watched: number }
  close(): Promise<void>
}

export function createPresence({ whereabouts, ...options }: PresenceOptions): Presence {
  const { database, bus } = options
  const supposed = (userId: string) => here.has(userId) || watched.wasThere(userId)
  const watched = createWatchedPeople({ ...options, whereabouts, supposed })
  const here = createHere({ ...options, whereabouts, ring: watched.ring })
  const loader = createShownLoader(database, { whereabouts, supposed })
  const stopListening = bus.onReturn(here.renew)

  return {
    arrive: here.arrive,
    watch: watched.watch,
    ring: watched.ring,
    shown: (viewerId, userId) => loader.load({ viewerId, userId }),
    heard(personId, { type }) {
      if (!changesSight.has(type)) return
      watched.ring(personId)
      watched.reconsider(personId)
    },
    get size() {
      return { here: here.size, watched: watched.size }
    },
    async close() {
      stopListening()
      await watched.close()
      await here.close()
    },
  }
}

/** Whom one blocks is told to one's own devices by ViewerUpdated. */
const changesSight = new Set(['TeamAdded', 'TeamRemoved', 'RoomAdded', 'RoomRemoved', 'ViewerUpdated', 'AccountClosed'])
