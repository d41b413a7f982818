import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../../src/config.ts'
import { createMemoryBus } from '../../../src/engine/bus-memory.ts'
import type { Hear } from '../../../src/engine/hearing.ts'
import { createTyping, type TypingOptions } from '../../../src/features/typing/typing.ts'
import type { TypingState } from '../../../src/features/typing/watched-rooms.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { createMemoryRates } from '../../../src/store/rates.ts'
import type { StoredEvent } from '../../../src/store/transact.ts'
import { createMemoryTypists, type Typists } from '../../../src/store/typists.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { ratesOf } from '../../support/rates.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { until } from '../../support/until.ts'
import { counted } from '../messages/support.ts'

const document = `mutation ($roomId: ID!, $isTyping: Boolean!) { setTyping(input: { roomId: $roomId, isTyping: $isTyping }) {
  room { id viewerMembership { role } } } }`
const typingIn = 'query ($id: ID!) { room(id: $id) { typing { id } } }'

let domain: Domain
let ann: APerson
let ben: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben')])
})
beforeEach(async () => {
  room = await aGroup(ann, ben)
})

const set = (person: APerson, isTyping: boolean, where = room.globalId) => person.run(document, { roomId: where, isTyping })

/** Typing of one's own, which hears of rooms what it is told. */
function aTyping(options: Partial<TypingOptions> & { typists?: Typists } = {}) {
  const hearing = new Set<{ roomId: string; heard: (event: StoredEvent) => void }>()
  const hear: Hear = async (roomId, heard) => {
    const one = { roomId, heard }
    hearing.add(one)
    return () => void hearing.delete(one)
  }
  const bus = createMemoryBus((error) => {
    throw error
  })
  const typing = createTyping({ ...readConfig({}), bus, typists: createMemoryTypists(), hear, ...options })
  onTestFinished(() => typing.close())
  return {
    typing,
    bus,
    hearing,
    happens(type: string, data: Record<string, unknown>) {
      for (const { roomId, heard } of hearing) if (roomId === room.id) heard({ streamId: roomId, seq: 1, type, data, at: new Date() })
    },
    async told(from = typing) {
      const told: TypingState[] = []
      onTestFinished(await from.watch(room.id, (state) => void told.push(state)))
      return told
    },
  }
}

/** A device that can go. */
function aDevice() {
  let farewell = () => {}
  const device = {
    id: uuid(),
    onGone: (given: () => void) => {
      farewell = given
      return () => {
        farewell = () => {}
      }
    },
  }
  return { device, go: () => farewell() }
}

const said = (person: APerson, { device }: ReturnType<typeof aDevice>) => ({
  roomId: room.id,
  personId: person.id,
  deviceId: device.id,
  device,
})
const words = (told: readonly TypingState[]) => told.map(({ isTyping }) => isTyping)

describe('setTyping', () => {
  it('tells whoever watches the room, and answers the room', async () => {
    const told: TypingState[] = []
    onTestFinished(await domain.services.typing.watch(room.id, (state) => void told.push(state)))
    const start = Date.now()
    expect(await set(ann, true)).toEqual({ data: { setTyping: { room: { id: room.globalId, viewerMembership: { role: 'ADMIN' } } } } })
    expect(told).toEqual([{ userId: ann.id, isTyping: true, expiresAt: expect.any(Date), typist: {} }])
    expect(told[0]!.expiresAt!.getTime() - start).toBeGreaterThanOrEqual(8000)
    expect(told[0]!.expiresAt!.getTime() - Date.now()).toBeLessThanOrEqual(8000)
    expect(codeOf(await set(ann, false))).toBeUndefined()
    expect(told.slice(1)).toEqual([{ userId: ann.id, isTyping: false, expiresAt: null, typist: {} }])
  })

  it('is for whoever sees a public channel, as posting is, and makes nobody a member', async () => {
    const cid = await domain.aPerson('Cid')
    const team = await aTeam(ann, ben, cid)
    const channel = await aChannel(team, ann)
    const { data, errors } = await set(cid, true, channel.globalId)
    expect([errors, data]).toEqual([undefined, { setTyping: { room: { id: channel.globalId, viewerMembership: null } } }])
  })

  it('is FORBIDDEN between people who are severed, but stopping is not', async () => {
    const direct = await aDirectRoom(ann, ben)
    expect(codeOf(await set(ben, true, direct.globalId))).toBeUndefined()
    const cid = await domain.aPerson('Cid')
    const severed = await aDirectRoom(ann, cid)
    await ann.run('mutation ($id: ID!) { blockUser(input: { userId: $id }) { user { id } } }', { id: cid.globalId })
    for (const person of [ann, cid]) {
      expect(codeOf(await set(person, true, severed.globalId))).toBe('FORBIDDEN')
      expect(codeOf(await set(person, false, severed.globalId))).toBeUndefined()
    }
  })

  it('refuses what is no room that the person sees, and what is no id', async () => {
    const cid = await domain.aPerson('Cid')
    for (const isTyping of [true, false]) {
      expect(codeOf(await set(cid, isTyping))).toBe('NOT_FOUND')
      for (const id of [encodeId('GroupRoom', uuid()), encodeId('DirectRoom', room.id), ann.globalId])
        expect(codeOf(await set(ann, isTyping, id))).toBe('NOT_FOUND')
      const { errors } = await set(ann, isTyping, 'rubbish')
      expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'roomId' })
      expect(codeOf(await domain.as(nobody)(document, { roomId: room.globalId, isTyping }))).toBe('UNAUTHENTICATED')
    }
  })

  it('ten times a second costs the room one word and the database three statements', async () => {
    const { typing, told } = aTyping()
    const heard = await told()
    const database = counted(domain.database)
    const run = domain.as(ann.actor, { database, typing })
    // What kind of room it is never changes, and is remembered.
    await run(typingIn, { id: room.globalId })
    database.statements.length = 0
    for (let time = 0; time < 10; time++)
      expect(
        codeOf(
          await run('mutation ($id: ID!) { setTyping(input: { roomId: $id, isTyping: true }) { room { id } } }', { id: room.globalId }),
        ),
      ).toBeUndefined()
    expect(words(heard)).toEqual([true])
    expect(database.statements).toHaveLength(3)
  })

  describe('by somebody who was removed a moment ago', () => {
    const remove = (person: APerson) =>
      ann.run('mutation ($input: RemoveRoomMemberInput!) { removeRoomMember(input: $input) { room { id } } }', {
        input: { roomId: room.globalId, userId: person.globalId },
      })

    it('begins nothing, though it is still believed that they may', async () => {
      const { typing, told, hearing } = aTyping({ sessionRememberedMs: 60_000 })
      const heard = await told()
      const run = domain.as(ben.actor, { typing })
      for (const isTyping of [true, false]) expect(codeOf(await run(document, { roomId: room.globalId, isTyping }))).toBeUndefined()
      expect(codeOf(await remove(ben))).toBeUndefined()
      expect(codeOf(await run(document, { roomId: room.globalId, isTyping: true }))).toBe('NOT_FOUND')
      expect([words(heard), hearing.size, typing.size.people]).toEqual([[true, false], 0, 0])
    })

    it('shows them nothing of the room, whatever they say', async () => {
      const { typing } = aTyping({ sessionRememberedMs: 60_000 })
      const run = domain.as(ben.actor, { typing })
      const read = `mutation ($id: ID!, $isTyping: Boolean!) {
        setTyping(input: { roomId: $id, isTyping: $isTyping }) { name: room { id } room { ...R } } }
        fragment R on Room { messages(first: 10) { nodes { content } } }`
      const say = (isTyping: boolean) => run(read, { id: room.globalId, isTyping })
      expect(codeOf(await say(true))).toBeUndefined()
      expect(codeOf(await remove(ben))).toBeUndefined()
      for (const isTyping of [true, false])
        expect((await say(isTyping)).errors?.map(({ extensions }) => extensions.code)).toContain('NOT_FOUND')
    })
  })

  it('is for whoever is given the right at once, though they were refused it a moment ago', async () => {
    const { typing } = aTyping({ sessionRememberedMs: 60_000 })
    const cid = await domain.aPerson('Cid')
    const say = async () => codeOf(await domain.as(cid.actor, { typing })(document, { roomId: room.globalId, isTyping: true }))
    expect(await say()).toBe('NOT_FOUND')
    await ann.run('mutation ($input: AddRoomMemberInput!) { addRoomMember(input: $input) { room { id } } }', {
      input: { roomId: room.globalId, userId: cid.globalId },
    })
    expect(await say()).toBeUndefined()
  })

  it('passes on what is said again after a while, so that it goes on', async () => {
    const { typing, told } = aTyping({ typingMs: 1000, typingRepeatMs: 30 })
    const heard = await told()
    const run = domain.as(ann.actor, { typing })
    await until(async () => {
      await run(document, { roomId: room.globalId, isTyping: true })
      return heard.length === 3
    })
    expect(words(heard)).toEqual([true, true, true])
    const ends = heard.map(({ expiresAt }) => expiresAt!.getTime())
    expect([...ends].sort()).toEqual(ends)
    expect(ends[2]! - ends[0]!).toBeGreaterThanOrEqual(60)
    await until(() => heard.at(-1)?.isTyping === false)
  })

  it('is accepted and tells nobody in rooms of too many', async () => {
    const { typing, told, hearing } = aTyping()
    const heard = await told()
    const limits = { ...domain.services.limits, typingMembers: 1 }
    const typists = createMemoryTypists()
    await typists.add({ roomId: room.id, personId: ben.id, deviceId: 'phone' }, 60_000)
    expect(codeOf(await domain.as(ann.actor, { typing, limits })(document, { roomId: room.globalId, isTyping: true }))).toBeUndefined()
    expect([heard, hearing.size]).toEqual([[], 0])
    const crowded = aTyping({ typists }).typing
    expect(await domain.as(ann.actor, { typing: crowded, limits })(typingIn, { id: room.globalId })).toEqual({
      data: { room: { typing: [] } },
    })
  })

  it('is RATE_LIMITED for beginning again and again, not for going on or stopping', async () => {
    const { typing } = aTyping({ typingRepeatMs: 0 })
    const rates = createMemoryRates(ratesOf({ typingPerMinute: 2 }))
    const run = domain.as(ann.actor, { typing, rates })
    const say = async (isTyping: boolean) => codeOf(await run(document, { roomId: room.globalId, isTyping }))
    expect([await say(true), await say(true), await say(true), await say(false), await say(true), await say(false)]).toEqual(
      Array(6).fill(undefined),
    )
    expect(await say(true)).toBe('RATE_LIMITED')
    expect(await say(false)).toBeUndefined()
  })
})

describe('an indicator', () => {
  it('lapses by itself, where nobody says anything more', async () => {
    const { typing, told, hearing } = aTyping({ typingMs: 50 })
    const heard = await told()
    await typing.begin(said(ann, aDevice()))
    await until(() => heard.length === 2)
    expect(words(heard)).toEqual([true, false])
    await until(() => hearing.size === 0)
  })

  it('lapses on a node that lost the end, and the beginning there is not told before it is known', async () => {
    const typists = createMemoryTypists()
    const { told, bus } = aTyping({ typists })
    await typists.add({ roomId: room.id, personId: ben.id, deviceId: 'phone' }, 1500)
    const heard = await told()
    expect(heard).toMatchObject([{ userId: ben.id, isTyping: true }])
    bus.publish(`parley:typing:${room.id}`, { personId: ann.id, leftMs: 50 })
    await until(() => heard.length === 4)
    expect(heard.filter(({ isTyping }) => !isTyping).map(({ userId }) => userId)).toEqual([ann.id, ben.id])
  })

  it('that has just ended is not told because it was read before that', async () => {
    const typists = createMemoryTypists()
    let answer = () => {}
    const { bus, told } = aTyping({
      typists: {
        ...typists,
        async read(roomIds) {
          const found = await typists.read(roomIds)
          await new Promise<void>((resolve) => {
            answer = resolve
          })
          return found
        },
      },
    })
    await typists.add({ roomId: room.id, personId: ben.id, deviceId: 'phone' }, 60_000)
    const telling = told()
    await new Promise((resolve) => setImmediate(resolve))
    bus.publish(`parley:typing:${room.id}`, { personId: ben.id, leftMs: 0 })
    answer()
    expect(await telling).toEqual([])
  })

  it('ends when the person says something there, on whichever device, and not when somebody else does', async () => {
    const { typing, told, happens, hearing } = aTyping()
    const heard = await told()
    for (const device of [aDevice(), aDevice()]) await typing.begin(said(ann, device))
    await typing.begin(said(ben, aDevice()))
    expect(heard).toHaveLength(3)
    happens('MessageAdded', { actorId: ann.id })
    await until(() => heard.length === 4)
    expect(heard.at(-1)).toMatchObject({ userId: ann.id, isTyping: false })
    expect(hearing.size).toBe(1)
    happens('ReactionAdded', { actorId: ben.id })
    happens('MemberLeft', { userId: ben.id })
    await until(() => heard.length === 5)
    expect(heard.at(-1)).toMatchObject({ userId: ben.id, isTyping: false })
    expect(hearing.size).toBe(0)
  })

  it('ends with its device, and goes on while the person types on another', async () => {
    const { typing, told, hearing } = aTyping()
    const heard = await told()
    const [phone, tablet] = [aDevice(), aDevice()]
    await typing.begin(said(ann, phone))
    await typing.begin(said(ann, tablet))
    phone.go()
    await until(() => heard.length === 3)
    expect(words(heard)).toEqual([true, true, true])
    tablet.go()
    await until(() => heard.length === 4)
    expect(words(heard).at(-1)).toBe(false)
    expect(hearing.size).toBe(0)
    expect(await typing.of(room.id)).toEqual([])
  })

  it('is what was said last, however close the two were', async () => {
    const { typing, told } = aTyping()
    const heard = await told()
    const run = domain.as(ann.actor, { typing })
    const say = (isTyping: boolean) => run(document, { roomId: room.globalId, isTyping })
    await Promise.all([say(true), say(false)])
    expect(words(heard)).toEqual([true, false])
    await Promise.all([say(true), say(false), say(true)])
    expect(words(heard)).toEqual([true, false, true, false, true])
  })

  it('stopping where nobody typed is no news', async () => {
    const { typing, told } = aTyping()
    const heard = await told()
    await typing.end(said(ann, aDevice()))
    expect(heard).toEqual([])
  })
})

describe('Room.typing', () => {
  it('is who types there but the viewer, and asks who that is', async () => {
    const { typing } = aTyping()
    const read = (person: APerson) => domain.as(person.actor, { typing })(typingIn, { id: room.globalId })
    expect(await read(ann)).toEqual({ data: { room: { typing: [] } } })
    await typing.begin(said(ann, aDevice()))
    expect(await read(ann)).toEqual({ data: { room: { typing: [] } } })
    expect(await read(ben)).toEqual({ data: { room: { typing: [{ id: ann.globalId }] } } })
    const audience = new Audience(room.id)
    await domain.as(audience, { typing })(typingIn, { id: room.globalId })
    expect(audience.askedFor).toContain('Room.typing')
  })

  it('of many rooms is asked for once', async () => {
    const typists = createMemoryTypists()
    const asked: number[] = []
    const { typing } = aTyping({
      typists: {
        ...typists,
        read(roomIds) {
          asked.push(roomIds.length)
          return typists.read(roomIds)
        },
      },
    })
    const cid = await domain.aPerson('Cid')
    for (let number = 0; number < 5; number++) await aGroup(cid, ben)
    const { data } = await domain.as(cid.actor, { typing })('{ viewer { rooms { nodes { typing { id } } } } }')
    expect(data).toEqual({ viewer: { rooms: { nodes: Array(5).fill({ typing: [] }) } } })
    expect(asked).toEqual([5])
  })
})
