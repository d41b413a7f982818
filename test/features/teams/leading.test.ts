import { beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { addToTeam, aTeam } from '../../support/teams.ts'
import { act, countOf, documents, heard, memberIdOf, rolesIn, type Verb } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})

describe('setting a role in a team', () => {
  it('makes a member a lead, who may then do the same', async () => {
    const team = await aTeam(ann, ben, cid)
    const events = await heard(domain, async () => {
      const { data } = await act('promote', ann, ben, team)
      expect(data!.done).toMatchObject({ member: { role: 'LEAD' }, team: { viewerRole: 'LEAD' } })
    })
    const memberId = await memberIdOf(domain, team, ben)
    expect(events(team.id)).toEqual([{ type: 'TeamMemberUpdated', data: { teamId: team.id, memberId, userId: ben.id, actorId: ann.id } }])
    expect(codeOf(await act('demote', ben, ann, team))).toBeUndefined()
    expect(await rolesIn(domain, team)).toEqual({ [ann.id]: 'MEMBER', [ben.id]: 'LEAD', [cid.id]: 'MEMBER' })
    expect((await act('demote', ann, ben, team)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })

  it('shows who demotes themself what they are then', async () => {
    const team = await aTeam(ann, ben)
    await act('promote', ann, ben, team)
    expect((await act('demote', ann, ann, team)).data!.done.team).toMatchObject({ viewerRole: 'MEMBER' })
  })

  it('changes nothing, and is not heard of, when it is the role they have', async () => {
    const team = await aTeam(ann, ben)
    const events = await heard(domain, async () => {
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
      expect((await rolesIn(domain, team))[ann.id]).toBe('LEAD')
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
    const events = await heard(domain, async () => {
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
    expect(await countOf(domain, team)).toBe(4)
    expect(Object.keys(await rolesIn(domain, team))).toHaveLength(4)
    const events = await domain.services.log.after(team.id, 0, 100)
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 9 }, (_, index) => index + 1))
  })
})
