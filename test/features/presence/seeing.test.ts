import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Presence } from '../../../src/features/presence/presence.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { aDirectRoom, aGroup } from '../../support/rooms.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { counted, sayIn } from '../messages/support.ts'
import { aPresence } from './support.ts'

const nothing = { status: 'OFFLINE', text: null, lastSeenAt: null }
const there = { status: 'ONLINE', text: 'Here', lastSeenAt: null }

let domain: Domain
let presence: Presence
let ann: APerson
let ben: APerson
beforeAll(async () => {
  domain = await aDomain()
})
/** Ben is there and says so; Ann looks. */
beforeEach(async () => {
  presence = aPresence(domain)
  ;[ann, ben] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben')])
  presence.arrive(ben.id)
  await run(ben, 'mutation { setPresence(input: { status: ONLINE, text: "Here" }) { user { id } } }')
})

async function run(person: APerson, document: string, variables?: Record<string, unknown>) {
  const { data, errors } = await domain.as(person.actor, { presence })(document, variables)
  if (errors) throw errors[0]
  return data
}

async function sees(viewer: APerson, person: APerson): Promise<unknown> {
  const data = await run(viewer, 'query ($handle: String!) { user(handle: $handle) { presence { status text lastSeenAt } } }', {
    handle: person.handle,
  })
  return (data as { user: { presence: unknown } }).user.presence
}

const block = (one: APerson, other: APerson) =>
  run(one, 'mutation ($id: ID!) { blockUser(input: { userId: $id }) { user { id } } }', { id: other.globalId })

describe('who sees whether somebody is there', () => {
  it('oneself, and no stranger', async () => {
    expect(await sees(ben, ben)).toEqual(there)
    expect(await sees(ann, ben)).toEqual(nothing)
  })

  it('people of the same team, for as long as both are in it', async () => {
    const cid = await domain.aPerson('Cid')
    const team = await aTeam(cid, ann, ben)
    expect(await sees(ann, ben)).toEqual(there)
    const out = { teamId: team.globalId, userId: ben.globalId }
    await run(cid, 'mutation ($input: RemoveTeamMemberInput!) { removeTeamMember(input: $input) { memberId } }', { input: out })
    expect([await sees(ann, ben), await sees(ben, ann)]).toEqual([nothing, nothing])
    await run(cid, 'mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { team { id } } }', { input: out })
    expect(await sees(ann, ben)).toEqual(there)
  })

  it('people of a room, once both of them have said something there', async () => {
    const room = await aGroup(ann, ben)
    expect(await sees(ann, ben)).toEqual(nothing)
    await sayIn(ben, room, 'Hello')
    expect(await sees(ann, ben)).toEqual(nothing)
    await sayIn(ann, room, 'Hello')
    expect(await sees(ann, ben)).toEqual(there)
    await run(ben, 'mutation ($input: RemoveRoomMemberInput!) { removeRoomMember(input: $input) { memberId } }', {
      input: { roomId: room.globalId, userId: ben.globalId },
    })
    expect(await sees(ann, ben)).toEqual(nothing)
  })

  it('not by what each said in another room, nor by what a room says of them', async () => {
    const cid = await domain.aPerson('Cid')
    const [one, other] = [await aGroup(ann, ben, cid), await aGroup(ann, ben, cid)]
    await sayIn(ann, one, 'Hello')
    await sayIn(ben, other, 'Hello')
    expect(await sees(ann, ben)).toEqual(nothing)
    // Who is added later is said to have joined, in their name.
    const dan = await domain.aPerson('Dan')
    await run(ann, 'mutation ($input: AddRoomMemberInput!) { addRoomMember(input: $input) { room { id } } }', {
      input: { roomId: one.globalId, userId: dan.globalId },
    })
    presence.arrive(ann.id)
    expect(await sees(dan, ann)).toEqual(nothing)
  })

  it('nobody whom they have blocked, or who has blocked them', async () => {
    await aTeam(ann, ben)
    const direct = await aDirectRoom(ann, ben)
    for (const person of [ann, ben]) await sayIn(person, direct, 'Hello')
    expect(await sees(ann, ben)).toEqual(there)
    await block(ann, ben)
    presence.arrive(ann.id)
    expect([await sees(ann, ben), await sees(ben, ann)]).toEqual([nothing, nothing])
    await run(ann, 'mutation ($id: ID!) { unblockUser(input: { userId: $id }) { user { id } } }', { id: ben.globalId })
    expect(await sees(ann, ben)).toEqual(there)
  })

  it('nobody whose account is closed', async () => {
    await aTeam(ann, ben)
    await domain.database.sql('update app_user set deleted_at = now() where id = $1', [ben.id])
    const { data } = await domain.as(ann.actor, { presence })(
      'query ($id: ID!) { node(id: $id) { ... on User { presence { status text lastSeenAt } } } }',
      {
        id: ben.globalId,
      },
    )
    expect(data).toEqual({ node: { presence: nothing } })
    await domain.database.sql('update app_user set deleted_at = null where id = $1', [ben.id])
  })

  it('not whoever has not signed in, and no audience without being asked who it is', async () => {
    const document = 'query ($id: ID!) { node(id: $id) { ... on User { presence { status } } } }'
    expect(codeOf(await domain.as(nobody, { presence })(document, { id: ben.globalId }))).toBe('UNAUTHENTICATED')
    const audience = new Audience(ben.id)
    await domain.as(audience, { presence })(document, { id: ben.globalId })
    expect(audience.askedFor).toContain('User.presence')
  })

  it('has an id of its own', async () => {
    const data = await run(ann, 'query ($id: ID!) { node(id: $id) { ... on User { presence { id } } } }', { id: ben.globalId })
    expect(data).toEqual({ node: { presence: { id: Buffer.from(`Presence:${ben.id}`).toString('base64url') } } })
  })
})

it('of a whole page takes two statements and one question to the whereabouts', async () => {
  const team = await aTeam(ann, ben)
  const channel = await aChannel(team, ann, { members: [ben] })
  const database = counted(domain.database)
  let asked = 0
  const whereabouts = {
    arrive: async () => {},
    leave: async () => [],
    renew: async () => {},
    retire: async () => {},
    async read(ids: readonly string[]) {
      asked++
      return ids.map(() => true)
    },
  }
  const instead = { database, presence: aPresence(domain, { database, whereabouts }) }
  const count = async (field: string) => {
    const document = `query ($id: ID!) { room(id: $id) { members(first: 100) { nodes { user { id ${field} } } } } }`
    database.statements.length = asked = 0
    const { data, errors } = await domain.as(ann.actor, instead)(document, { id: channel.globalId })
    expect(errors).toBeUndefined()
    return [JSON.stringify(data).split('ONLINE').length - 1, database.statements.length, asked]
  }
  await count('')
  const [, without] = await count('')
  expect(await count('presence { status }')).toEqual([2, without! + 2, 1])
  for (let number = 0; number < 5; number++) {
    const input = { roomId: channel.globalId, userId: (await addedTo(team.globalId)).globalId }
    await run(ann, 'mutation ($input: AddRoomMemberInput!) { addRoomMember(input: $input) { room { id } } }', { input })
  }
  expect(await count('presence { status }')).toEqual([7, without! + 2, 1])
})

async function addedTo(teamId: string): Promise<APerson> {
  const person = await domain.aPerson('Somebody')
  await run(ann, 'mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { team { id } } }', {
    input: { teamId, userId: person.globalId },
  })
  return person
}
