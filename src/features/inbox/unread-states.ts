import type { State } from '../../engine/following.ts'
import { type Known, known, Loaders } from '../../graphql/loaders.ts'
import type { Database } from '../../store/database.ts'
import { userById } from '../accounts/queries.ts'
import { lastMessageOf } from '../messages/queries.ts'
import { type Unread, unreadOf } from '../receipts/unread.ts'
import { membershipOf, roomById, roomNatureById } from '../rooms/queries.ts'

/** Somebody in a room. */
export interface Seat {
  readonly userId: string
  readonly room: {
    readonly id: string
    /** How often something that was said there was taken back: what was read before that is shown to nobody. */
    readonly takenBack: number
  }
}

/** What an UnreadChanged tells, with the rows that showing it mostly takes. */
export interface UnreadState extends State {
  readonly unread: Unread
}

/**
 * Reads how things stand for people in rooms: one reading at a time, of all that was asked for meanwhile, in as many statements for a thousand
 * as for one. Whoever asks for what is not being read yet shares it.
 */
export class UnreadStates {
  readonly #database: Database
  readonly #waiting = new Map<Seat, Asked>()
  #reading: Promise<void> | undefined

  constructor(database: Database) {
    this.#database = database
  }

  /** Counted after this was called. The same promise as long as it waits; they resolve in the order in which they were first asked for. */
  ask(seat: Seat): Promise<UnreadState> {
    const found = this.#waiting.get(seat)
    if (found) return found.promise
    const asked = {} as Asked
    asked.promise = new Promise((resolve, reject) => Object.assign(asked, { resolve, reject }))
    this.#waiting.set(seat, asked)
    this.#reading ??= this.#readAll()
    return asked.promise
  }

  /** Waits for the reading under way. What waits behind it is not read any more. */
  async close(): Promise<void> {
    this.#waiting.clear()
    await this.#reading
  }

  async #readAll(): Promise<void> {
    // What is asked for in the same turn belongs together.
    await new Promise(setImmediate)
    while (this.#waiting.size > 0) {
      const some = [...this.#waiting].slice(0, mostSeats)
      for (const [seat] of some) this.#waiting.delete(seat)
      try {
        const states = await this.#read(some.map(([seat]) => seat))
        for (const [index, [, { resolve }]] of some.entries()) resolve(states[index]!)
      } catch (error) {
        for (const [, { reject }] of some) reject(error)
      }
    }
    this.#reading = undefined
  }

  async #read(seats: readonly Seat[]): Promise<UnreadState[]> {
    const takenBack = seats.map(({ room }) => room.takenBack)
    const loaders = new Loaders(this.#database)
    // Position before state.
    const rooms = await Promise.all(seats.map(({ room: { id } }) => loaders.load(roomById, id)))
    const rows = await Promise.all(
      seats.map(async ({ userId, room: { id: roomId } }, index): Promise<Known[]> => {
        const room = rooms[index]!
        const key = { roomId, userId }
        const [unread, membership, last] = await Promise.all([
          loaders.load(unreadOf, key),
          loaders.load(membershipOf, key),
          loaders.load(lastMessageOf, roomId),
        ])
        const sender = last && (await loaders.load(userById, last.senderId))
        return [
          known(unreadOf, key, unread),
          known(membershipOf, key, membership),
          known(roomById, roomId, room),
          known(roomNatureById, roomId, room),
          known(lastMessageOf, roomId, last),
          ...(sender ? [known(userById, sender.id, sender)] : []),
        ]
      }),
    )
    const at = new Date()
    return seats.map((seat, index) => {
      const [counted] = rows[index]!
      return new Counted(seat, { at, unread: counted!.row as Unread, rows: rows[index]!, takenBack: takenBack[index]! })
    })
  }
}

interface Asked {
  promise: Promise<UnreadState>
  resolve(state: UnreadState): void
  reject(error: unknown): void
}

class Counted implements UnreadState {
  readonly type = 'UnreadChanged'
  readonly data: { readonly roomId: string }
  readonly at: Date
  readonly unread: Unread
  readonly #room: Seat['room']
  readonly #takenBack: number
  readonly #rows: readonly Known[]

  constructor({ room }: Seat, read: { at: Date; unread: Unread; rows: readonly Known[]; takenBack: number }) {
    this.data = { roomId: room.id }
    this.at = read.at
    this.unread = read.unread
    this.#room = room
    this.#takenBack = read.takenBack
    this.#rows = read.rows
  }

  /** Whoever reads slowly shows it later: none, once something was taken back that may stand in them. */
  get rows(): readonly Known[] | undefined {
    return this.#room.takenBack === this.#takenBack ? this.#rows : undefined
  }
}

const mostSeats = 1000
