import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeCursor } from '../../../src/engine/cursor.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { applyEvents, roomRules, type ShownEvent } from '../../support/apply-events.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { followingOf, showEvent } from '../../support/show-event.ts'

const fragments = `
  fragment RoomParts on Room { __typename id name topic memberCount lastActivityAt }
  fragment MemberParts on RoomMember { __typename id role joinedAt user { __typename id name } }
  fragment EventParts on RoomEvent { __typename cursor seq at roomId actor { id }
    ... on MemberJoined { member { ...MemberParts } room { ...RoomParts } }
    ... on MemberLeft { user { id } memberId wasRemoved room { ...RoomParts } }
    ... on MemberUpdated { member { ...MemberParts } }
    ... on RoomUpdated { room { ...RoomParts } } }`
const stateDocument = `query ($id: ID!) { room(id: $id) { ...RoomParts cursor viewerMembership { __typename id role }
  members(first: 100) { nodes { ...MemberParts } } } }
  fragment RoomParts on Room { __typename id name topic memberCount lastActivityAt }
  fragment MemberParts on RoomMember { __typename id role joinedAt user { __typename id name } }`
const pageDocument = `query ($id: ID!, $after: Cursor!, $first: Int = 100) {
  roomEvents(roomId: $id, after: $after, first: $first) { cursor hasMore events { ...EventParts } } } ${fragments}`

interface Page extends Record<string, unknown> {
  roomEvents: { cursor: string; hasMore: boolean; events: (ShownEvent & { seq: number })[] }
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})
beforeEach(async () => {
  room = await aGroup(ann, ben)
})

const at = (seq: number, streamId = room.id, epoch = domain.services.epoch) => encodeCursor({ streamId, epoch, seq })
const rename = (name: string) =>
  ann.run('mutation ($r: ID!, $name: String!) { updateRoom(input: { roomId: $r, name: $name }) { room { id } } }', {
    r: room.globalId,
    name,
  })
const retopic = (topic: string) =>
  ann.run('mutation ($r: ID!, $topic: String!) { updateRoom(input: { roomId: $r, topic: $topic }) { room { id } } }', {
    r: room.globalId,
    topic,
  })
const target = (verb: string, person: APerson) => `${verb}(input: { roomId: "${room.globalId}", userId: "${person.globalId}" })`
const add = (person: APerson) => ann.run(`mutation { ${target('addRoomMember', person)} { room { id } } }`)
const remove = (actor: APerson, person: APerson) => actor.run(`mutation { ${target('removeRoomMember', person)} { memberId } }`)
const setRole = (person: APerson, role: string) =>
  ann.run(`mutation { setRoomRole(input: { roomId: "${room.globalId}", userId: "${person.globalId}", role: ${role} }) { room { id } } }`)

describe('the events of a room, read in pages', () => {
  const page = (after: string, first?: number, person = ann) => person.run<Page>(pageDocument, { id: room.globalId, after, first })

  it('come in order, none missing and none twice, until there are no more', async () => {
    for (let number = 1; number <= 5; number++) await retopic(`Topic ${number}`)
    const seqs: number[] = []
    const more: boolean[] = []
    for (let after = at(0); ; ) {
      const { cursor, hasMore, events } = (await page(after, 2)).data!.roomEvents
      seqs.push(...events.map(({ seq }) => seq))
      more.push(hasMore)
      expect(cursor).toBe(events.at(-1)?.cursor)
      after = cursor
      if (!hasMore) break
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5])
    expect(more).toEqual([true, true, false])
  })

  it('say who did what, when and where', async () => {
    await add(cid)
    await remove(ann, cid)
    const { events } = (await page(at(0))).data!.roomEvents
    const memberId = events[0]!.member.id
    // After each of the two comes the message that says so.
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    const common = { roomId: room.globalId, actor: { id: ann.globalId } }
    expect(events.filter(({ __typename }) => __typename !== 'MessageAdded')).toMatchObject([
      {
        __typename: 'MemberJoined',
        seq: 1,
        cursor: at(1),
        ...common,
        member: { user: { name: 'Cid' }, role: 'MEMBER' },
        room: { memberCount: 2 },
      },
      { __typename: 'MemberLeft', seq: 3, cursor: at(3), ...common, user: { id: cid.globalId }, memberId, wasRemoved: true },
    ])
    const [left] = await domain.services.log.after(room.id, 2, 1)
    expect(events[2]!.at).toBe(left!.at.toISOString())
  })

  it('end at the head: there the page is empty, and its cursor stays good', async () => {
    const { data } = await page(at(0))
    expect(data).toEqual({ roomEvents: { cursor: at(0), hasMore: false, events: [] } })
    await retopic('Later')
    expect((await page(data!.roomEvents.cursor)).data!.roomEvents.events).toHaveLength(1)
  })

  it('are not replayed in part: what is no longer kept, ahead or of another history is CURSOR_EXPIRED', async () => {
    for (const name of ['One', 'Two', 'Three']) await retopic(name)
    await domain.database.sql('delete from event where stream_id = $1 and seq = 1', [room.id])
    expect(codeOf(await page(at(0)))).toBe('CURSOR_EXPIRED')
    expect((await page(at(1))).data!.roomEvents.events).toHaveLength(2)
    await domain.database.sql('delete from event where stream_id = $1', [room.id])
    expect(codeOf(await page(at(1)))).toBe('CURSOR_EXPIRED')
    expect((await page(at(3))).data!.roomEvents.events).toEqual([])
    expect(codeOf(await page(at(4)))).toBe('CURSOR_EXPIRED')
    expect(codeOf(await page(at(3, room.id, uuid())))).toBe('CURSOR_EXPIRED')
  })

  it('refuse what is no cursor of this room, and pages of no size', async () => {
    for (const after of ['nonsense', at(0, uuid()), at(0, ann.id)])
      expect((await page(after)).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'after' })
    for (const first of [0, 101])
      expect((await page(at(0), first)).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'first' })
  })

  it('end where the room stood when it was asked who may read: whoever is removed meanwhile reads nothing after it', async () => {
    await retopic('Before')
    const { log } = domain.services
    const slow: typeof log = {
      ...log,
      async after(...args) {
        await remove(ann, ben)
        await retopic('After')
        return log.after(...args)
      },
    }
    const document = 'query ($id: ID!, $after: Cursor!) { roomEvents(roomId: $id, after: $after) { hasMore events { seq } } }'
    const { data } = await domain.as(ben.actor, { log: slow })(document, { id: room.globalId, after: at(0) })
    expect(data).toEqual({ roomEvents: { hasMore: false, events: [{ seq: 1 }] } })
  })

  it('are the members’ alone', async () => {
    await add(cid)
    expect(codeOf(await page(at(0), 100, cid))).toBeUndefined()
    await remove(ann, cid)
    expect(codeOf(await page(at(0), 100, cid))).toBe('NOT_FOUND')
    expect(codeOf(await page(at(0), 100, await domain.aPerson('Stranger')))).toBe('NOT_FOUND')
    expect(codeOf(await domain.as(nobody)(pageDocument, { id: room.globalId, after: at(0) }))).toBe('UNAUTHENTICATED')
    expect(codeOf(await ann.run(pageDocument, { id: encodeId('DirectRoom', room.id), after: at(0) }))).toBe('NOT_FOUND')
  })
})

describe('events applied to what a client held', () => {
  const read = async (person = ann) => (await person.run<{ room: { cursor: string } }>(stateDocument, { id: room.globalId })).data!
  const changes: Record<string, () => Promise<unknown>> = {
    'renaming the room': () => rename('Renamed'),
    'changing its topic': () => ann.run(`mutation { updateRoom(input: { roomId: "${room.globalId}", topic: "New" }) { room { id } } }`),
    'adding a member': () => add(cid),
    'adding who is in already': () => add(ben),
    'removing a member': () => remove(ann, ben),
    'a member who leaves': () => remove(ben, ben),
    'making a member an admin': () => setRole(ben, 'ADMIN'),
    'a role they have': () => setRole(ben, 'MEMBER'),
    'leaving and coming back': async () => {
      await remove(ben, ben)
      await add(ben)
    },
    'the last admin’s going': async () => {
      await add(cid)
      await remove(ann, ann)
    },
    'all of it': async () => {
      await rename('A')
      await add(cid)
      await remove(cid, cid)
      await setRole(ben, 'ADMIN')
      await rename('B')
      await add(cid)
      await setRole(ben, 'MEMBER')
    },
  }

  it.each(Object.keys(changes))('equal a fresh read after %s, once or twice', async (name) => {
    const held = await read(ben)
    const heldByAnn = await read()
    await changes[name]!()
    let readers = 0
    for (const [person, before] of [
      [ben, held],
      [ann, heldByAnn],
    ] as const) {
      const { data } = await person.run<Page>(pageDocument, { id: room.globalId, after: before.room.cursor })
      // Who is no longer in it reads nothing afresh.
      if (!data) continue
      readers++
      const { events } = data.roomEvents
      const fresh = await read(person)
      const once = applyEvents(before, events, roomRules)
      expect(once).toEqual(fresh)
      expect(applyEvents(once, events, roomRules)).toEqual(fresh)
      expect(applyEvents(fresh, events, roomRules)).toEqual(fresh)
    }
    expect(readers).toBeGreaterThan(0)
  })
})

describe('an event of a room, shown to everybody who follows it', () => {
  it.each([
    ['MemberJoined', () => add(cid)],
    ['RoomUpdated', () => rename('Shown')],
    ['MemberUpdated', () => setRole(ben, 'ADMIN')],
    ['MemberLeft', () => remove(ben, ben)],
  ])('%s needs no name, and shows what a person would see', async (type, change) => {
    await change()
    const [event] = await domain.services.log.after(room.id, 0, 1)
    expect(event!.type).toBe(type)
    const document = `subscription ($id: ID!) { roomEvents(roomId: $id) { ...EventParts } } ${fragments}`
    const audience = new Audience(room.id)
    const shared = await showEvent(domain, audience, document, event!, { id: room.globalId })
    expect(shared.errors).toBeUndefined()
    expect(audience.askedFor).toBeUndefined()
    expect(shared).toEqual(await showEvent(domain, ann.actor, document, event!, { id: room.globalId }))
  })

  it('asks who it is for fields that differ from viewer to viewer', async () => {
    await rename('Differs')
    const [event] = await domain.services.log.after(room.id, 0, 1)
    const document = `subscription ($id: ID!) { roomEvents(roomId: $id) { ... on RoomUpdated { room { viewerMembership { role } } } } }`
    const audience = new Audience(room.id)
    await showEvent(domain, audience, document, event!, { id: room.globalId })
    expect(audience.askedFor).toContain('viewerMembership')
    const show = (person: APerson) => showEvent(domain, person.actor, document, event!, { id: room.globalId })
    expect((await show(ann)).data).toEqual({ roomEvents: { room: { viewerMembership: { role: 'ADMIN' } } } })
    expect((await show(ben)).data).toEqual({ roomEvents: { room: { viewerMembership: { role: 'MEMBER' } } } })
  })

  it('shows another room to nobody without asking who it is', async () => {
    const other = await aDirectRoom(ann, cid)
    const audience = new Audience(room.id)
    await domain.as(audience)('query ($id: ID!) { room(id: $id) { id } }', { id: other.globalId })
    expect(audience.askedFor).toBeDefined()
  })
})

describe('following a room', () => {
  const document = 'subscription ($id: ID!, $after: Cursor) { roomEvents(roomId: $id, after: $after) { seq } }'
  const follow = (actor: APerson['actor'] | typeof nobody, id = room.globalId) => followingOf(domain, actor, document, { id, after: at(0) })

  it('is for members, asked afresh each time, and ends for whom a MemberLeft names', async () => {
    const { following } = await follow(ben.actor)
    expect(following!.options).toMatchObject({ streamId: room.id, personId: ben.id, after: at(0) })
    await following!.options.mayFollow()
    await remove(ann, ben)
    await expect(following!.options.mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const [left] = await domain.services.log.after(room.id, 0, 1)
    expect(following!.options.endsAccessOf!(left!)).toBe(ben.id)
    await add(ben)
    await following!.options.mayFollow()
    const [, joined] = await domain.services.log.after(room.id, 0, 2)
    expect(following!.options.endsAccessOf!(joined!)).toBeUndefined()
  })

  it('is not for strangers, nor by the id of another kind of room', async () => {
    const stranger = await domain.aPerson('Stranger')
    const { following } = await follow(stranger.actor)
    await expect(following!.options.mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for (const id of [encodeId('DirectRoom', room.id), encodeId('GroupRoom', uuid())]) {
      const wrong = await follow(ann.actor, id)
      await expect(wrong.following!.options.mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(codeOf(await follow(ann.actor, ann.globalId))).toBe('NOT_FOUND')
    expect((await follow(ann.actor, 'x')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'roomId' })
    expect(codeOf(await follow(nobody))).toBe('UNAUTHENTICATED')
  })
})
