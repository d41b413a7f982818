import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Audience } from '../../../src/graphql/actor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { counted } from '../messages/support.ts'

const document = `mutation ($roomId: ID!, $level: NotificationLevel!) { setNotificationLevel(input: { roomId: $roomId, level: $level }) {
  member { notificationLevel user { id } } room { id viewerMembership { notificationLevel } } } }`
const shown = (person: APerson, room: ARoom, notificationLevel: string) => ({
  data: {
    setNotificationLevel: {
      member: { notificationLevel, user: { id: person.globalId } },
      room: { id: room.globalId, viewerMembership: { notificationLevel } },
    },
  },
})

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

const set = (person: APerson, level: string, where = room.globalId) => person.run(document, { roomId: where, level })
const head = ({ id }: { id: string }) => domain.services.log.head(id)

describe('the notification level', () => {
  it('is ALL until one sets another, in each room apart, and each for themselves', async () => {
    const other = await aGroup(ann, ben)
    const read = (person: APerson, { globalId }: ARoom) =>
      person.run('query ($id: ID!) { room(id: $id) { viewerMembership { notificationLevel } } }', { id: globalId })
    const level = (notificationLevel: string) => ({ data: { room: { viewerMembership: { notificationLevel } } } })
    expect(await read(ann, room)).toEqual(level('ALL'))
    expect(await set(ann, 'MENTIONS')).toEqual(shown(ann, room, 'MENTIONS'))
    expect(await set(ben, 'NONE')).toEqual(shown(ben, room, 'NONE'))
    expect([await read(ann, room), await read(ben, room), await read(ann, other)]).toEqual([level('MENTIONS'), level('NONE'), level('ALL')])
  })

  it('is heard of on one’s own devices, with the room, and by nobody else', async () => {
    const [roomBefore, benBefore, annBefore] = [await head(room), await head(ben), (await head(ann))!]
    await set(ann, 'NONE')
    const [event, ...more] = await domain.services.log.after(ann.id, annBefore, 10)
    expect(more).toEqual([])
    expect(event).toMatchObject({ type: 'ViewerUpdated', data: { roomId: room.id } })
    const subscription = 'subscription { inbox { __typename ... on ViewerUpdated { room { id viewerMembership { notificationLevel } } } } }'
    expect((await showEvent(domain, ann.actor.hearing(ann.id), subscription, event!)).data).toEqual({
      inbox: { __typename: 'ViewerUpdated', room: { id: room.globalId, viewerMembership: { notificationLevel: 'NONE' } } },
    })
    expect([await head(room), await head(ben)]).toEqual([roomBefore, benBefore])
  })

  it('of a room that one has left since is shown to nobody, nor its room', async () => {
    await set(ben, 'NONE')
    const [event] = await domain.services.log.after(ben.id, (await head(ben))! - 1, 1)
    await ben.run('mutation ($r: ID!, $u: ID!) { removeRoomMember(input: { roomId: $r, userId: $u }) { memberId } }', {
      r: room.globalId,
      u: ben.globalId,
    })
    const subscription = 'subscription { inbox { ... on ViewerUpdated { viewer { id } room { id } } } }'
    const { data, errors } = await showEvent(domain, ben.actor.hearing(ben.id), subscription, event!)
    expect(errors).toBeUndefined()
    expect(data).toMatchObject({ inbox: { viewer: { id: expect.any(String) }, room: null } })
  })

  it('changes nothing, and is not heard of, when it is so already', async () => {
    await set(ann, 'MENTIONS')
    const before = await head(ann)
    const answers = await Promise.all(Array.from({ length: 4 }, () => set(ann, 'MENTIONS')))
    expect(answers).toEqual(Array(4).fill(shown(ann, room, 'MENTIONS')))
    expect(await head(ann)).toBe(before)
  })

  it('is forgotten with the membership', async () => {
    await set(ben, 'NONE')
    const act = (verb: string, person: APerson) =>
      person.run(`mutation { ${verb}(input: { roomId: "${room.globalId}", userId: "${ben.globalId}" }) { room { id } } }`)
    await act('removeRoomMember', ben)
    await act('addRoomMember', ann)
    const { data } = await ben.run('query ($id: ID!) { room(id: $id) { viewerMembership { notificationLevel } } }', { id: room.globalId })
    expect(data).toEqual({ room: { viewerMembership: { notificationLevel: 'ALL' } } })
  })

  it('is nobody else’s to see: a page of members shows one’s own, and costs what it costs without', async () => {
    await set(ann, 'MENTIONS')
    await set(ben, 'NONE')
    const database = counted(domain.database)
    const read = async (person: APerson, field: string) => {
      database.statements.length = 0
      const { data } = await domain.as(person.actor, { database })<{ room: { members: { nodes: object[] } } }>(
        `query ($id: ID!) { room(id: $id) { members { nodes { id ${field} user { id } } } } }`,
        { id: room.globalId },
      )
      return { nodes: data!.room.members.nodes, statements: database.statements.length }
    }
    const without = await read(ann, '')
    for (const [person, level] of [
      [ann, 'MENTIONS'],
      [ben, 'NONE'],
    ] as const) {
      const { nodes, statements } = await read(person, 'notificationLevel')
      expect(statements).toBe(without.statements)
      const expected = [ann, ben].map(({ globalId }) => ({
        user: { id: globalId },
        notificationLevel: globalId === person.globalId ? level : null,
      }))
      expect(nodes).toHaveLength(2)
      expect(nodes).toEqual(expect.arrayContaining(expected.map((member) => expect.objectContaining(member))))
    }
  })

  it('makes an event of a room that shows it personal', async () => {
    await ann.run(`mutation { setRoomRole(input: { roomId: "${room.globalId}", userId: "${ben.globalId}", role: ADMIN }) { room { id } } }`)
    const [event] = await domain.services.log.after(room.id, 0, 1)
    const subscription = 'subscription ($id: ID!) { roomEvents(roomId: $id) { ... on MemberUpdated { member { notificationLevel } } } }'
    const audience = new Audience(room.id)
    await showEvent(domain, audience, subscription, event!, { id: room.globalId })
    expect(audience.askedFor).toBeDefined()
    const show = (person: APerson) => showEvent(domain, person.actor, subscription, event!, { id: room.globalId })
    expect((await show(ann)).data).toEqual({ roomEvents: { member: { notificationLevel: null } } })
    expect((await show(ben)).data).toEqual({ roomEvents: { member: { notificationLevel: 'ALL' } } })
  })

  it('is for rooms one is in, of every kind, also muted or archived', async () => {
    const direct = await aDirectRoom(ann, ben)
    expect(await set(ann, 'NONE', direct.globalId)).toEqual(shown(ann, direct, 'NONE'))
    await domain.database.sql('update room set archived_at = now() where id = $1', [room.id])
    await domain.database.sql(`update room_member set muted_until = now() + interval '1 hour' where room_id = $1`, [room.id])
    expect(await set(ben, 'NONE')).toEqual(shown(ben, room, 'NONE'))
  })

  it('is not for strangers, those removed, or who sees a channel without being in it', async () => {
    const [stranger, gone, lead] = await Promise.all(['Stranger', 'Gone', 'Lead'].map((name) => domain.aPerson(name)))
    const where = await aGroup(ann, gone!)
    await ann.run('mutation ($r: ID!, $u: ID!) { removeRoomMember(input: { roomId: $r, userId: $u }) { memberId } }', {
      r: where.globalId,
      u: gone!.globalId,
    })
    const channel = await aChannel(await aTeam(lead!, ann), ann)
    expect(codeOf(await set(stranger!, 'ALL', where.globalId))).toBe('NOT_FOUND')
    expect(codeOf(await set(gone!, 'ALL', where.globalId))).toBe('NOT_FOUND')
    const { errors } = await set(lead!, 'ALL', channel.globalId)
    expect(errors?.[0]).toMatchObject({ message: expect.stringContaining('no such member'), extensions: { code: 'NOT_FOUND' } })
    expect(codeOf(await domain.as(nobody)(document, { roomId: room.globalId, level: 'ALL' }))).toBe('UNAUTHENTICATED')
  })

  it('finds no room by ids of other things, and says which id is none', async () => {
    for (const id of [encodeId('GroupRoom', uuid()), encodeId('DirectRoom', room.id), ann.globalId])
      expect(codeOf(await set(ann, 'ALL', id)), id).toBe('NOT_FOUND')
    expect((await set(ann, 'ALL', 'room')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'roomId' })
  })
})
