import type { StoredEvent } from '../store/transact.ts'
import type { Held, Hub } from './hub.ts'

/** Somebody's socket or stream on this node. Hears everything in the person's inbox: among it, whatever ends their access. */
export interface Guest {
  heard(event: StoredEvent): void
}

/** Who is connected to this node. Their inboxes are followed for as long as they are, so that what ends their access finds them. */
export interface Attendance {
  /** From before this resolves the guest hears of everything new: ask for rights and sessions only after it. */
  attend(personId: string, guest: Guest): Promise<() => void>
  /** How many guests a person has here. */
  guestsOf(personId: string): number
}

export function createAttendance(hub: Hub): Attendance {
  const people = new Map<string, Person>()

  interface Person {
    readonly guests: Set<Guest>
    readonly held: Promise<Held>
    stop?: () => void
  }

  function arrive(personId: string): Person {
    const person: Person = { guests: new Set(), held: hub.hold(personId, { isUrgent: true }) }
    people.set(personId, person)
    return person
  }

  function listen(person: Person, { stream, head }: Held): void {
    let position = head ?? stream.head
    person.stop = stream.follow(() => {
      // The ring holds all that is new: it grows by fewer events at a time than it keeps.
      const entries = stream.inRing(position, Number.MAX_SAFE_INTEGER) ?? []
      position = stream.head
      for (const { event } of entries) for (const guest of person.guests) guest.heard(event)
    })
  }

  function leave(personId: string, person: Person, guest: Guest): void {
    if (!person.guests.delete(guest) || person.guests.size > 0) return
    if (people.get(personId) === person) people.delete(personId)
    person.stop?.()
    person.held.then(
      (held) => held.release(),
      () => {},
    )
  }

  return {
    async attend(personId, guest) {
      const person = people.get(personId) ?? arrive(personId)
      person.guests.add(guest)
      try {
        const held = await person.held
        if (!person.stop && person.guests.size > 0) listen(person, held)
      } catch (error) {
        leave(personId, person, guest)
        throw error
      }
      return () => leave(personId, person, guest)
    },
    guestsOf: (personId) => people.get(personId)?.guests.size ?? 0,
  }
}
