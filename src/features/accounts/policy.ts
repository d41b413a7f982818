import type { Actor, Person } from '../../graphql/actor.ts'

/** What is a person's own is theirs alone: their viewer, e-mail address and sessions, and what they read in their inbox. */
export function isSelf(actor: Actor, personId: string): boolean {
  // Whoever may follow a person's inbox is that person.
  return actor.hears(personId) || actor.id('it is for this person alone') === personId
}

/** For what one does as a person, under a session. */
export function requirePerson(actor: Actor): Person {
  return actor.kind === 'person' ? actor : actor.id('a session is needed')
}
