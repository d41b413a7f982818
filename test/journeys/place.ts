import type { Client } from 'graphql-ws'
import { expect } from 'vitest'
import { until } from '../support/until.ts'
import { followRoom, type Heard, orThrow, type Person } from './person.ts'

export const followTeam = `subscription ($teamId: ID!, $after: Cursor) { teamEvents(teamId: $teamId, after: $after) { __typename seq cursor actor { id }
  ... on TeamUpdated { team { name } }
  ... on TeamMemberJoined { member { role user { id } } team { memberCount } }
  ... on TeamMemberLeft { user { id } wasRemoved team { memberCount } }
  ... on TeamMemberUpdated { member { role user { id } } } } }`
const followInbox = `subscription ($after: Cursor) { inbox(after: $after) { __typename cursor
  ... on TeamAdded { teamId edge { node { id name viewerRole } } }
  ... on TeamRemoved { teamId wasRemoved }
  ... on RoomAdded { roomId room { name ... on Channel { team { id } } } }
  ... on RoomRemoved { roomId wasRemoved } } }`

/** A team, and what somebody in it can follow. */
export interface Place {
  readonly teamId: string
  /** The channel that everybody joins with the team. */
  readonly generalId: string
  /** A public channel that only its maker is in. */
  readonly newsId: string
  /** A private channel. */
  readonly secretsId: string
}

/** What one operation brings. */
export interface Followed {
  readonly heard: readonly Heard[]
  /** The codes with which it ended, and when. */
  readonly ended: Promise<{ codes: unknown; at: number }>
}

export function follow(client: Client, query: string, variables: Record<string, unknown>): Followed {
  const heard: Heard[] = []
  const ended = new Promise<{ codes: unknown; at: number }>((resolve) => {
    const end = (codes: unknown) => resolve({ codes, at: performance.now() })
    client.subscribe<Record<string, Heard>>(
      { query, variables },
      {
        next: ({ data, errors }) => (data ? heard.push(Object.values(data)[0]!) : end(errors)),
        error: (reason) => end(Array.isArray(reason) ? reason.map(({ extensions }) => extensions.code) : reason),
        complete: () => end('completed'),
      },
    )
  })
  return { heard, ended }
}

export function roomQueries({ newsId, generalId, secretsId }: Place) {
  const of = (roomId: string) => ({ query: followRoom, variables: { roomId } })
  return { news: of(newsId), general: of(generalId), secrets: of(secretsId) }
}

/** From now on: the team, a public channel without being in it, and two channels as a member. */
export function followAll(client: Client, place: Place) {
  return [
    { stream: 'team' as const, ...follow(client, followTeam, { teamId: place.teamId }) },
    ...Object.entries(roomQueries(place)).map(([stream, { query, variables }]) => ({
      stream: stream as 'news' | 'general' | 'secrets',
      ...follow(client, query, variables),
    })),
  ]
}

/** Operations of a socket begin in their order: when this is answered, all before it have been taken up. */
export async function isServed(client: Client): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.subscribe({ query: '{ viewer { id } }' }, { next: () => {}, error: reject, complete: resolve })
  })
}

/** Following anew is refused, from now on as well as after a cursor. */
export async function expectNothing(client: Client, place: Place): Promise<void> {
  for (const { heard, ended, stream } of followAll(client, place)) {
    expect((await ended).codes, stream).toEqual(['NOT_FOUND'])
    expect(heard).toEqual([])
  }
  await client.dispose()
}

/** Follows on a connection of its own, from a cursor. */
function hear(person: Person, query: string, variables: Record<string, unknown>) {
  const client = person.connect()
  const { heard, ended } = follow(client, query, variables)
  return {
    heard,
    ended,
    count: (count: number) => until(() => heard.length >= count, { what: `event ${count}, after ${JSON.stringify(heard)}` }),
    stop: () => client.dispose(),
  }
}

export async function inboxOf(person: Person) {
  const { viewer } = orThrow(await person.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }'))
  return hear(person, followInbox, { after: viewer.inboxCursor })
}

export async function teamOf(person: Person, teamId: string, after?: string) {
  return hear(person, followTeam, { teamId, after: after ?? (await teamCursorOf(person, teamId)) })
}

export async function teamCursorOf(person: Person, teamId: string): Promise<string> {
  const document = 'query ($id: ID!) { team(id: $id) { cursor } }'
  return orThrow(await person.ask<{ team: { cursor: string } }>(document, { id: teamId })).team.cursor
}

export async function aTeam(lead: Person, name: string): Promise<Pick<Place, 'teamId' | 'generalId'>> {
  const { team, channel } = await write<Made<'team' | 'channel'>>(lead, 'createTeam', { name }, 'team { id } channel { id }')
  return { teamId: team.id, generalId: channel.id }
}

type Made<Name extends string> = Record<Name, { id: string }>

/** Of it `lead` makes all; Ben is in the private channel too. */
export async function aPlace(lead: Person, ben: Person, ...others: Person[]): Promise<Place> {
  const { teamId, generalId } = await aTeam(lead, 'Crew')
  for (const person of [ben, ...others]) await add(lead, teamId, person)
  const channel = async (name: string, isPrivate: boolean) =>
    (await write<Made<'channel'>>(lead, 'createChannel', { teamId, name, isPrivate }, 'channel { id }')).channel.id
  const place = { teamId, generalId, newsId: await channel('news', false), secretsId: await channel('secrets', true) }
  await lead.add(place.secretsId, ben)
  return place
}

export const roomsOf = ({ newsId, generalId, secretsId }: Place) => [newsId, generalId, secretsId]

export const add = (lead: Person, teamId: string, { id: userId }: Person) => write(lead, 'addTeamMember', { teamId, userId })
export const remove = (lead: Person, teamId: string, { id: userId }: Person) => write(lead, 'removeTeamMember', { teamId, userId })
export const leave = (person: Person, teamId: string) => remove(person, teamId, person)
export const setRole = (lead: Person, teamId: string, { id: userId }: Person, role: string) =>
  write(lead, 'setTeamRole', { teamId, userId, role })

export async function seesTeam(person: Person, teamId: string): Promise<boolean> {
  const document = 'query ($id: ID!) { team(id: $id) { id } viewer { teams { nodes { id } } } }'
  const { team, viewer } = orThrow(
    await person.ask<{ team: object | null; viewer: { teams: { nodes: { id: string }[] } } }>(document, { id: teamId }),
  )
  expect(viewer.teams.nodes.some(({ id }) => id === teamId)).toBe(team !== null)
  return team !== null
}

/** Answers the payload. */
export async function write<Payload = unknown>(person: Person, mutation: string, input: Record<string, unknown>, parts = '__typename') {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  const document = `mutation ($input: ${type}!) { done: ${mutation}(input: $input) { ${parts} } }`
  return orThrow(await person.ask<{ done: Payload }>(document, { input })).done
}
