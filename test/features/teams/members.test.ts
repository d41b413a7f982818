import { beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { createMemoryRates, readRates } from '../../../src/store/rates.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'
import { type ATeam, aChannel, addToTeam, aTeam } from '../../support/teams.ts'

const documents = {
  add: `mutation ($teamId: ID!, $userId: ID!) { done: addTeamMember(input: { teamId: $teamId, userId: $userId }) {
    member { id role joinedAt user { id } team { id } } team { id memberCount } } }`,
  addLead: `mutation ($teamId: ID!, $userId: ID!) { done: addTeamMember(input: { teamId: $teamId, userId: $userId, role: LEAD }) {
    member { id role joinedAt user { id } team { id } } team { id memberCount } } }`,
  remove: `mutation ($teamId: ID!, $userId: ID!) { done: removeTeamMember(input: { teamId: $teamId, userId: $userId }) {
    user { id } memberId team { id memberCount members { nodes { user { id } } } } } }`,
  promote: `mutation ($teamId: ID!, $userId: ID!) { done: setTeamRole(input: { teamId: $teamId, userId: $userId, role: LEAD }) {
    member { id role } team { id viewerRole } } }`,
  demote: `mutation ($teamId: ID!, $userId: ID!) { done: setTeamRole(input: { teamId: $teamId, userId: $userId, role: MEMBER }) {
    member { id role } team { id viewerRole } } }`,
}
type Verb = keyof typeof documents

interface Done {
  member: { id: string; role: string; joinedAt: string }
  memberId: string
  team: { memberCount: number; viewerRole: string } | null
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})

const act = (verb: Verb, actor: APerson, target: APerson, team: ATeam) =>
  actor.run<{ done: Done }>(documents[verb], { teamId: team.globalId, userId: target.globalId })

/** What the work appended to a stream, in order. */
async function heard(work: () => Promise<unknown>) {
  const before = domain.rung.length
  await work()
  const events = domain.rung.slice(before)
  return (id: string) => events.flatMap(({ streamId, type, data }) => (streamId === id ? [{ type, data }] : []))
}

const roles = async (team: ATeam) => {
  const members = await domain.database.prisma.teamMember.findMany({ where: { teamId: team.id, leftAt: null } })
  return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
}
const isIn = async (room: ARoom, person: APerson) =>
  (await domain.database.prisma.roomMember.count({ where: { roomId: room.id, userId: person.id, leftAt: null } })) === 1
const memberIdOf = async (team: ATeam, person: APerson) =>
  (await domain.database.prisma.teamMember.findUniqueOrThrow({ where: { teamId_userId: { teamId: team.id, userId: person.id } } })).id
const countOf = async (team: ATeam) => (await domain.database.prisma.team.findUniqueOrThrow({ where: { id: team.id } })).memberCount
const sees = async (person: APerson, room: ARoom) =>
  (await person.run<{ room: unknown }>('query ($id: ID!) { room(id: $id) { id } }', { id: room.globalId })).data!.room !== null
const post = (person: APerson, room: ARoom) =>
  person.run('mutation ($id: ID!) { sendMessage(input: { roomId: $id, content: "Hello" }) { message { id } } }', { id: room.globalId })

describe('adding somebody to a team', () => {
  it('lets them in, and into "general": both hear of it, and their inbox of the team first', async () => {
    const team = await aTeam(ann, ben)
    let done: Done | undefined
    const events = await heard(async () => {
      const { data, errors } = await act('add', ann, cid, team)
      expect(errors).toBeUndefined()
      done = data!.done
    })
    const { member } = done!
    expect(member).toMatchObject({ role: 'MEMBER', user: { id: cid.globalId }, team: { id: team.globalId } })
    expect(done!.team).toEqual({ id: team.globalId, memberCount: 3 })
    const memberId = await memberIdOf(team, cid)
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
    const events = await heard(async () => {
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
    const events = await heard(async () => expect(codeOf(await act('add', ann, ben, team))).toBeUndefined())
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
    expect(await roles(team)).toEqual({ [ann.id]: 'LEAD' })
    // It is between the two: another lead may.
    await addToTeam(ann, team, ben, 'LEAD')
    for (const person of [blocker, blocked]) expect(codeOf(await act('add', ben, person, team))).toBeUndefined()
  })

  it('does not find those whose account is closed', async () => {
    const team = await aTeam(ann)
    const closed = await domain.aPerson('Closed')
    await domain.database.prisma.user.update({ where: { id: closed.id }, data: { deletedAt: new Date() } })
    expect(codeOf(await act('add', ann, closed, team))).toBe('NOT_FOUND')
    expect(await countOf(team)).toBe(1)
  })

  it('is limited in rate, but not for those who are in already, nor for whoever may not add', async () => {
    const none = { sendPerSecond: 1, sendBurst: 1, signInPerMinute: 1, signUpPerHour: 1 }
    const rates = createMemoryRates(readRates({ ...none, reachPerMinute: 2 }))
    const [team, others] = [await aTeam(ann), await aTeam(ben, ann)]
    const dee = await domain.aPerson('Dee')
    const limited = { ...ann, run: domain.as(ann.actor, { rates }) }
    for (let time = 0; time < 3; time++) expect(codeOf(await act('add', limited, ben, team))).toBeUndefined()
    for (let time = 0; time < 3; time++) expect(codeOf(await act('add', limited, cid, others))).toBe('FORBIDDEN')
    expect(codeOf(await act('add', limited, cid, team))).toBeUndefined()
    expect(codeOf(await act('add', limited, dee, team))).toBe('RATE_LIMITED')
    expect(Object.keys(await roles(team))).not.toContain(dee.id)
  })
})

describe('removing somebody from a team', () => {
  it('takes all its channels from them, then the team, and each of them hears of it in this order', async () => {
    const team = await aTeam(ann, ben, cid)
    const news = await aChannel(team, ann, { members: [cid] })
    const secrets = await aChannel(team, cid, { isPrivate: true, members: [ann] })
    const memberId = await memberIdOf(team, cid)
    const order = domain.rung.length
    const events = await heard(async () => {
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
    const events = await heard(() => act('remove', ann, ben, team))
    expect(await sees(ben, news)).toBe(false)
    expect(codeOf(await post(ben, news))).toBe('NOT_FOUND')
    for (const room of [news, hidden]) expect(events(room.id)).toEqual([])
  })

  it('by themselves: they left, and the team is gone from the answer', async () => {
    const team = await aTeam(ann, ben)
    const events = await heard(async () => {
      const { data, errors } = await act('remove', ben, ben, team)
      expect(errors).toBeUndefined()
      expect(data!.done).toEqual({
        user: { id: ben.globalId },
        memberId: encodeId('TeamMember', await memberIdOf(team, ben)),
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
    const events = await heard(() => act('remove', ann, ben, team))
    for (const id of [other.id, other.general.id, news.id]) expect(events(id)).toEqual([])
    for (const room of [other.general, news]) expect(await isIn(room, ben)).toBe(true)
  })

  it('keeps the only lead while others are in, says why, and writes nothing', async () => {
    const team = await aTeam(ann, ben)
    const events = await heard(async () => {
      const { errors } = await act('remove', ann, ann, team)
      expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT' })
      expect(errors?.[0]?.message).toContain('make somebody else one first')
    })
    expect(events(team.id)).toEqual([])
    expect(await isIn(team.general, ann)).toBe(true)
    await act('promote', ann, ben, team)
    expect(codeOf(await act('remove', ann, ann, team))).toBeUndefined()
    expect(await roles(team)).toEqual({ [ben.id]: 'LEAD' })
  })

  it('lets the last person go, and then nobody sees the team', async () => {
    const team = await aTeam(ann, ben)
    const news = await aChannel(team, ann)
    await act('remove', ann, ben, team)
    expect((await act('remove', ann, ann, team)).data!.done.team).toBeNull()
    expect(await countOf(team)).toBe(0)
    for (const person of [ann, ben]) {
      expect((await person.run('query ($id: ID!) { team(id: $id) { id } }', { id: team.globalId })).data).toEqual({ team: null })
      for (const room of [team.general, news]) expect(await sees(person, room)).toBe(false)
      expect(codeOf(await act('add', person, person, team))).toBe('NOT_FOUND')
    }
  })
})

describe('setting a role in a team', () => {
  it('makes a member a lead, who may then do the same', async () => {
    const team = await aTeam(ann, ben, cid)
    const events = await heard(async () => {
      const { data } = await act('promote', ann, ben, team)
      expect(data!.done).toMatchObject({ member: { role: 'LEAD' }, team: { viewerRole: 'LEAD' } })
    })
    const memberId = await memberIdOf(team, ben)
    expect(events(team.id)).toEqual([{ type: 'TeamMemberUpdated', data: { teamId: team.id, memberId, userId: ben.id, actorId: ann.id } }])
    expect(codeOf(await act('demote', ben, ann, team))).toBeUndefined()
    expect(await roles(team)).toEqual({ [ann.id]: 'MEMBER', [ben.id]: 'LEAD', [cid.id]: 'MEMBER' })
    expect((await act('demote', ann, ben, team)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })

  it('shows who demotes themself what they are then', async () => {
    const team = await aTeam(ann, ben)
    await act('promote', ann, ben, team)
    expect((await act('demote', ann, ann, team)).data!.done.team).toMatchObject({ viewerRole: 'MEMBER' })
  })

  it('changes nothing, and is not heard of, when it is the role they have', async () => {
    const team = await aTeam(ann, ben)
    const events = await heard(async () => {
      expect((await act('demote', ann, ben, team)).data!.done.member.role).toBe('MEMBER')
      expect((await act('promote', ann, ann, team)).data!.done.member.role).toBe('LEAD')
    })
    expect(events(team.id)).toEqual([])
  })

  it('leaves the last lead one, also alone in the team, and says why', async () => {
    for (const team of [await aTeam(ann), await aTeam(ann, ben)]) {
      const { errors } = await act('demote', ann, ann, team)
      expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT' })
      expect(errors?.[0]?.message).toContain('make somebody else one first')
      expect((await roles(team))[ann.id]).toBe('LEAD')
    }
  })

  it('is for who is in the team', async () => {
    const team = await aTeam(ann, ben)
    await act('remove', ann, ben, team)
    for (const person of [ben, cid]) expect(codeOf(await act('promote', ann, person, team))).toBe('NOT_FOUND')
  })
})

describe('managing a team', () => {
  it.each<[Verb, 'ben' | 'ann' | 'dee']>([
    ['add', 'dee'],
    ['addLead', 'dee'],
    ['remove', 'ann'],
    ['promote', 'ben'],
    ['demote', 'ann'],
  ])('%s is for leads: a member is told so; a stranger and who was removed find no team', async (verb, name) => {
    const [stranger, gone, dee] = await Promise.all([domain.aPerson('Stranger'), domain.aPerson('Gone'), domain.aPerson('Dee')])
    const team = await aTeam(ann, ben)
    // Once a lead: that does not come back either.
    await addToTeam(ann, team, gone, 'LEAD')
    await act('remove', ann, gone, team)
    const target = { ann, ben, dee }[name]
    const events = await heard(async () => {
      expect(codeOf(await act(verb, ben, target, team))).toBe('FORBIDDEN')
      for (const actor of [stranger, gone]) expect(codeOf(await act(verb, actor, target, team))).toBe('NOT_FOUND')
      const asNobody = await domain.as(nobody)(documents[verb], { teamId: team.globalId, userId: target.globalId })
      expect(codeOf(asNobody)).toBe('UNAUTHENTICATED')
    })
    for (const id of [team.id, team.general.id, target.id, gone.id]) expect(events(id)).toEqual([])
  })

  it('says the same of a team that one may not see as of one that is not there', async () => {
    const team = await aTeam(ann)
    const missing = { ...team, id: uuid(), globalId: encodeId('Team', uuid()) }
    for (const verb of Object.keys(documents) as Verb[]) {
      const answers = [await act(verb, ben, cid, team), await act(verb, ben, cid, missing)]
      expect(answers.map(codeOf), verb).toEqual(['NOT_FOUND', 'NOT_FOUND'])
      expect(answers[0]!.errors![0]!.message).toBe(answers[1]!.errors![0]!.message)
    }
  })

  it.each<Verb>(['add', 'remove', 'promote'])('%s finds nothing by ids of other things, and says which id is none', async (verb) => {
    const team = await aTeam(ann, ben)
    const run = (teamId: string, userId: string) => ann.run(documents[verb], { teamId, userId })
    for (const id of [encodeId('Channel', team.id), team.general.globalId, ann.globalId])
      expect(codeOf(await run(id, ben.globalId)), id).toBe('NOT_FOUND')
    for (const id of [encodeId('User', uuid()), encodeId('TeamMember', ben.id), team.globalId])
      expect(codeOf(await run(team.globalId, id)), id).toBe('NOT_FOUND')
    expect((await run('team', ben.globalId)).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'teamId' })
    expect((await run(team.globalId, 'ben')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'userId' })
  })

  it('shows after each of several changes in one request how things are then', async () => {
    const team = await aTeam(ann, ben)
    const ids = `teamId: "${team.globalId}", userId: "${ben.globalId}"`
    const parts = 'team { name memberCount members(last: 1) { nodes { role user { id } } } }'
    const { data, errors } = await ann.run(`mutation {
      promote: setTeamRole(input: { ${ids}, role: LEAD }) { ${parts} }
      remove: removeTeamMember(input: { ${ids} }) { ${parts} }
      rename: updateTeam(input: { teamId: "${team.globalId}", name: "Two" }) { ${parts} }
      add: addTeamMember(input: { ${ids} }) { ${parts} }
    }`)
    expect(errors).toBeUndefined()
    const last = (person: APerson, role: string) => ({ nodes: [{ role, user: { id: person.globalId } }] })
    expect(data).toEqual({
      promote: { team: { name: 'Crew', memberCount: 2, members: last(ben, 'LEAD') } },
      remove: { team: { name: 'Crew', memberCount: 1, members: last(ann, 'LEAD') } },
      rename: { team: { name: 'Two', memberCount: 1, members: last(ann, 'LEAD') } },
      add: { team: { name: 'Two', memberCount: 2, members: last(ben, 'MEMBER') } },
    })
  })

  it('counts truly when many join and leave at once', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, (_, number) => domain.aPerson(`Guest ${number}`)))
    const team = await aTeam(ann, ...people.slice(0, 3))
    const answers = await Promise.all([
      ...people.slice(0, 3).map((person) => act('remove', person, person, team)),
      ...people.slice(3).flatMap((person) => [act('add', ann, person, team), act('add', ann, person, team)]),
    ])
    expect(answers.map(codeOf).filter((code) => code !== undefined)).toEqual([])
    expect(await countOf(team)).toBe(4)
    expect(Object.keys(await roles(team))).toHaveLength(4)
    const events = await domain.services.log.after(team.id, 0, 100)
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 9 }, (_, index) => index + 1))
  })
})
