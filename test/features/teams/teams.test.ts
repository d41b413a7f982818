import { beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { addToTeam, aTeam } from '../../support/teams.ts'

const create = `mutation ($input: CreateTeamInput!) { createTeam(input: $input) {
  team { __typename id name slug createdAt memberCount viewerRole members { totalCount nodes { role joinedAt user { id } team { id } } } }
  edge { cursor node { id } }
  channel { __typename id kind name isPrivate memberCount viewerMembership { role } } } }`

interface Created extends Record<string, unknown> {
  createTeam: {
    team: { id: string; slug: string; createdAt: string } & Record<string, unknown>
    edge: { cursor: string; node: { id: string } }
    channel: { id: string } & Record<string, unknown>
  }
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})

const teamsOf = (person: APerson) => domain.database.prisma.team.count({ where: { createdById: person.id } })
const rowOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1]!

describe('creating a team', () => {
  it('makes its creator the lead, and admin of a public channel "general" that comes with it', async () => {
    const before = domain.rung.length
    const slug = `crew-${uuid()}`
    const { data, errors } = await ann.run<Created>(create, { input: { name: 'The Crew', slug } })
    expect(errors).toBeUndefined()
    const { team, edge, channel } = data!.createTeam
    expect(team).toEqual({
      __typename: 'Team',
      id: team.id,
      name: 'The Crew',
      slug,
      createdAt: team.createdAt,
      memberCount: 1,
      viewerRole: 'LEAD',
      members: { totalCount: 1, nodes: [{ role: 'LEAD', joinedAt: team.createdAt, user: { id: ann.globalId }, team: { id: team.id } }] },
    })
    expect(channel).toMatchObject({ __typename: 'Channel', kind: 'CHANNEL', name: 'general', isPrivate: false, memberCount: 1 })
    expect(channel.viewerMembership).toEqual({ role: 'ADMIN' })
    const room = await domain.database.prisma.room.findUniqueOrThrow({ where: { id: rowOf(channel.id) } })
    expect(room).toMatchObject({ teamId: rowOf(team.id), isGeneral: true, createdById: ann.id })
    const list = await ann.run<{ viewer: { teams: { edges: unknown[] } } }>(
      '{ viewer { teams(last: 1) { edges { cursor node { id } } } } }',
    )
    expect(list.data!.viewer.teams.edges).toEqual([edge])
    // Whoever follows their inbox learns of the team before they learn of its channel.
    expect(domain.rung.slice(before).map(({ streamId, type, data }) => ({ streamId, type, data }))).toEqual([
      { streamId: ann.id, type: 'TeamAdded', data: { teamId: rowOf(team.id), memberId: expect.any(String) } },
      { streamId: ann.id, type: 'RoomAdded', data: { roomId: room.id } },
    ])
  })

  it('gives the first team again for the same nonce, and of another input says that it was used', async () => {
    const input = { name: `Once ${uuid()}`, nonce: 't-1' }
    const count = await teamsOf(ann)
    const first = await ann.run<Created>(create, { input })
    const head = await domain.services.log.head(ann.id)
    const again = await ann.run<Created>(create, { input })
    expect(again.data).toEqual(first.data)
    expect(await domain.services.log.head(ann.id)).toBe(head)
    expect(await teamsOf(ann)).toBe(count + 1)
    for (const other of [{ name: 'Twice' }, { slug: 'else' }]) {
      const { errors } = await ann.run(create, { input: { ...input, ...other } })
      expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'nonce' })
    }
    expect((await ben.run<Created>(create, { input })).data!.createTeam.team.id).not.toBe(first.data!.createTeam.team.id)
  })

  it('makes one team of one nonce used ten times at once', async () => {
    const input = { name: 'Race', nonce: 't-race' }
    const made = await Promise.all(Array.from({ length: 10 }, () => ann.run<Created>(create, { input })))
    expect(new Set(made.map(({ data }) => data!.createTeam.team.id)).size).toBe(1)
  })

  it('makes a slug of the name where none is given, with a number where others have it', async () => {
    const word = `z${uuid().slice(-8)}`
    const slugs: string[] = []
    for (let time = 0; time < 3; time++) {
      const { data } = await ann.run<Created>(create, { input: { name: `  Ünder ${word}: the Sea!`, slug: time === 0 ? null : undefined } })
      slugs.push(data!.createTeam.team.slug)
    }
    expect(slugs).toEqual([`under-${word}-the-sea`, `under-${word}-the-sea-2`, `under-${word}-the-sea-3`])
  })

  it('refuses a slug that another team has, by name, and writes nothing', async () => {
    const slug = `taken-${uuid()}`
    await ann.run(create, { input: { name: 'First', slug } })
    const head = await domain.services.log.head(ben.id)
    const { errors } = await ben.run(create, { input: { name: 'Second', slug } })
    expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'slug' })
    expect(await teamsOf(ben)).toBe(1)
    expect(await domain.services.log.head(ben.id)).toBe(head)
  })

  it.each([
    ['an empty name', 'name', { name: ' ' }],
    ['a name of 81 characters', 'name', { name: 'n'.repeat(81) }],
    ['a NUL in its name', 'name', { name: 'a\0b' }],
    ['half a character in its name', 'name', { name: 'a\ud83d' }],
    ['an empty slug', 'slug', { slug: '' }],
    ['a slug of 81 characters', 'slug', { slug: 's'.repeat(81) }],
    ['capitals in a slug', 'slug', { slug: 'Crew' }],
    ['a slug that begins with -', 'slug', { slug: '-crew' }],
    ['a slug with a line break', 'slug', { slug: 'crew\n' }],
    ['an empty nonce', 'nonce', { nonce: '' }],
    ['a nonce of 65 characters', 'nonce', { nonce: 'n'.repeat(65) }],
  ])('refuses %s by name, and writes nothing', async (_what, field, wrong) => {
    const count = await teamsOf(ann)
    const { errors } = await ann.run(create, { input: { name: 'Team', ...wrong } })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
    expect(await teamsOf(ann)).toBe(count)
  })

  it('is for who is signed in', async () => {
    expect(codeOf(await domain.as(nobody)(create, { input: { name: 'Nobody' } }))).toBe('UNAUTHENTICATED')
  })
})

describe('updating a team', () => {
  const update = 'mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id name slug memberCount } } }'
  const change = (person: APerson, teamId: string, changes: object) => person.run(update, { input: { teamId, ...changes } })

  it('changes what is given, leaves what is absent, and is heard of when it changes something', async () => {
    const team = await aTeam(ann, ben)
    const slug = `s-${uuid()}`
    const { slug: old } = await domain.database.prisma.team.findUniqueOrThrow({ where: { id: team.id } })
    const before = domain.rung.length
    const shown = (name: string, shownSlug: string) => ({
      data: { updateTeam: { team: { id: team.globalId, name, slug: shownSlug, memberCount: 2 } } },
    })
    expect(await change(ann, team.globalId, { name: 'Renamed' })).toEqual(shown('Renamed', old))
    expect(await change(ann, team.globalId, { slug })).toEqual(shown('Renamed', slug))
    for (const nothing of [{}, { name: 'Renamed' }, { slug }, { name: 'Renamed', slug }])
      expect(await change(ann, team.globalId, nothing)).toEqual(shown('Renamed', slug))
    const heard = domain.rung.slice(before).map(({ streamId, type, data }) => ({ streamId, type, data }))
    expect(heard).toEqual(Array(2).fill({ streamId: team.id, type: 'TeamUpdated', data: { teamId: team.id, actorId: ann.id } }))
  })

  it('refuses a slug that another team has, and writes nothing', async () => {
    const [team, other] = [await aTeam(ann), await aTeam(ben)]
    const { slug } = await domain.database.prisma.team.findUniqueOrThrow({ where: { id: other.id } })
    const { errors } = await change(ann, team.globalId, { name: 'New', slug })
    expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'slug' })
    expect(await domain.services.log.head(team.id)).toBe(0)
    expect((await domain.database.prisma.team.findUniqueOrThrow({ where: { id: team.id } })).name).toBe('Crew')
  })

  it('is for leads: members are told so, strangers and those removed find no team', async () => {
    const gone = await domain.aPerson('Gone')
    const team = await aTeam(ann, ben, gone)
    await ann.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${gone.globalId}" }) { memberId } }`)
    const head = await domain.services.log.head(team.id)
    expect(codeOf(await change(ben, team.globalId, { name: 'Mine' }))).toBe('FORBIDDEN')
    for (const person of [cid, gone]) expect(codeOf(await change(person, team.globalId, { name: 'Mine' }))).toBe('NOT_FOUND')
    expect(codeOf(await domain.as(nobody)(update, { input: { teamId: team.globalId, name: 'Mine' } }))).toBe('UNAUTHENTICATED')
    expect(await domain.services.log.head(team.id)).toBe(head)
    await addToTeam(ann, team, gone, 'LEAD')
    expect(codeOf(await change(gone, team.globalId, { name: 'Mine' }))).toBeUndefined()
  })

  it('refuses what cannot be cleared, what is no name or slug, and ids that name no team', async () => {
    const team = await aTeam(ann)
    for (const [field, value] of [
      ['name', null],
      ['name', ' '],
      ['name', 'n'.repeat(81)],
      ['slug', null],
      ['slug', 'no slug'],
    ] as const) {
      const { errors } = await change(ann, team.globalId, { [field]: value })
      expect(errors?.[0]?.extensions, field).toEqual({ code: 'BAD_USER_INPUT', field })
    }
    for (const id of [encodeId('Team', uuid()), encodeId('Channel', team.id), encodeId('Team', team.general.id), ann.globalId])
      expect(codeOf(await change(ann, id, { name: 'New' })), id).toBe('NOT_FOUND')
    expect((await change(ann, 'team', { name: 'New' })).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'teamId' })
  })
})

describe('seeing a team', () => {
  const read = `query ($id: ID!) { team(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }`

  it('is for its people: to others and to those removed it is not there', async () => {
    const gone = await domain.aPerson('Gone')
    const team = await aTeam(ann, ben, gone)
    const { data } = await gone.run<{ team: { members: { nodes: { id: string }[] } } }>(
      'query ($id: ID!) { team(id: $id) { members { nodes { id } } } }',
      { id: team.globalId },
    )
    const memberId = data!.team.members.nodes[1]!.id
    await ann.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${gone.globalId}" }) { memberId } }`)
    const seen = { id: team.globalId }
    for (const person of [ann, ben])
      expect(await person.run(read, { id: team.globalId })).toEqual({ data: { team: seen, node: seen, nodes: [seen] } })
    for (const person of [cid, gone])
      expect(await person.run(read, { id: team.globalId })).toEqual({ data: { team: null, node: null, nodes: [null] } })
    const member = 'query ($id: ID!) { node(id: $id) { id ... on TeamMember { role team { id } } } }'
    expect(await ann.run(member, { id: memberId })).toEqual({ data: { node: { id: memberId, role: 'MEMBER', team: seen } } })
    for (const person of [cid, gone]) expect(await person.run(member, { id: memberId })).toEqual({ data: { node: null } })
  })

  it('reads ids of other things as those of none, and malformed ones as such', async () => {
    const team = await aTeam(ann)
    for (const id of [encodeId('Team', uuid()), encodeId('Channel', team.id), team.general.globalId, ann.globalId])
      expect((await ann.run('query ($id: ID!) { team(id: $id) { id } }', { id })).data, id).toEqual({ team: null })
    const { errors } = await ann.run('query ($id: ID!) { team(id: $id) { id } }', { id: 'team' })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'id' })
    for (const id of [team.globalId, ann.globalId])
      expect(codeOf(await domain.as(nobody)('query ($id: ID!) { team(id: $id) { id } }', { id }))).toBe('UNAUTHENTICATED')
  })

  it('shows everybody their own role', async () => {
    const team = await aTeam(ann, ben)
    const document = 'query ($id: ID!) { team(id: $id) { viewerRole } }'
    expect((await ann.run(document, { id: team.globalId })).data).toEqual({ team: { viewerRole: 'LEAD' } })
    expect((await ben.run(document, { id: team.globalId })).data).toEqual({ team: { viewerRole: 'MEMBER' } })
  })
})
