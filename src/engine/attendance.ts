import type { StoredEvent } from '../store/transact.ts'
import type { Hear } from './hearing.ts'

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

export function createAttendance(hear: Hear): Attendance {
  const people = new Map<string, Person>()

  interface Person {
    readonly guests: Set<Guest>
    /** Resolves once their inbox is heard, with how to stop. */
    readonly hearing: Promise<() => void>
  }

  function arrive(personId: string): Person {
    const guests = new Set<Guest>()
    const tellAll = (event: StoredEvent) => {
      for (const guest of guests) guest.heard(event)
    }
    const person = { guests, hearing: hear(personId, tellAll, { isUrgent: true }) }
    people.set(personId, person)
    return person
  }

  function leave(personId: string, person: Person, guest: Guest): void {
    if (!person.guests.delete(guest) || person.guests.size > 0) return
    if (people.get(personId) === person) people.delete(personId)
    person.hearing.then(
      (stop) => stop(),
      () => {},
    )
  }

  return {
    async attend(personId, guest) {
      const person = people.get(personId) ?? arrive(personId)
      person.guests.add(guest)
      try {
        await person.hearing
      } catch (error) {
        leave(personId, person, guest)
        throw error
      }
      return () => leave(personId, person, guest)
    },
    guestsOf: (personId) => people.get(personId)?.guests.size ?? 0,
  }
}
