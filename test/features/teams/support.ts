import type { APerson, Domain } from '../../support/domain.ts'
import type { ATeam } from '../../support/teams.ts'

/** What leads do with the people of a team. */
export const documents = {
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
export type Verb = keyof typeof documents

export interface Done {
  member: { id: string; role: string; joinedAt: string }
  memberId: string
  team: { memberCount: number; viewerRole: string } | null
}

export const act = (verb: Verb, actor: APerson, target: APerson, team: ATeam) =>
  actor.run<{ done: Done }>(documents[verb], { teamId: team.globalId, userId: target.globalId })

/** What the work appended to a stream, in order. */
export async function heard({ rung }: Domain, work: () => Promise<unknown>) {
  const before = rung.length
  await work()
  const events = rung.slice(before)
  return (id: string) => events.flatMap(({ streamId, type, data }) => (streamId === id ? [{ type, data }] : []))
}

export async function rolesIn({ database }: Domain, team: ATeam): Promise<Record<string, string>> {
  const members = await database.prisma.teamMember.findMany({ where: { teamId: team.id, leftAt: null } })
  return Object.fromEntries(members.map(({ userId, role }) => [userId, role]))
}

export async function memberIdOf({ database }: Domain, team: ATeam, person: APerson): Promise<string> {
  const where = { teamId_userId: { teamId: team.id, userId: person.id } }
  return (await database.prisma.teamMember.findUniqueOrThrow({ where })).id
}

export async function countOf({ database }: Domain, team: ATeam): Promise<number> {
  return (await database.prisma.team.findUniqueOrThrow({ where: { id: team.id } })).memberCount
}
