import type { Database } from '../../store/database.ts'
import type { Whereabouts } from '../../store/whereabouts.ts'
import { writeSeen } from './queries.ts'

export interface HereOptions {
  readonly database: Database
  readonly whereabouts: Whereabouts
  /** Tells every node that somebody's presence may have changed. */
  readonly ring: (userId: string) => void
  readonly presenceGraceMs: number
  readonly presenceLeaseMs: number
  readonly presenceSeenMs: number
  readonly onTrouble: (error: unknown) => void
}

/** Who is there by this node: whoever has a device connected to it, and for a grace after the last one went. */
export interface Here {
  /** A device of theirs is there, until what it answers is called: which may be more than once. */
  arrive(userId: string): () => void
  has(userId: string): boolean
  /** Says once more who is here: as it does every so often. */
  renew(): void
  readonly size: number
  /** Writes down when everybody here was last seen; whoever comes back elsewhere within the grace was never gone. */
  close(): Promise<void>
}

export function createHere(options: HereOptions): Here {
  const { database, whereabouts, ring, presenceGraceMs, presenceLeaseMs, presenceSeenMs, onTrouble } = options
  const people = new Map<string, PersonHere>()
  const seen = new Map<string, Date>()
  /** Who has gone once it is written down since when: so that nobody is told a time that changes at once. */
  const leaving = new Set<string>()
  let writing: NodeJS.Timeout | undefined
  let written = Promise.resolve()
  let isClosed = false

  function announce(userId: string): void {
    seen.set(userId, new Date())
    writeSoon()
    whereabouts.arrive([userId]).then(() => ring(userId), onTrouble)
  }

  function writeSoon(waitMs = gatherMs): void {
    if (!isClosed) writing ??= setTimeout(() => void write(), waitMs).unref()
  }

  /** One after the other. Never rejects. */
  function write(): Promise<void> {
    writing = undefined
    written = written.then(writeSome)
    return written
  }

  async function writeSome(): Promise<void> {
    const some = [...seen].slice(0, mostAtOnce)
    for (const [userId] of some) seen.delete(userId)
    try {
      if (some.length > 0) await writeSeen(database.sql, some)
    } catch (error) {
      for (const [userId, at] of some) if (!seen.has(userId)) seen.set(userId, at)
      onTrouble(error)
      return writeSoon(retryMs)
    }
    await letGo().catch(onTrouble)
    if (seen.size > 0) writeSoon()
  }

  async function letGo(): Promise<void> {
    const gone = [...leaving].filter((userId) => !seen.has(userId))
    for (const userId of gone) {
      leaving.delete(userId)
      people.delete(userId)
    }
    if (gone.length === 0) return
    const isElsewhere = await whereabouts.leave(gone)
    for (const [index, userId] of gone.entries()) if (!isElsewhere[index]) ring(userId)
  }

  const renew = () => void whereabouts.renew(() => [...people.keys()]).catch(onTrouble)
  const renewing = setInterval(renew, presenceLeaseMs / 3).unref()
  // What a node that is killed loses of it is no more than this.
  const seeing = setInterval(() => {
    const now = new Date()
    for (const [userId, { devices }] of people) if (devices > 0) seen.set(userId, now)
    writeSoon()
  }, presenceSeenMs).unref()

  return {
    arrive(userId) {
      let person = people.get(userId)
      if (!person) {
        person = { devices: 0, graceful: undefined, leftAt: undefined }
        people.set(userId, person)
        announce(userId)
      }
      const mine = person
      mine.devices++
      clearTimeout(mine.graceful)
      leaving.delete(userId)
      let isThere = true
      return () => {
        if (!isThere) return
        isThere = false
        if (--mine.devices > 0) return
        const leftAt = new Date()
        mine.leftAt = leftAt
        if (isClosed) return
        mine.graceful = setTimeout(() => {
          seen.set(userId, leftAt)
          leaving.add(userId)
          writeSoon()
        }, presenceGraceMs).unref()
      }
    },
    has: (userId) => people.has(userId),
    renew,
    get size() {
      return people.size
    },
    async close() {
      isClosed = true
      clearInterval(renewing)
      clearInterval(seeing)
      clearTimeout(writing)
      const now = new Date()
      for (const [userId, { devices, graceful, leftAt }] of people) {
        clearTimeout(graceful)
        seen.set(userId, devices > 0 ? now : leftAt!)
      }
      people.clear()
      leaving.clear()
      await whereabouts.retire(presenceGraceMs)
      // Where the database is away, what cannot be written now is lost.
      for (let left = seen.size + 1; seen.size < left; ) {
        left = seen.size
        await write()
      }
    },
  }
}

interface PersonHere {
  devices: number
  /** Until they are let go. */
  graceful: NodeJS.Timeout | undefined
  leftAt: Date | undefined
}

/** So that many who come or go at once are written down by one statement. */
const gatherMs = 100
const retryMs = 1000
const mostAtOnce = 1000
