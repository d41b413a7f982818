import { beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { createMemoryRates } from '../../../src/store/rates.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { ratesOf } from '../../support/rates.ts'
import type { ARoom } from '../../support/rooms.ts'
import { aChannel, addToTeam, aTeam } from '../../support/teams.ts'
import { act, countOf, type Done, heard, memberIdOf, rolesIn } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})

const isIn = async (room: ARoom, person: APerson) =>
  (await domain.database.prisma.roomMember.count({ where: { roomId: room.id, userId: person.id, leftAt: null } })) === 1
const sees = async (person: APerson, room: ARoom) =>
  (await person.run<{ room: unknown }>('query ($id: ID!) { room(id: $id) { id } }', { id: room.globalId })).data!.room !== null
const post = (person: APerson, room: ARoom) =>
  person.run('mutation ($id: ID!) { sendMessage(input: { roomId: $id, content: "Hello" }) { message { id } } }', { id: room.globalId })

describe('adding somebody to a team', () => {
  it('lets them in, and into "general": both hear of it, and their inbox of the team first', async () => {
    const team = await aTeam(ann, ben)
    let done: Done | undefined
    const events = await heard(domain, async () => {
      const { data, errors } = await act('add', ann, cid, team)
      expect(errors).toBeUndefined()
      done = data!.done
    })
    const { member } = done!
    expect(member).toMatchObject({ role: 'MEMBER', user: { id: cid.globalId }, team: { id: team.globalId } })
    expect(done!.team).toEqual({ id: team.globalId, memberCount: 3 })
    const memberId = await memberIdOf(domain, team, cid)
    expect(member.id).toBe(encodeId('TeamMember', memberId))
    expect(events(team.id)).toEqual([{ type: 'TeamMemberJoined', data: { teamId: team.id, memberId, userId: cid.id, actorId: ann.id } }])
    expect(events(team.general.id)).toMatchObject([
      { type: 'MemberJoined', data: { userId: cid.id, actorId: ann.id } },
      { type: 'MessageAdded', data: { actorId: cid.id } },
    ])
    expect(events(cid.id)).toEqual([
      { type: 'TeamAdded', data: { teamId: team.id, memberId } },
      { type: 'RoomAdded', data: { roomId: team.general.id } },
    ])
    expect(await sees(cid, team.general)).toBe(true)
    expect(codeOf(await post(cid, team.general))).toBeUndefined()
  })

  it('as a lead lets them lead; without a word, or with null, they are a member', async () => {
    const team = await aTeam(ann)
    expect((await act('addLead', ann, ben, team)).data!.done.member.role).toBe('LEAD')
    expect(codeOf(await act('add', ben, cid, team))).toBeUndefined()
    const document = 'mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { member { role } } }'
    const dee = await domain.aPerson('Dee')
    const { data } = await ann.run(document, { input: { teamId: team.globalId, userId: dee.globalId, role: null } })
    expect(data).toEqual({ addTeamMember: { member: { role: 'MEMBER' } } })
  })

  it('changes nothing for who is in already, whatever role is named, and is heard of by nobody', async () => {
    const team = await aTeam(ann, ben)
    const events = await heard(domain, async () => {
      for (const verb of ['add', 'addLead'] as const) {
        const { data } = await act(verb, ann, ben, team)
        expect(data!.done).toMatchObject({ member: { role: 'MEMBER' }, team: { memberCount: 2 } })
      }
      expect((await act('add', ann, ann, team)).data!.done.member.role).toBe('LEAD')
    })
    for (const id of [team.id, team.general.id, ann.id, ben.id]) expect(events(id)).toEqual([])
  })

  it('brings back who has left in the same membership, with nothing of what they had but "general"', async () => {
    const team = await aTeam(ann)
    const { member } = (await act('addLead', ann, ben, team)).data!.done
    const channel = await aChannel(team, ann, { members: [ben] })
    const secrets = await aChannel(team, ben, { isPrivate: true, members: [ann] })
    const { memberId } = (await act('remove', ann, ben, team)).data!.done
    expect(memberId).toBe(member.id)
    const back = (await act('add', ann, ben, team)).data!.done
    expect(back.member).toMatchObject({ id: memberId, role: 'MEMBER' })
    expect(Date.parse(back.member.joinedAt)).toBeGreaterThan(Date.parse(member.joinedAt))
    expect(back.team).toMatchObject({ memberCount: 2 })
    expect(await isIn(team.general, ben)).toBe(true)
    for (const room of [channel, secrets]) expect(await isIn(room, ben)).toBe(false)
    expect([await sees(ben, channel), await sees(ben, secrets)]).toEqual([true, false])
  })

  it('leaves an archived "general" as it is: they see it, and are not in it', async () => {
    const team = await aTeam(ann)
    await ann.run(`mutation { archiveRoom(input: { roomId: "${team.general.globalId}" }) { room { id } } }`)
    const events = await heard(domain, async () => expect(codeOf(await act('add', ann, ben, team))).toBeUndefined())
    expect(events(team.general.id)).toEqual([])
    expect(events(ben.id)).toMatchObject([{ type: 'TeamAdded' }])
    expect([await isIn(team.general, ben), await sees(ben, team.general)]).toEqual([false, true])
  })

  it('refuses those who have blocked whoever adds them, and those blocked by them, in the same words', async () => {
    const team = await aTeam(ann)
    const [blocker, blocked] = [await domain.aPerson('Blocker'), await domain.aPerson('Blocked')]
    const createdAt = new Date()
    await domain.database.prisma.block.createMany({
      data: [
        { blockerId: blocker.id, blockedId: ann.id, createdAt },
        { blockerId: ann.id, blockedId: blocked.id, createdAt },
      ],
    })
    const answers = [await act('add', ann, blocker, team), await act('add', ann, blocked, team)]
    expect(answers.map(codeOf)).toEqual(['FORBIDDEN', 'FORBIDDEN'])
    expect(new Set(answers.map(({ errors }) => errors![0]!.message)).size).toBe(1)
    expect(await rolesIn(domain, team)).toEqual({ [ann.id]: 'LEAD' })
    // It is between the two: another lead may.
    await addToTeam(ann, team, ben, 'LEAD')
    for (const person of [blocker, blocked]) expect(codeOf(await act('add', ben, person, team))).toBeUndefined()
  })

  it('does not find those whose account is closed', async () => {
    const team = await aTeam(ann)
    const closed = await domain.aPerson('Closed')
    await domain.database.prisma.user.update({ where: { id: closed.id }, data: { deletedAt: new Date() } })
    expect(codeOf(await act('add', ann, closed, team))).toBe('NOT_FOUND')
    expect(await countOf(domain, team)).toBe(1)
  })

  it('is limited in rate, but not for those who are in already, nor for whoever may not add', async () => {
    const rates = createMemoryRates(ratesOf({ reachPerMinute: 2 }))
    const [team, others] = [await aTeam(ann), await aTeam(ben, ann)]
    const dee = await domain.aPerson('Dee')
    const limited = { ...ann, run: domain.as(ann.actor, { rates }) }
    for (let time = 0; time < 3; time++) expect(codeOf(await act('add', limited, ben, team))).toBeUndefined()
    for (let time = 0; time < 3; time++) expect(codeOf(await act('add', limited, cid, others))).toBe('FORBIDDEN')
    expect(codeOf(await act('add', limited, cid, team))).toBeUndefined()
    expect(codeOf(await act('add', limited, dee, team))).toBe('RATE_LIMITED')
    expect(Object.keys(await rolesIn(domain, team))).not.toContain(dee.id)
  })
})

describe('removing somebody from a team', () => {
  it('takes all its channels from them, then the team, and each of them hears of it in this order', async () => {
    const team = await aTeam(ann, ben, cid)
    const news = await aChannel(team, ann, { members: [cid] })
    const secrets = await aChannel(team, cid, { isPrivate: true, members: [ann] })
    const memberId = await memberIdOf(domain, team, cid)
    const order = domain.rung.length
    const events = await heard(domain, async () => {
      const { data, errors } = await act('remove', ann, cid, team)
      expect(errors).toBeUndefined()
      expect(data!.done).toEqual({
        user: { id: cid.globalId },
        memberId: encodeId('TeamMember', memberId),
        team: { id: team.globalId, memberCount: 2, members: { nodes: [{ user: { id: ann.globalId } }, { user: { id: ben.globalId } }] } },
      })
    })
    const left = { userId: cid.id, actorId: ann.id, wasRemoved: true }
    for (const room of [team.general, news]) {
      expect(events(room.id)).toMatchObject([{ type: 'MemberLeft', data: left }, { type: 'MessageAdded' }])
    }
    // Its only admin is gone.
    expect(events(secrets.id)).toMatchObject([
      { type: 'MemberLeft', data: left },
      { type: 'MemberUpdated', data: { userId: ann.id } },
      { type: 'MessageAdded' },
    ])
    expect(events(team.id)).toEqual([{ type: 'TeamMemberLeft', data: { teamId: team.id, memberId, ...left } }])
    expect(events(cid.id)).toEqual([
      ...[team.general, news, secrets].map(({ id }) => ({ type: 'RoomRemoved', data: { roomId: id, wasRemoved: true } })),
      { type: 'TeamRemoved', data: { teamId: team.id, wasRemoved: true } },
    ])
    const types = domain.rung.slice(order).map(({ type }) => type)
    expect(types.slice(-2)).toEqual(['TeamMemberLeft', 'TeamRemoved'])
    for (const room of [team.general, news, secrets]) {
      expect(await isIn(room, cid)).toBe(false)
      expect(await sees(cid, room)).toBe(false)
      expect(codeOf(await post(cid, room))).toBe('NOT_FOUND')
    }
    expect(codeOf(await act('remove', ann, cid, team))).toBe('NOT_FOUND')
  })

  it('takes from them what they saw of it without being in it', async () => {
    const team = await aTeam(ann, ben)
    const news = await aChannel(team, ann)
    const hidden = await aChannel(team, ann, { isPrivate: true })
    expect([await sees(ben, news), await sees(ben, hidden)]).toEqual([true, false])
    const events = await heard(domain, () => act('remove', ann, ben, team))
    expect(await sees(ben, news)).toBe(false)
    expect(codeOf(await post(ben, news))).toBe('NOT_FOUND')
    for (const room of [news, hidden]) expect(events(room.id)).toEqual([])
  })

  it('by themselves: they left, and the team is gone from the answer', async () => {
    const team = await aTeam(ann, ben)
    const events = await heard(domain, async () => {
      const { data, errors } = await act('remove', ben, ben, team)
      expect(errors).toBeUndefined()
      expect(data!.done).toEqual({
        user: { id: ben.globalId },
        memberId: encodeId('TeamMember', await memberIdOf(domain, team, ben)),
        team: null,
      })
    })
    expect(events(team.id)).toMatchObject([{ type: 'TeamMemberLeft', data: { actorId: ben.id, wasRemoved: false } }])
    expect(events(ben.id)).toEqual([
      { type: 'RoomRemoved', data: { roomId: team.general.id, wasRemoved: false } },
      { type: 'TeamRemoved', data: { teamId: team.id, wasRemoved: false } },
    ])
    expect(codeOf(await act('remove', ben, ben, team))).toBe('NOT_FOUND')
  })

  it('leaves other teams and rooms as they are', async () => {
    const [team, other] = [await aTeam(ann, ben), await aTeam(ann, ben)]
    const news = await aChannel(other, ann, { members: [ben] })
    const events = await heard(domain, () => act('remove', ann, ben, team))
    for (const id of [other.id, other.general.id, news.id]) expect(events(id)).toEqual([])
    for (const room of [other.general, news]) expect(await isIn(room, ben)).toBe(true)
  })

  it('keeps the only lead while others are in, says why, and writes nothing', async () => {
    const team = await aTeam(ann, ben)
    const events = await heard(domain, async () => {
      const { errors } = await act('remove', ann, ann, team)
      expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT' })
      expect(errors?.[0]?.message).toContain('make somebody else one first')
    })
    expect(events(team.id)).toEqual([])
    expect(await isIn(team.general, ann)).toBe(true)
    await act('promote', ann, ben, team)
    expect(codeOf(await act('remove', ann, ann, team))).toBeUndefined()
    expect(await rolesIn(domain, team)).toEqual({ [ben.id]: 'LEAD' })
  })

  it('lets the last person go, and then nobody sees the team', async () => {
    const team = await aTeam(ann, ben)
    const news = await aChannel(team, ann)
    await act('remove', ann, ben, team)
    expect((await act('remove', ann, ann, team)).data!.done.team).toBeNull()
    expect(await countOf(domain, team)).toBe(0)
    for (const person of [ann, ben]) {
      expect((await person.run('query ($id: ID!) { team(id: $id) { id } }', { id: team.globalId })).data).toEqual({ team: null })
      for (const room of [team.general, news]) expect(await sees(person, room)).toBe(false)
      expect(codeOf(await act('add', person, person, team))).toBe('NOT_FOUND')
    }
  })
})
