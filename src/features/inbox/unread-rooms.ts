import type { Hub } from '../../engine/hub.ts'
import type { Arrival } from '../../engine/live-stream.ts'
import { isQuiet, outdates } from '../../graphql/facts.ts'
import type { Seat } from './unread-states.ts'

/** A person's seat in a room that is watched. */
export interface WatchedSeat extends Seat {
  readonly room: WatchedRoom
}

export interface UnreadRoomsOptions {
  readonly hub: Pick<Hub, 'watch'>
  /** At least so long between two turns of a room. */
  readonly unreadEveryMs: number
  /** It is that room's turn: something may be different for those who sit there. */
  readonly onTurn: (seats: Iterable<WatchedSeat>) => void
}

/**
 * The rooms of everybody who follows their inbox on this node. Each is watched once, and has its turn when it has moved: at once, and at most
 * once in `unreadEveryMs`. What is quiet, such as how far others have read, moves no room.
 */
export class UnreadRooms {
  readonly #options: UnreadRoomsOptions
  readonly #rooms = new Map<string, WatchedRoom>()

  constructor(options: UnreadRoomsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#rooms.size
  }

  /** Of what happened after that position, of which they know, they hear; answers also whether some of it may have had its turn already. */
  sit(userId: string, roomId: string, position: number, readAt: number): { seat: WatchedSeat; isLate: boolean } {
    const room = this.#rooms.get(roomId) ?? this.#open(roomId, position)
    const seat = { userId, room }
    room.seats.add(seat)
    return { seat, isLate: room.movedAt >= readAt }
  }

  rise(seat: WatchedSeat): void {
    const { room } = seat
    room.seats.delete(seat)
    if (room.seats.size > 0) return
    this.#rooms.delete(room.id)
    this.#close(room)
  }

  close(): void {
    for (const room of this.#rooms.values()) this.#close(room)
    this.#rooms.clear()
  }

  #open(roomId: string, position: number): WatchedRoom {
    const room: WatchedRoom = {
      id: roomId,
      seats: new Set(),
      takenBack: 0,
      movedAt: Number.NEGATIVE_INFINITY,
      turnAt: Number.NEGATIVE_INFINITY,
      stop: this.#options.hub.watch(roomId, position, (event) => this.#move(room, event)),
    }
    this.#rooms.set(roomId, room)
    return room
  }

  #close(room: WatchedRoom): void {
    clearTimeout(room.timer)
    room.stop()
  }

  #move(room: WatchedRoom, event: Arrival | undefined): void {
    if (event && isQuiet(event)) return
    if (!event || outdates(event) !== undefined) room.takenBack++
    room.movedAt = performance.now()
    if (room.timer) return
    const wait = room.turnAt + this.#options.unreadEveryMs - room.movedAt
    if (wait <= 0) this.#turn(room)
    else room.timer = setTimeout(() => this.#turn(room), wait).unref()
  }

  #turn(room: WatchedRoom): void {
    room.timer = undefined
    room.turnAt = performance.now()
    this.#options.onTurn(room.seats)
  }
}

interface WatchedRoom {
  readonly id: string
  readonly seats: Set<WatchedSeat>
  readonly stop: () => void
  takenBack: number
  /** By a clock that nobody sets back, as are all moments here. */
  movedAt: number
  turnAt: number
  timer?: NodeJS.Timeout | undefined
}
