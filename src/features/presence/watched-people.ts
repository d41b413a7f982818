import type { Bus, BusSubscription } from '../../engine/bus.ts'
import { notFound } from '../../lib/refusal.ts'
import { longestTimerMs } from '../../lib/timers.ts'
import { within } from '../../lib/within.ts'
import type { Database } from '../../store/database.ts'
import type { User } from '../../store/generated/prisma/client.ts'
import { isSame, type ShownPresence, shownOf } from './policy.ts'
import { type KnownPerson, nameOf, type ReadingOptions, readPeople, readWhoSees } from './reading.ts'

/** What somebody is told of a person: the row with what they are shown of their presence now. */
export interface ToldPerson {
  readonly user: User
  readonly presence: ShownPresence
}

export type TellOfPerson = (told: ToldPerson) => void

export interface WatchedPeopleOptions extends ReadingOptions {
  readonly bus: Bus
  readonly database: Database
  readonly acknowledgeWaitMs: number
  readonly presenceRereadMs: number
  readonly onTrouble: (error: unknown) => void
}

/**
 * People whose presence somebody on this node watches. A word on the bus is a doorbell and says nothing itself: whoever is rung for is read, one
 * reading after the other, so what was read later is told later. All who are watched are read again every so often, and when the bus returns.
 */
export interface WatchedPeople {
  /**
   * Tells of each of them, then of whatever changes in what the viewer is shown, until what it resolves with is called. NOT_FOUND when one of
   * them is nobody.
   */
  watch(viewerId: string, userIds: readonly string[], tell: TellOfPerson): Promise<() => void>
  ring(userId: string): void
  /** Whom this viewer may see may have changed. */
  reconsider(viewerId: string): void
  /** Whether they were there when they were read last; false of whom nobody watches. */
  wasThere(userId: string): boolean
  readonly size: number
  /** Waits for the reading under way. */
  close(): Promise<void>
}

export function createWatchedPeople(options: WatchedPeopleOptions): WatchedPeople {
  const { bus, database, acknowledgeWaitMs, presenceRereadMs, onTrouble } = options
  const people = new Map<string, WatchedPerson>()
  const byViewer = new Map<string, Set<Watcher>>()
  /** Whom to read, and for whom: all who watch them, or only these. */
  const due = new Map<WatchedPerson, 'all' | Set<Watcher>>()
  let reading: Promise<void> | undefined
  let isClosed = false

  function want(person: WatchedPerson, watcher?: Watcher): void {
    const wanted = due.get(person)
    if (!watcher) due.set(person, 'all')
    else if (wanted !== 'all') due.set(person, (wanted ?? new Set<Watcher>()).add(watcher))
  }

  /** Reads all that is due. What becomes due meanwhile is read after it. */
  function readDue(): Promise<void> {
    reading ??= readAll()
    return reading
  }

  async function readAll(): Promise<void> {
    try {
      await pause(gatherMs)
      while (due.size > 0 && !isClosed) await readSome()
    } finally {
      // In the same turn as the last look: what becomes due from now on is read anew.
      reading = undefined
    }
  }

  function readSoon(): void {
    readDue().catch((error) => {
      onTrouble(error)
      if (!isClosed) setTimeout(readSoon, retryMs).unref()
    })
  }

  async function readSome(): Promise<void> {
    const taken: [WatchedPerson, Watcher[]][] = []
    let pairCount = 0
    for (const [person, wanted] of due) {
      due.delete(person)
      const watchers = wanted === 'all' ? [...person.told.keys()] : [...wanted].filter((watcher) => person.told.has(watcher))
      if (watchers.length > 0) taken.push([person, watchers])
      pairCount += watchers.length
      if (taken.length >= mostPeople || pairCount >= mostPairs) break
    }
    try {
      const found = await readPeople(
        database,
        options,
        taken.map(([{ id }]) => id),
      )
      const pairs = taken.flatMap(([{ id: userId }, watchers]) => watchers.map(({ viewerId }) => ({ viewerId, userId })))
      const sees = await readWhoSees(database, pairs)
      for (const [person, watchers] of taken) {
        const known = found.get(person.id)
        if (known) take(person, known)
        for (const watcher of watchers) tell(person, known, watcher, sees)
      }
    } catch (error) {
      for (const [person, watchers] of taken) for (const watcher of watchers) want(person, watcher)
      throw error
    }
  }

  /** Remembers what to compare with when they are read again, and when what they want lapses. */
  function take(person: WatchedPerson, known: KnownPerson): void {
    person.known = known
    clearTimeout(person.lapsing)
    if (known.lapsesInMs === null || isClosed || person.told.size === 0) return
    person.lapsing = setTimeout(
      () => {
        want(person)
        readSoon()
      },
      Math.min(known.lapsesInMs + 1, longestTimerMs),
    ).unref()
  }

  function tell(person: WatchedPerson, known: KnownPerson | undefined, watcher: Watcher, sees: ReadonlySet<string>): void {
    const last = person.told.get(watcher)
    // It has stopped watching meanwhile.
    if (last === undefined) return
    if (!known) return void person.told.set(watcher, 'nobody')
    const shown = shownOf(known.presence, sees.has(nameOf({ viewerId: watcher.viewerId, userId: person.id })))
    if (typeof last === 'object' && isSame(last, shown)) return
    person.told.set(watcher, shown)
    watcher.tell({ user: known.user, presence: shown })
  }

  /** Whatever the bus lost. Only who is another than before is read once more for those who watch them. */
  async function reread(): Promise<void> {
    const all = [...people.values()]
    for (let from = 0; from < all.length && !isClosed; from += mostPeople) {
      const some = all.slice(from, from + mostPeople)
      const found = await readPeople(
        database,
        options,
        some.map(({ id }) => id),
      )
      for (const person of some) {
        const now = found.get(person.id)
        if (now && person.known && !looksSame(now, person.known)) want(person)
      }
      if (due.size > 0) readSoon()
    }
  }

  let rereading: Promise<void> | undefined
  function rereadAll(): void {
    rereading ??= reread()
      .catch(onTrouble)
      .finally(() => {
        rereading = undefined
      })
  }

  const ticking = setInterval(rereadAll, presenceRereadMs).unref()
  const stopListening = bus.onReturn(rereadAll)

  function open(id: string): WatchedPerson {
    const subscription = bus.subscribe(topicOf(id), () => {
      want(person)
      readSoon()
    })
    const person: WatchedPerson = { id, subscription, told: new Map(), known: undefined, lapsing: undefined }
    people.set(id, person)
    return person
  }

  function unwatch(watcher: Watcher): void {
    for (const person of watcher.people) {
      person.told.delete(watcher)
      if (person.told.size > 0) continue
      people.delete(person.id)
      close(person)
    }
    const others = byViewer.get(watcher.viewerId)
    others?.delete(watcher)
    if (others?.size === 0) byViewer.delete(watcher.viewerId)
  }

  return {
    async watch(viewerId, userIds, tell) {
      const watcher: Watcher = { viewerId, tell, people: userIds.map((id) => people.get(id) ?? open(id)) }
      byViewer.set(viewerId, (byViewer.get(viewerId) ?? new Set<Watcher>()).add(watcher))
      for (const person of watcher.people) person.told.set(watcher, 'nothing')
      let isWatching = true
      const end = () => {
        if (isWatching) unwatch(watcher)
        isWatching = false
      }
      try {
        await within(Promise.all(watcher.people.map(({ subscription }) => subscription.ready)), acknowledgeWaitMs)
        for (const person of watcher.people) want(person, watcher)
        await readDue()
        if (watcher.people.some(({ told }) => told.get(watcher) === 'nobody')) throw notFound('user')
        return end
      } catch (error) {
        end()
        throw error
      }
    },
    ring: (userId) => bus.publish(topicOf(userId), {}),
    reconsider(viewerId) {
      for (const watcher of byViewer.get(viewerId) ?? []) for (const person of watcher.people) want(person, watcher)
      if (due.size > 0) readSoon()
    },
    wasThere: (userId) => people.get(userId)?.known?.presence.isThere ?? false,
    get size() {
      return people.size
    },
    async close() {
      isClosed = true
      clearInterval(ticking)
      stopListening()
      for (const person of people.values()) close(person)
      people.clear()
      due.clear()
      await Promise.allSettled([reading, rereading])
    },
  }
}

interface Watcher {
  readonly viewerId: string
  readonly tell: TellOfPerson
  readonly people: readonly WatchedPerson[]
}

interface WatchedPerson {
  readonly id: string
  readonly subscription: BusSubscription
  /** Who watches them, and what each was told last. */
  readonly told: Map<Watcher, ShownPresence | 'nothing' | 'nobody'>
  /** As they were read last. */
  known: KnownPerson | undefined
  lapsing: NodeJS.Timeout | undefined
}

/** To whoever may see them. */
function looksSame({ presence: one }: KnownPerson, { presence: other }: KnownPerson): boolean {
  return one.isClosed === other.isClosed && isSame(shownOf(one, true), shownOf(other, true))
}

function close({ subscription, lapsing }: WatchedPerson): void {
  subscription.close()
  clearTimeout(lapsing)
}

function topicOf(userId: string): string {
  return `parley:presence:${userId}`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** So that many who are rung for at once are read by one statement. */
const gatherMs = 20
const mostPeople = 1000
const mostPairs = 5000
const retryMs = 1000
