import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readCursor } from '../../../src/engine/cursor.ts'
import { Audience, Person } from '../../../src/graphql/actor.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { applyEvents, inboxRules, type ShownEvent } from '../../support/apply-events.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { followingOf, showEvent } from '../../support/show-event.ts'

const eventDocument = `subscription { inbox { __typename cursor at
  ... on RoomAdded { roomId room { __typename id name memberCount } edge { cursor node { __typename id name memberCount } } }
  ... on RoomRemoved { roomId wasRemoved } } }`
const stateDocument = `{ viewer { __typename id inboxCursor rooms(first: 100) {
  edges { cursor node { __typename id name memberCount } } } } }`

interface State extends Record<string, unknown> {
  viewer: { inboxCursor: string; rooms: { edges: { cursor: string; node: { id: string } }[] } }
}

let domain: Domain
let ann: APerson
let ben: APerson
beforeAll(async () => {
  domain = await aDomain()
})
beforeEach(async () => {
  ;[ann, ben] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben')])
})

const change = (verb: string, actor: APerson, room: ARoom, person: APerson) =>
  actor.run(`mutation { ${verb}(input: { roomId: "${room.globalId}", userId: "${person.globalId}" }) { room { id } } }`)

const read = async (person: APerson) => (await person.run<State>(stateDocument)).data!

/** What the inbox would have delivered after that state. */
async function eventsAfter(person: APerson, { viewer }: State): Promise<ShownEvent[]> {
  const after = readCursor(viewer.inboxCursor, person.id, domain.services.epoch)
  const events = await domain.services.log.after(person.id, after, 100)
  return Promise.all(
    events.map(async (event) => {
      const { data, errors } = await showEvent<{ inbox: ShownEvent }>(domain, person.actor, eventDocument, event)
      expect(errors).toBeUndefined()
      return data!.inbox
    }),
  )
}

describe('the inbox', () => {
  it('says that one was added, where, and what the room is', async () => {
    const held = await read(ben)
    const room = await aGroup(ann, ben)
    const [event] = await eventsAfter(ben, held)
    const node = { __typename: 'GroupRoom', id: room.globalId, name: 'Friends', memberCount: 2 }
    expect(event).toMatchObject({ __typename: 'RoomAdded', roomId: room.globalId, room: node, edge: { node } })
  })

  it('keeps the id, and shows nothing more, of a room one was removed from', async () => {
    const held = await read(ben)
    const room = await aGroup(ann, ben)
    await change('removeRoomMember', ann, room, ben)
    expect(await eventsAfter(ben, held)).toMatchObject([
      { __typename: 'RoomAdded', roomId: room.globalId, room: null, edge: null },
      { __typename: 'RoomRemoved', roomId: room.globalId, wasRemoved: true },
    ])
  })

  it('is not shown to everybody who hears it without asking who may see the room', async () => {
    const held = await read(ben)
    await aGroup(ann, ben)
    const after = readCursor(held.viewer.inboxCursor, ben.id, domain.services.epoch)
    const [event] = await domain.services.log.after(ben.id, after, 1)
    const audience = new Audience(ben.id)
    await showEvent(domain, audience, eventDocument, event!)
    expect(audience.askedFor).toBeDefined()
    const onlyIds = new Audience(ben.id)
    const { data } = await showEvent(domain, onlyIds, 'subscription { inbox { __typename ... on RoomAdded { roomId } } }', event!)
    expect(data).toMatchObject({ inbox: { __typename: 'RoomAdded' } })
    expect(onlyIds.askedFor).toBeUndefined()
  })

  it('is followed by whoever has an account, from where they say', async () => {
    const { viewer } = await read(ann)
    const document = 'subscription ($after: Cursor) { inbox(after: $after) { cursor } }'
    const { following } = await followingOf(domain, ann.actor, document, { after: viewer.inboxCursor })
    expect(following!.options).toMatchObject({ streamId: ann.id, personId: ann.id, after: viewer.inboxCursor })
    await following!.options.mayFollow()
    const gone = await followingOf(domain, new Person(uuid(), uuid()), document)
    await expect(gone.following!.options.mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(codeOf(await followingOf(domain, nobody, document))).toBe('UNAUTHENTICATED')
  })
})

describe('the inbox applied to what a client held', () => {
  const stories: Record<string, (room: ARoom) => Promise<unknown>> = {
    'a direct room opened by another': () => aDirectRoom(ann, ben),
    'a direct room opened by oneself': () => aDirectRoom(ben, ann),
    'a direct room that was there': async () => {
      await aDirectRoom(ann, ben)
      await aDirectRoom(ben, ann)
    },
    'a group made with one in it': () => aGroup(ann, ben),
    'a group made by oneself': () => aGroup(ben, ann),
    'being removed': (room) => change('removeRoomMember', ann, room, ben),
    leaving: (room) => change('removeRoomMember', ben, room, ben),
    'leaving and being added again': async (room) => {
      await change('removeRoomMember', ben, room, ben)
      await change('addRoomMember', ann, room, ben)
    },
    'being added where one is': (room) => change('addRoomMember', ann, room, ben),
  }

  it.each(Object.keys(stories))('equals a fresh read after %s, once or twice', async (name) => {
    const room = await aGroup(ann, ben)
    const held = await read(ben)
    await stories[name]!(room)
    const events = await eventsAfter(ben, held)
    const { viewer } = await read(ben)
    const fresh = { viewer: { ...viewer, inboxCursor: held.viewer.inboxCursor } }
    const once = applyEvents(held, events, inboxRules)
    expect(once).toEqual(fresh)
    expect(applyEvents(once, events, inboxRules)).toEqual(fresh)
    expect(events.at(-1)?.cursor ?? held.viewer.inboxCursor).toBe(viewer.inboxCursor)
  })
})
