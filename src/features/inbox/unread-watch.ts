import type { State } from '../../engine/following.ts'
import type { Hear } from '../../engine/hearing.ts'
import type { Newest } from '../../engine/newest.ts'
import type { Database } from '../../store/database.ts'
import type { StoredEvent } from '../../store/transact.ts'
import { Owed } from './owed.ts'
import { createPlaces, momentOf, type Place } from './unread-queries.ts'
import { UnreadRooms, type UnreadRoomsOptions, type WatchedSeat } from './unread-rooms.ts'
import { type UnreadState, UnreadStates } from './unread-states.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly unread: UnreadWatch
  }
}

/** Tells everybody who follows their inbox on this node when one of their rooms has moved: see docs/events.md. */
export interface UnreadWatch {
  /**
   * From when this resolves on they are told. `after`, a place in their inbox: first of every room with something unread, or that moved since
   * that event, or in which their mark did. Rejects when the database cannot be reached.
   */
  watch(personId: string, newest: Newest<State>, after: number | undefined): Promise<() => void>
  /** How many are told, of how many people, and how many rooms are watched: for tests and metrics. */
  readonly readers: number
  readonly people: number
  readonly rooms: number
}

export interface OwnedUnreadWatch extends UnreadWatch {
  /** Waits for what is being counted. */
  close(): Promise<void>
}

export interface UnreadWatchOptions extends Pick<UnreadRoomsOptions, 'hub' | 'unreadEveryMs'> {
  readonly hear: Hear
  /** As long as a transaction can take: what bears an earlier time than an event may have been committed so much later. */
  readonly transactionMostMs: number
  readonly onTrouble: (error: unknown) => void
}

export function createUnreadWatch(database: Database, options: UnreadWatchOptions): OwnedUnreadWatch {
  const { hear, transactionMostMs, onTrouble } = options
  const people = new Map<string, WatchedPerson>()
  const places = createPlaces(database)
  const states = new UnreadStates(database)
  const rooms = new UnreadRooms({
    ...options,
    onTurn(seats) {
      for (const seat of seats) recount(seat)
    },
  })
  const owed = new Owed(onTrouble)
  let readers = 0
  let isClosed = false

  /** Tells all their devices; what is asked for already is told once. */
  function recount(seat: WatchedSeat): void {
    const person = people.get(seat.userId)
    if (!person || !isTaken(seat) || isClosed) return
    const asked = states.ask(seat)
    if (person.asked.get(seat) === asked) return
    person.asked.set(seat, asked)
    asked
      .then((state) => {
        for (const newest of person.readers) tell(newest, seat, state)
      })
      .catch((error) => owed.add(seat, () => isTaken(seat) && recount(seat), error))
      .finally(() => {
        if (person.asked.get(seat) === asked) person.asked.delete(seat)
      })
  }

  function isTaken(seat: WatchedSeat): boolean {
    return people.get(seat.userId)?.seats.get(seat.room.id) === seat
  }

  function tell(newest: Newest<State>, seat: WatchedSeat, state: UnreadState): void {
    // Whoever has lost the room meanwhile, or came back to it, is told nothing of how it stood before.
    if (isTaken(seat)) newest.tell(seat.room.id, state)
  }

  function heard(person: WatchedPerson, { type, data }: StoredEvent): void {
    const roomId = data.roomId as string
    if (type === 'ReadMarkMoved') {
      const seat = person.seats.get(roomId)
      if (seat) recount(seat)
    } else if (type === 'RoomRemoved') {
      person.isStale = true
      rise(person, roomId)
    } else if (type === 'RoomAdded') refreshLater(person)
  }

  function refreshLater(person: WatchedPerson): void {
    refresh(person).catch((error) => owed.add(person, () => isHere(person) && refreshLater(person), error))
  }

  /** Reads where they are. What changes meanwhile is read again, so that nobody is seated where they are no more. */
  function refresh(person: WatchedPerson): Promise<void> {
    person.isStale = true
    person.refreshing ??= readPlaces(person)
    return person.refreshing
  }

  async function readPlaces(person: WatchedPerson): Promise<void> {
    let found: readonly Place[] = []
    let readAt = 0
    try {
      while (person.isStale) {
        person.isStale = false
        readAt = performance.now()
        found = await places.load(person.id)
      }
    } finally {
      // In the same turn as the last look: what is different from now on is read anew.
      person.refreshing = undefined
    }
    if (isHere(person)) seatAt(person, found, readAt)
  }

  function seatAt(person: WatchedPerson, found: readonly Place[], readAt: number): void {
    for (const { roomId, head } of found) {
      if (person.seats.has(roomId)) continue
      const { seat, isLate } = rooms.sit(person.id, roomId, head, readAt)
      person.seats.set(roomId, seat)
      // Of a room that came later, what happened since it was shown as added.
      if (person.isOpen || isLate) recount(seat)
    }
    person.isOpen = true
  }

  function rise(person: WatchedPerson, roomId: string): void {
    const seat = person.seats.get(roomId)
    if (!seat) return
    person.seats.delete(roomId)
    person.asked.delete(seat)
    rooms.rise(seat)
    for (const newest of person.readers) newest.forget(roomId)
  }

  function isHere(person: WatchedPerson): boolean {
    return people.get(person.id) === person
  }

  async function open(person: WatchedPerson): Promise<void> {
    person.unhear = await hear(person.id, (event) => heard(person, event))
    await refresh(person)
  }

  function arrive(id: string): WatchedPerson {
    const person: WatchedPerson = {
      id,
      readers: new Set(),
      seats: new Map(),
      asked: new Map(),
      opening: Promise.resolve(),
      isStale: false,
      isOpen: false,
    }
    people.set(id, person)
    person.opening = open(person)
    return person
  }

  function leave(person: WatchedPerson, newest: Newest<State>): void {
    if (!person.readers.delete(newest)) return
    readers--
    if (person.readers.size > 0) return
    for (const roomId of [...person.seats.keys()]) rise(person, roomId)
    person.unhear?.()
    if (isHere(person)) people.delete(person.id)
  }

  async function catchUp(person: WatchedPerson, newest: Newest<State>, after: number): Promise<void> {
    const [moment, found] = await Promise.all([momentOf(database, person.id, after), places.load(person.id)])
    const since = moment ? moment.getTime() - transactionMostMs : Number.NEGATIVE_INFINITY
    const tellOf = async (place: Place) => {
      const seat = person.seats.get(place.roomId)
      const isMoved = place.activeAt.getTime() >= since || (place.markedAt?.getTime() ?? 0) >= since
      // Nothing is unread where nothing came after the mark.
      if (!seat || (!isMoved && place.head <= (place.markSeq ?? place.head))) return
      const state = await states.ask(seat)
      const { unreadCount, unreadMentionCount } = state.unread
      if (isMoved || unreadCount > 0 || unreadMentionCount > 0) tell(newest, seat, state)
    }
    await Promise.all(found.map(tellOf))
  }

  return {
    async watch(personId, newest, after) {
      const person = people.get(personId) ?? arrive(personId)
      person.readers.add(newest)
      readers++
      try {
        await person.opening
        if (after !== undefined) await catchUp(person, newest, after)
      } catch (error) {
        leave(person, newest)
        throw error
      }
      return () => leave(person, newest)
    },
    get readers() {
      return readers
    },
    get people() {
      return people.size
    },
    get rooms() {
      return rooms.size
    },
    async close() {
      isClosed = true
      owed.close()
      rooms.close()
      await states.close()
    },
  }
}

interface WatchedPerson {
  readonly id: string
  readonly readers: Set<Newest<State>>
  readonly seats: Map<string, WatchedSeat>
  /** What is being counted, and is told when it comes. */
  readonly asked: Map<WatchedSeat, Promise<UnreadState>>
  opening: Promise<void>
  unhear?: () => void
  refreshing?: Promise<void> | undefined
  /** Their rooms are others than those that were read last. */
  isStale: boolean
  /** Their rooms were read. */
  isOpen: boolean
}
