/**
 * Who is typing where, by rooms, people and their devices. What it promises, and `test/contract/typists.ts` holds each to:
 *
 * - Whoever was added is there until they are removed, or until their time is over: by itself, whatever happens to whoever added them.
 * - Somebody types for as long as one of their devices does.
 * - With Redis it is one for all nodes, in memory for this one. What is over is forgotten: it holds no more than who typed lately.
 * - It never fails: while it cannot be reached, nobody is typing, and nobody waits for it.
 */
export interface Typists {
  add(typist: Typist, lapseMs: number): Promise<void>
  /** One device stopped; without a device, all of that person's did. */
  remove(typist: TypingPerson & { readonly deviceId?: string }): Promise<Removed>
  /** Of each room who is typing, in the order of the rooms, in one round trip. */
  read(roomIds: readonly string[]): Promise<readonly (readonly Remaining[])[]>
}

export interface TypingPerson {
  readonly roomId: string
  readonly personId: string
}

export interface Typist extends TypingPerson {
  readonly deviceId: string
}

/** For how long somebody is typing yet, unless they go on. */
export interface Remaining {
  readonly personId: string
  readonly leftMs: number
}

export interface Removed {
  readonly wasThere: boolean
  /** How long another of their devices goes on; 0 when none does. */
  readonly leftMs: number
}

export const nobodyRemoved: Removed = { wasThere: false, leftMs: 0 }

/** For one node. */
export function createMemoryTypists(): Typists & { readonly size: number } {
  /** By room, person and device: until when. Rooms in the order in which somebody was last added. */
  const rooms = new Map<string, Map<string, Map<string, number>>>()

  function forgetLapsed(now: number): void {
    for (const [roomId, people] of rooms) {
      for (const [personId, devices] of people) {
        for (const [deviceId, until] of devices) if (until <= now) devices.delete(deviceId)
        if (devices.size === 0) people.delete(personId)
      }
      // Those after it were added to later.
      if (people.size > 0) return
      rooms.delete(roomId)
    }
  }

  const longest = (devices: ReadonlyMap<string, number>, now: number) => Math.max(0, ...[...devices.values()].map((until) => until - now))

  return {
    get size() {
      return rooms.size
    },
    async add({ roomId, personId, deviceId }, lapseMs) {
      const now = performance.now()
      const people = rooms.get(roomId) ?? new Map<string, Map<string, number>>()
      rooms.delete(roomId)
      forgetLapsed(now)
      rooms.set(roomId, people)
      const devices = people.get(personId) ?? new Map<string, number>()
      people.set(personId, devices)
      devices.set(deviceId, now + lapseMs)
    },
    async remove({ roomId, personId, deviceId }) {
      const now = performance.now()
      const people = rooms.get(roomId)
      const devices = people?.get(personId)
      if (!people || !devices) return nobodyRemoved
      const gone = deviceId === undefined ? longest(devices, now) : (devices.get(deviceId) ?? 0) - now
      if (deviceId === undefined) devices.clear()
      else devices.delete(deviceId)
      const leftMs = longest(devices, now)
      if (leftMs === 0) people.delete(personId)
      if (people.size === 0) rooms.delete(roomId)
      return { wasThere: gone > 0, leftMs }
    },
    async read(roomIds) {
      const now = performance.now()
      return roomIds.map((roomId) =>
        [...(rooms.get(roomId) ?? [])].flatMap(([personId, devices]) => {
          const leftMs = longest(devices, now)
          return leftMs > 0 ? [{ personId, leftMs }] : []
        }),
      )
    },
  }
}
