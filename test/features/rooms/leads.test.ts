import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'
import { type ATeam, aChannel, aTeam } from '../../support/teams.ts'

let domain: Domain
let lead: APerson
let ann: APerson
let ben: APerson
let cid: APerson
let team: ATeam
beforeAll(async () => {
  domain = await aDomain()
  ;[lead, ann, ben, cid] = (await Promise.all(['Lead', 'Ann', 'Ben', 'Cid'].map((name) => domain.aPerson(name)))) as [
    APerson,
    APerson,
    APerson,
    APerson,
  ]
  team = await aTeam(lead, ann, ben, cid)
})

const act = (verb: string, actor: APerson, room: ARoom, person: APerson, more = '') =>
  actor.run<{ done: { room: { id: string } | null } }>(
    `mutation { done: ${verb}(input: { roomId: "${room.globalId}", userId: "${person.globalId}"${more} }) { room { id } } }`,
  )
const rolesIn = async ({ id }: ARoom) => {
  const members = await domain.database.prisma.roomMember.findMany({ where: { roomId: id, leftAt: null } })
  return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
}
const permissionsOf = async (person: APerson, { globalId }: ARoom) =>
  (
    await person.run<{ room: { viewerPermissions: string[] } | null }>('query ($id: ID!) { room(id: $id) { viewerPermissions } }', {
      id: globalId,
    })
  ).data!.room?.viewerPermissions

describe('a lead, in a public channel they are not in', () => {
  let channel: ARoom
  beforeEach(async () => {
    channel = await aChannel(team, ann, { members: [ben] })
  })

  it('adds, appoints, mutes and removes its members, and stays out of it', async () => {
    expect(codeOf(await act('addRoomMember', lead, channel, cid))).toBeUndefined()
    expect(codeOf(await act('setRoomRole', lead, channel, cid, ', role: ADMIN'))).toBeUndefined()
    expect(codeOf(await act('muteMember', lead, channel, ben, ', until: "2100-01-01T00:00:00Z"'))).toBeUndefined()
    expect(codeOf(await act('removeRoomMember', lead, channel, ben))).toBeUndefined()
    expect(await rolesIn(channel)).toEqual({ [ann.id]: 'ADMIN', [cid.id]: 'ADMIN' })
  })

  it('leaves it an admin: the last one stays one, and whoever removes them makes the next', async () => {
    expect(codeOf(await act('setRoomRole', lead, channel, ann, ', role: MEMBER'))).toBe('CONFLICT')
    expect(codeOf(await act('removeRoomMember', lead, channel, ann))).toBeUndefined()
    expect(await rolesIn(channel)).toEqual({ [ben.id]: 'ADMIN' })
  })

  it('runs it also when everybody has left, and appoints whoever comes', async () => {
    for (const person of [ann, ben]) await act('removeRoomMember', person, channel, person)
    expect(await rolesIn(channel)).toEqual({})
    expect(await permissionsOf(cid, channel)).toEqual(['POST', 'START_CALL', 'SCHEDULE_MEETING'])
    await cid.run('mutation ($id: ID!) { joinChannel(input: { channelId: $id }) { channel { id } } }', { id: channel.globalId })
    expect(await rolesIn(channel)).toEqual({ [cid.id]: 'MEMBER' })
    expect(codeOf(await act('setRoomRole', lead, channel, cid, ', role: ADMIN'))).toBeUndefined()
    expect(await rolesIn(channel)).toEqual({ [cid.id]: 'ADMIN' })
  })

  it('adds nobody who is not of its team', async () => {
    const { errors } = await act('addRoomMember', lead, channel, await domain.aPerson('Stranger'))
    expect(errors?.[0]).toMatchObject({ message: expect.stringContaining('people of its team'), extensions: { code: 'FORBIDDEN' } })
  })
})

describe('a lead, in a private channel', () => {
  it('sees nothing of it while they are not in it', async () => {
    const channel = await aChannel(team, ann, { isPrivate: true, members: [ben] })
    expect(await permissionsOf(lead, channel)).toBeUndefined()
    for (const [verb, more] of [
      ['addRoomMember', ''],
      ['removeRoomMember', ''],
      ['setRoomRole', ', role: ADMIN'],
      ['muteMember', ', until: null'],
    ] as const)
      expect(codeOf(await act(verb, lead, channel, verb === 'addRoomMember' ? lead : ben, more)), verb).toBe('NOT_FOUND')
  })

  it('runs it as a member, until they are removed, as any member can be', async () => {
    const channel = await aChannel(team, ann, { isPrivate: true, members: [lead, ben] })
    expect(codeOf(await act('setRoomRole', lead, channel, ben, ', role: ADMIN'))).toBeUndefined()
    expect((await act('removeRoomMember', ben, channel, lead)).data!.done.room).toEqual({ id: channel.globalId })
    expect(await permissionsOf(lead, channel)).toBeUndefined()
  })

  it('who leaves it as its last admin is followed by whoever has been there longest, lead or not', async () => {
    const channel = await aChannel(team, lead, { isPrivate: true, members: [ben, ann] })
    const { data, errors } = await act('removeRoomMember', lead, channel, lead)
    expect(errors).toBeUndefined()
    expect(data!.done.room).toBeNull()
    expect(await rolesIn(channel)).toEqual({ [ben.id]: 'ADMIN', [ann.id]: 'MEMBER' })
  })

  it('keeps running it when they are made a plain member of it', async () => {
    const channel = await aChannel(team, ann, { isPrivate: true, members: [lead] })
    await act('setRoomRole', ann, channel, lead, ', role: ADMIN')
    await act('setRoomRole', ann, channel, lead, ', role: MEMBER')
    expect(await permissionsOf(lead, channel)).toContain('MANAGE_MEMBERS')
  })
})
