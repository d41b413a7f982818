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
  /** Of whom is told that they are gone once it is written down since when. */
  const gone = new Set<string>()
  let writing: NodeJS.Timeout | undefined
  let written = Promise.resolve()
  let isClosed = false

  function arrive(userId: string): void {
    seen.set(userId, new Date())
    writeSoon()
    whereabouts.arrive([userId]).then(() => ring(userId), onTrouble)
  }

  async function depart(userId: string, at: Date): Promise<void> {
    people.delete(userId)
    seen.set(userId, at)
    const [isElsewhere] = await whereabouts.leave([userId])
    // Somebody who came back meanwhile was told of by that.
    if (!isElsewhere && !people.has(userId)) gone.add(userId)
    writeSoon()
  }

  function writeSoon(): void {
    if (!isClosed) writing ??= setTimeout(() => void write(), gatherMs).unref()
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
    }
    for (const userId of gone) ring(userId)
    gone.clear()
    if (seen.size > 0) writeSoon()
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
        person = { devices: 0, leaving: undefined, leftAt: undefined }
        people.set(userId, person)
        arrive(userId)
      }
      const mine = person
      mine.devices++
      clearTimeout(mine.leaving)
      let isThere = true
      return () => {
        if (!isThere) return
        isThere = false
        if (--mine.devices > 0) return
        const leftAt = new Date()
        mine.leftAt = leftAt
        if (!isClosed) mine.leaving = setTimeout(() => depart(userId, leftAt).catch(onTrouble), presenceGraceMs).unref()
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
      for (const [userId, { devices, leaving, leftAt }] of people) {
        clearTimeout(leaving)
        seen.set(userId, devices > 0 ? now : leftAt!)
      }
      people.clear()
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
  leaving: NodeJS.Timeout | undefined
  leftAt: Date | undefined
}

/** So that many who come or go at once are written down by one statement. */
const gatherMs = 100
const mostAtOnce = 1000
