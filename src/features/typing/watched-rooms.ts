import type { Bus, BusSubscription } from '../../engine/bus.ts'
import { longestTimerMs } from '../../lib/timers.ts'
import { within } from '../../lib/within.ts'
import type { User } from '../../store/generated/prisma/client.ts'
import type { Remaining, Typists } from '../../store/typists.ts'

/** Whether somebody types, as those who watch the room are told. One object for all of them: what it shows is made once. */
export interface TypingState {
  readonly userId: string
  readonly isTyping: boolean
  /** When it ends by itself, by this node's clock. */
  readonly expiresAt: Date | null
  /** The same for all that is told of them until they stop: who they are is read once. */
  readonly typist: { user?: User }
}

export type Tell = (state: TypingState) => void

export interface WatchedRoomsOptions {
  readonly bus: Bus
  readonly typists: Typists
  readonly acknowledgeWaitMs: number
}

/** The rooms in which somebody on this node watches who is typing. An indicator ends here by itself, whatever becomes of whoever types. */
export interface WatchedRooms {
  /** Tells who is typing, then whatever changes, until what it resolves with is called. */
  watch(roomId: string, tell: Tell): Promise<() => void>
  /** Tells all nodes, this one too, for how much longer somebody types; 0: no more. */
  ring(roomId: string, left: Remaining): void
  readonly size: number
  close(): void
}

export function createWatchedRooms({ bus, typists, acknowledgeWaitMs }: WatchedRoomsOptions): WatchedRooms {
  const rooms = new Map<string, WatchedRoom>()
  const stopListening = bus.onReturn(() => {
    for (const room of rooms.values()) void room.read()
  })

  return {
    async watch(roomId, tell) {
      const room = rooms.get(roomId) ?? new WatchedRoom(roomId, bus, typists)
      rooms.set(roomId, room)
      room.watchers++
      await within(room.isRead, acknowledgeWaitMs)
      room.tellers.add(tell)
      room.tellAll(tell)
      return () => {
        if (!room.tellers.delete(tell) || --room.watchers > 0) return
        if (rooms.get(roomId) === room) rooms.delete(roomId)
        room.close()
      }
    },
    ring: (roomId, { personId, leftMs }) => bus.publish(topicOf(roomId), { personId, leftMs } satisfies Remaining),
    get size() {
      return rooms.size
    },
    close() {
      stopListening()
      for (const room of rooms.values()) room.close()
      rooms.clear()
    },
  }
}

class WatchedRoom {
  readonly tellers = new Set<Tell>()
  /** Also those that are still to be told for the first time. */
  watchers = 0
  /** Once the bus is heard, and who typed before that is known: while the bus is down it waits. */
  readonly isRead: Promise<void>
  readonly #id: string
  readonly #typists: Typists
  readonly #subscription: BusSubscription
  readonly #typing = new Map<string, { readonly state: TypingState; readonly ending: NodeJS.Timeout }>()
  /** Of whom something was heard since a reading began: that is newer. */
  #heard: Set<string> | undefined
  #isClosed = false

  constructor(id: string, bus: Bus, typists: Typists) {
    this.#id = id
    this.#typists = typists
    this.#subscription = bus.subscribe(topicOf(id), (message) => {
      if (!isRemaining(message)) return
      this.#heard?.add(message.personId)
      this.#take(message)
    })
    this.isRead = this.#subscription.ready.then(() => this.read())
  }

  /** Takes in who is typing, as far as that was not heard. Who is not any more lapses. */
  async read(): Promise<void> {
    const heard = new Set<string>()
    this.#heard = heard
    const [found = []] = await this.#typists.read([this.#id])
    if (this.#heard === heard) this.#heard = undefined
    for (const left of found) if (!heard.has(left.personId)) this.#take(left)
  }

  tellAll(tell: Tell): void {
    for (const { state } of this.#typing.values()) tell(state)
  }

  close(): void {
    this.#isClosed = true
    this.#subscription.close()
    for (const { ending } of this.#typing.values()) clearTimeout(ending)
    this.#typing.clear()
  }

  #take({ personId, leftMs }: Remaining): void {
    if (this.#isClosed) return
    const known = this.#typing.get(personId)
    clearTimeout(known?.ending)
    const typist = known?.state.typist ?? {}
    if (leftMs > 0) {
      const state = { userId: personId, isTyping: true, expiresAt: new Date(Date.now() + leftMs), typist }
      const ending = setTimeout(() => this.#take({ personId, leftMs: 0 }), leftMs).unref()
      this.#typing.set(personId, { state, ending })
      this.#tell(state)
    } else if (known) {
      this.#typing.delete(personId)
      this.#tell({ userId: personId, isTyping: false, expiresAt: null, typist })
    }
  }

  #tell(state: TypingState): void {
    for (const tell of this.tellers) tell(state)
  }
}

function topicOf(roomId: string): string {
  return `parley:typing:${roomId}`
}

/** What was rung by no version of ours is nothing. */
function isRemaining(message: object | null): message is Remaining {
  const { personId, leftMs } = (message ?? {}) as Partial<Record<keyof Remaining, unknown>>
  return typeof personId === 'string' && typeof leftMs === 'number' && leftMs >= 0 && leftMs <= longestTimerMs
}
