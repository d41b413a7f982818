import { onTestFinished } from 'vitest'
import { readConfig } from '../../../src/config.ts'
import { createMemoryBus } from '../../../src/engine/bus-memory.ts'
import { createPresence, type Presence, type PresenceOptions } from '../../../src/features/presence/presence.ts'
import type { ToldPerson } from '../../../src/features/presence/watched-people.ts'
import { createMemoryWhereabouts } from '../../../src/store/whereabouts.ts'
import type { APerson, Domain } from '../../support/domain.ts'

const short = { presenceGraceMs: 30, presenceLeaseMs: 300, presenceRereadMs: 60_000, presenceSeenMs: 60_000 }

/** Presence on a node of its own, whose times are short. It ends with the test. */
export function aPresence(domain: Domain, options: Partial<PresenceOptions> = {}): Presence {
  const presence = createPresence({
    ...readConfig({}),
    ...short,
    database: domain.database,
    bus: createMemoryBus((error) => {
      throw error
    }),
    whereabouts: createMemoryWhereabouts(),
    onTrouble: (error) => {
      throw error
    },
    ...options,
  })
  onTestFinished(() => presence.close())
  return presence
}

/** What somebody who watches these people is told: one line a word. */
export async function watching(presence: Presence, viewer: APerson, ...people: APerson[]) {
  const told: string[] = []
  const full: ToldPerson[] = []
  const names = new Map(people.map(({ id }, index) => [id, people.length === 1 ? '' : `${index} `]))
  const stop = await presence.watch(
    viewer.id,
    people.map(({ id }) => id),
    (one) => {
      full.push(one)
      told.push(`${names.get(one.user.id)}${one.presence.status}${one.presence.text === null ? '' : ` ${one.presence.text}`}`)
    },
  )
  onTestFinished(stop)
  return { told, full, stop }
}
