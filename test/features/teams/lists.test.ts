import { beforeAll, describe, expect, it } from 'vitest'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ATeam, addToTeam, aTeam } from '../../support/teams.ts'

interface Listed<Node> {
  edges: { cursor: string; node: Node }[]
  nodes: Node[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  totalCount: number | null
}

let domain: Domain
beforeAll(async () => {
  domain = await aDomain()
})

/** All of a list, read from either end. */
async function readThrough<Node>(read: (variables: object) => Promise<Listed<Node>>) {
  const forward: Node[] = []
  for (let after: string | null = null; ; ) {
    const { nodes, pageInfo }: Listed<Node> = await read({ first: 2, after })
    forward.push(...nodes)
    after = pageInfo.endCursor
    if (!pageInfo.hasNextPage) break
  }
  const backward: Node[] = []
  for (let before: string | null = null; ; ) {
    const { nodes, pageInfo }: Listed<Node> = await read({ last: 3, before })
    backward.unshift(...nodes)
    before = pageInfo.startCursor
    if (!pageInfo.hasPreviousPage) break
  }
  return { forward, backward }
}

const badPages = [
  ['first', { first: 0 }],
  ['first', { first: 101 }],
  ['last', { first: 1, last: 1 }],
  ['after', { after: 'nonsense' }],
  ['before', { before: Buffer.from(`99999999999999999.${'a'.repeat(36)}`).toString('base64url') }],
] as const

describe('the list of one’s teams', () => {
  const list = `query ($first: Int, $after: String, $last: Int, $before: String) {
    viewer { teams(first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { id } } nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
  let ann: APerson
  let ben: APerson
  /** As Ben came into them. */
  let teams: ATeam[]
  beforeAll(async () => {
    ;[ann, ben] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben')])
    teams = []
    for (let number = 0; number < 7; number++) teams.push(await aTeam(ann))
    // Not in the order in which they were made.
    teams = [...teams.slice(3), ...teams.slice(0, 3)]
    for (const [index, team] of teams.entries()) {
      await addToTeam(ann, team, ben)
      // The middle two at the same moment, so that their ids decide.
      const joinedAt = new Date(Date.UTC(2026, 0, 1) + (index === 3 ? 2 : index) * 1000)
      await domain.database.prisma.teamMember.updateMany({ where: { teamId: team.id, userId: ben.id }, data: { joinedAt } })
    }
    const ids = await Promise.all(
      teams
        .slice(2, 4)
        .map(
          async ({ id }) =>
            (await domain.database.prisma.teamMember.findUniqueOrThrow({ where: { teamId_userId: { teamId: id, userId: ben.id } } })).id,
        ),
    )
    if (ids[0]! > ids[1]!) teams.splice(2, 2, teams[3]!, teams[2]!)
  })

  const read = async (variables: object, person = ben) => {
    const { data, errors } = await person.run<{ viewer: { teams: Listed<{ id: string }> } }>(list, { ...variables })
    if (errors) throw errors[0]
    return data!.viewer.teams
  }
  const ids = (some: { id: string }[]) => some.map(({ id }) => id)
  const names = (some: ATeam[]) => some.map(({ globalId }) => globalId)

  it('begins with the one they have been in longest, and counts when asked', async () => {
    const { nodes, totalCount, pageInfo } = await read({})
    expect(ids(nodes)).toEqual(names(teams))
    expect(totalCount).toBe(7)
    expect(pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
  })

  it('is read in pages from either end, none missing and none twice', async () => {
    const { forward, backward } = await readThrough(read)
    expect(ids(forward)).toEqual(names(teams))
    expect(ids(backward)).toEqual(names(teams))
  })

  it('shows what lies between two cursors, and keeps its order when a team is renamed', async () => {
    const { edges } = await read({})
    await ann.run(`mutation { updateTeam(input: { teamId: "${teams[3]!.globalId}", name: "Aardvarks" }) { team { id } } }`)
    const { nodes } = await read({ after: edges[1]!.cursor, before: edges[5]!.cursor })
    expect(ids(nodes)).toEqual(names(teams.slice(2, 5)))
  })

  it('does not show what one has left', async () => {
    const team = await aTeam(ann, ben)
    await ben.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${ben.globalId}" }) { memberId } }`)
    expect(ids((await read({})).nodes)).not.toContain(team.globalId)
    expect((await read({})).totalCount).toBe(7)
    expect(ids((await read({}, ann)).nodes)).toContain(team.globalId)
  })

  it.each(badPages)('refuses a bad %s by name', async (field, variables) => {
    const { errors } = await ben.run(list, variables)
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
  })
})

describe('what a page of teams costs', () => {
  it('is as many statements for fifty teams with their people as for two', async () => {
    const [ann, ben] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben')])
    for (let number = 0; number < 50; number++) await aTeam(ann, ben)
    const all = `query ($first: Int) { viewer { teams(first: $first) { totalCount edges { cursor } nodes {
      id name slug memberCount viewerRole cursor
      members(first: 3) { totalCount nodes { role user { name } team { id name } } } } } } }`
    const [few, many] = [await statements(2), await statements(50)]
    expect(many).toBe(few)
    // The viewer, the teams and how many they are, their people's memberships, and those people.
    expect(many).toBe(5)

    async function statements(first: number) {
      let count = 0
      const { prisma, sql } = domain.database
      const counting = prisma.$extends({
        query: {
          $allOperations({ args, query }) {
            count++
            return query(args)
          },
        },
      })
      const database = {
        ...domain.database,
        sql: ((...args: Parameters<typeof sql>) => {
          count++
          return sql(...args)
        }) as typeof sql,
        prisma: counting as unknown as typeof prisma,
      }
      const { data, errors } = await domain.as(ben.actor, { database })<{ viewer: { teams: { nodes: unknown[] } } }>(all, { first })
      expect(errors).toBeUndefined()
      expect(data!.viewer.teams.nodes).toHaveLength(first)
      return count
    }
  }, 60_000)
})

describe('the people of a team', () => {
  const list = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    team(id: $id) { members(first: $first, after: $after, last: $last, before: $before) {
      nodes { user { id } } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
  let ann: APerson
  let team: ATeam
  let people: APerson[]
  beforeAll(async () => {
    ann = await domain.aPerson('Ann')
    people = [ann]
    team = await aTeam(ann)
    for (let number = 0; number < 6; number++) {
      const person = await domain.aPerson(`Guest ${number}`)
      await addToTeam(ann, team, person)
      people.push(person)
    }
    const gone = people.splice(3, 1)[0]!
    await ann.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${gone.globalId}" }) { memberId } }`)
  })

  it('are read in pages from either end, who has been there longest first, without those who left', async () => {
    const read = async (variables: object) => {
      const { data } = await ann.run<{ team: { members: Listed<{ user: { id: string } }> } }>(list, { id: team.globalId, ...variables })
      return data!.team.members
    }
    const globalIds = people.map(({ globalId }) => globalId)
    const { forward, backward } = await readThrough(read)
    expect(forward.map(({ user }) => user.id)).toEqual(globalIds)
    expect(backward.map(({ user }) => user.id)).toEqual(globalIds)
    expect((await read({})).totalCount).toBe(6)
  })

  it.each(badPages)('refuse a bad %s by name', async (field, variables) => {
    const { errors } = await ann.run(list, { id: team.globalId, ...variables })
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field })
  })
})
