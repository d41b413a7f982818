import DataLoader from 'dataloader'
import type { Bus } from '../../engine/bus.ts'
import type { Hear } from '../../engine/hearing.ts'
import type { Device } from '../../graphql/context.ts'
import type { StoredEvent } from '../../store/transact.ts'
import type { Remaining, TypingPerson, Typist, Typists } from '../../store/typists.ts'
import { createTypingScenes, type TypingScenes } from './scene.ts'
import { createWatchedRooms, type WatchedRooms } from './watched-rooms.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly typing: Typing
  }
}

export interface TypingOptions {
  readonly bus: Bus
  readonly typists: Typists
  readonly hear: Hear
  readonly acknowledgeWaitMs: number
  /** After so long an indicator lapses. */
  readonly typingMs: number
  /** What a device says again within this time is not passed on. */
  readonly typingRepeatMs: number
  /** For so long it is believed that somebody may type. */
  readonly sessionRememberedMs: number
}

/** What a device said about typing, which `device` ends if it is one that can go. */
export interface Said extends Typist {
  readonly device?: Device | undefined
}

/** Who is typing where: what this node's devices say of it, and what is told here. It passes, and stands in no log. */
export interface Typing extends Pick<WatchedRooms, 'watch'> {
  /** How many people type on devices of this node, and how many rooms are watched here: for tests and metrics. */
  readonly size: { readonly people: number; readonly watched: number }
  /** Does the work about one person in one room after what was begun before. */
  inTurn<Result>(person: TypingPerson, work: () => Promise<Result>): Promise<Result>
  readonly scenes: TypingScenes
  /** When this device said that it types, unless something has ended that since: just now, it need not be passed on again. */
  lastSaid(said: Said): 'never' | 'before' | 'just now'
  /**
   * Until it lapses, `end`, the person says something in the room or leaves it, or the device is gone. Whether they may is asked once the room
   * is heard: what takes it from them before that is seen, and what does after it is heard. Rejects where they may not.
   */
  begin(said: Said, mayBegin?: () => Promise<void>): Promise<void>
  end(said: Said): Promise<void>
  /** Who is typing in a room. Rooms asked for in the same tick are asked for at once. */
  of(roomId: string): Promise<readonly Remaining[]>
  close(): void
}

export function createTyping(options: TypingOptions): Typing {
  const { typists, hear, typingMs, typingRepeatMs, sessionRememberedMs, ...watching } = options
  const watched = createWatchedRooms({ typists, ...watching })
  const people = new Map<string, TypingHere>()
  const turns = new Map<string, Promise<unknown>>()
  const reading = new DataLoader<string, readonly Remaining[]>((roomIds) => typists.read(roomIds), { cache: false })

  function inTurn<Result>(person: TypingPerson, work: () => Promise<Result>): Promise<Result> {
    const key = keyOf(person)
    const turn = (turns.get(key) ?? Promise.resolve()).then(work)
    const isOver = turn.then(
      () => {},
      () => {},
    )
    turns.set(key, isOver)
    void isOver.then(() => turns.get(key) === isOver && turns.delete(key))
    return turn
  }

  async function enter({ roomId, personId }: TypingPerson, mayBegin: () => Promise<void>): Promise<TypingHere> {
    const key = keyOf({ roomId, personId })
    const known = people.get(key)
    if (known) return known
    const endsBy = ({ type, data }: StoredEvent) =>
      (type === 'MessageAdded' && data.actorId === personId) || (type === 'MemberLeft' && data.userId === personId)
    // Before anybody is told: what ends it is then heard, on whichever node it happens.
    const unhear = await hear(roomId, (event) => {
      if (endsBy(event)) void inTurn({ roomId, personId }, () => end({ roomId, personId }))
    })
    try {
      await mayBegin()
    } catch (error) {
      unhear()
      throw error
    }
    const here = { devices: new Map<string, DeviceHere>(), unhear }
    people.set(key, here)
    return here
  }

  /** Of one device, or of all. */
  async function end({ roomId, personId, deviceId }: TypingPerson & { readonly deviceId?: string }): Promise<void> {
    for (const id of deviceId === undefined ? [...(people.get(keyOf({ roomId, personId }))?.devices.keys() ?? [])] : [deviceId])
      forget({ roomId, personId, deviceId: id })
    const { wasThere, leftMs } = await typists.remove({ roomId, personId, ...(deviceId !== undefined && { deviceId }) })
    if (wasThere) watched.ring(roomId, { personId, leftMs })
  }

  function forget({ deviceId, ...person }: Typist): void {
    const here = people.get(keyOf(person))
    const device = here?.devices.get(deviceId)
    if (!here || !device) return
    clearTimeout(device.lapsing)
    device.stay?.()
    here.devices.delete(deviceId)
    if (here.devices.size > 0) return
    people.delete(keyOf(person))
    here.unhear()
  }

  return {
    watch: watched.watch,
    get size() {
      return { people: people.size, watched: watched.size }
    },
    inTurn,
    scenes: createTypingScenes({ rememberedMs: sessionRememberedMs }),
    lastSaid(said) {
      const device = people.get(keyOf(said))?.devices.get(said.deviceId)
      if (!device) return 'never'
      return performance.now() - device.saidAt < typingRepeatMs ? 'just now' : 'before'
    },
    async begin({ device, ...typist }, mayBegin = async () => {}) {
      const { devices } = await enter(typist, mayBegin)
      const known = devices.get(typist.deviceId)
      clearTimeout(known?.lapsing)
      devices.set(typist.deviceId, {
        saidAt: performance.now(),
        lapsing: setTimeout(() => forget(typist), typingMs).unref(),
        stay: known?.stay ?? device?.onGone(() => void inTurn(typist, () => end(typist))),
      })
      await typists.add(typist, typingMs)
      watched.ring(typist.roomId, { personId: typist.personId, leftMs: typingMs })
    },
    end: ({ device: _, ...typist }) => end(typist),
    of: (roomId) => reading.load(roomId),
    close() {
      for (const { devices, unhear } of people.values()) {
        for (const { lapsing, stay } of devices.values()) {
          clearTimeout(lapsing)
          stay?.()
        }
        unhear()
      }
      people.clear()
      watched.close()
    },
  }
}

/** Somebody who types on devices of this node. */
interface TypingHere {
  readonly devices: Map<string, DeviceHere>
  readonly unhear: () => void
}

interface DeviceHere {
  readonly saidAt: number
  readonly lapsing: NodeJS.Timeout
  /** No longer ends with the device. */
  readonly stay: (() => void) | undefined
}

function keyOf({ roomId, personId }: TypingPerson): string {
  return `${roomId} ${personId}`
}
