import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeCursor } from '../../../src/engine/cursor.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { takesRights } from '../../../src/graphql/facts.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { StoredEvent } from '../../../src/store/transact.ts'
import { applyEvents, inboxRules, type Rules, type ShownEvent, type State, teamRules } from '../../support/apply-events.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { followingOf, showEvent } from '../../support/show-event.ts'
import { type ATeam, aTeam } from '../../support/teams.ts'

const fragments = `
  fragment TeamParts on Team { __typename id name slug memberCount }
  fragment MemberParts on TeamMember { __typename id role joinedAt user { __typename id name } }`
const teamDocument = `subscription ($id: ID!) { teamEvents(teamId: $id) { __typename cursor seq at teamId actor { id }
  ... on TeamUpdated { team { ...TeamParts } }
  ... on TeamMemberJoined { member { ...MemberParts } team { ...TeamParts } }
  ... on TeamMemberLeft { user { id } memberId wasRemoved team { ...TeamParts } }
  ... on TeamMemberUpdated { member { ...MemberParts } } } } ${fragments}`
const inboxDocument = `subscription { inbox { __typename cursor
  ... on TeamAdded { teamId team { id } edge { cursor node { ...TeamParts } } }
  ... on TeamRemoved { teamId wasRemoved } } }
  fragment TeamParts on Team { __typename id name slug memberCount }`
const stateDocument = `query ($id: ID!) { viewer { __typename id inboxCursor teams(first: 100) { edges { cursor node { ...TeamParts } } } }
  team(id: $id) { ...TeamParts cursor members(first: 100) { nodes { ...MemberParts } } } } ${fragments}`

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let team: ATeam
beforeAll(async () => {
  domain = await aDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
  team = await aTeam(ann, ben)
})

const at = (seq: number, streamId = team.id) => encodeCursor({ streamId, epoch: domain.services.epoch, seq })
const target = (person: APerson, more = '') => `input: { teamId: "${team.globalId}", userId: "${person.globalId}"${more} }`
const write = async (actor: APerson, mutation: string) => {
  const { errors } = await actor.run(`mutation { ${mutation} }`)
  if (errors) throw errors[0]
}
const rename = (name: string) => write(ann, `updateTeam(input: { teamId: "${team.globalId}", name: "${name}" }) { team { id } }`)
const add = (person: APerson, more?: string) => write(ann, `addTeamMember(${target(person, more)}) { team { id } }`)
const remove = (actor: APerson, person: APerson) => write(actor, `removeTeamMember(${target(person)}) { memberId }`)
const setRole = (person: APerson, role: string, actor = ann) =>
  write(actor, `setTeamRole(${target(person, `, role: ${role}`)}) { team { id } }`)
/** The last event of a stream. */
const lastOf = async (streamId: string): Promise<StoredEvent> => {
  const head = (await domain.services.log.head(streamId))!
  return (await domain.services.log.after(streamId, head - 1, 1))[0]!
}

describe('events applied to what a client held', () => {
  const changes: Record<string, () => Promise<unknown>> = {
    'making another team': async () => void (await aTeam(ben, ann)),
    'renaming the team': () => rename('Renamed'),
    'giving it another slug': () => write(ann, `updateTeam(input: { teamId: "${team.globalId}", slug: "s-${uuid()}" }) { team { id } }`),
    'adding somebody': () => add(cid),
    'adding a lead': () => add(cid, ', role: LEAD'),
    'adding who is in already': () => add(ben),
    'removing somebody': () => remove(ann, ben),
    'somebody who leaves': () => remove(ben, ben),
    'making somebody a lead': () => setRole(ben, 'LEAD'),
    'a role they have': () => setRole(ben, 'MEMBER'),
    'leaving and coming back': async () => {
      await remove(ben, ben)
      await add(ben)
    },
    'the last person’s going': async () => {
      await remove(ben, ben)
      await remove(ann, ann)
    },
    'all of it': async () => {
      await rename('A')
      await add(cid)
      await remove(cid, cid)
      await setRole(ben, 'LEAD')
      await rename('B')
      await add(cid, ', role: LEAD')
      await setRole(ann, 'MEMBER', ben)
      await remove(cid, ann)
    },
  }
  const read = async (person: APerson) => (await person.run<State>(stateDocument, { id: team.globalId })).data as State
  const shown = async (person: APerson, document: string, streamId: string, after: number, upTo: number) => {
    const events: ShownEvent[] = []
    for (const event of await domain.services.log.after(streamId, after, 100)) {
      if (event.seq > upTo) break
      const { data, errors } = await showEvent<Record<string, ShownEvent>>(domain, person.actor, document, event, { id: team.globalId })
      if (errors) throw errors[0]
      events.push(Object.values(data!)[0]!)
    }
    return events
  }
  const headOf = async (streamId: string) => (await domain.services.log.head(streamId))!
  const inbox: Rules = {
    ...inboxRules,
    // What the inbox tells of rooms is not held here.
    RoomAdded: () => {},
    RoomRemoved: () => {},
    '*'({ viewer }, { cursor }) {
      viewer.inboxCursor = cursor
    },
  }

  it.each(Object.keys(changes))('equal a fresh read after %s, once or twice', async (name) => {
    const people = [ann, ben, cid]
    const before = await Promise.all(
      people.map(async (person) => ({ state: await read(person), inbox: await headOf(person.id), team: await headOf(team.id) })),
    )
    await changes[name]!()
    for (const [index, person] of people.entries()) {
      const held = before[index]!
      const fresh = await read(person)
      const inboxEvents = await shown(person, inboxDocument, person.id, held.inbox, await headOf(person.id))
      const applyInbox = (state: State) => {
        const next = applyEvents(state, inboxEvents, inbox)
        const last = inboxEvents.filter(({ teamId }) => teamId === team.globalId).at(-1)
        return last?.__typename === 'TeamRemoved' ? { ...next, team: null } : next
      }
      const follows = held.state.team !== null && fresh.team !== null
      const teamEvents = follows ? await shown(person, teamDocument, team.id, held.team, await headOf(team.id)) : []
      const applyTeam = (state: State) => (state.team ? applyEvents(state, teamEvents, teamRules) : state)
      // A team that one has come into is read, not made of events.
      const expected = held.state.team ? fresh : { ...fresh, team: null }
      const once = applyTeam(applyInbox(held.state))
      expect(once).toEqual(expected)
      expect(applyInbox(applyTeam(held.state))).toEqual(expected)
      expect(applyTeam(applyInbox(once))).toEqual(expected)
      expect(applyTeam(applyInbox(expected))).toEqual(expected)
    }
  })
})

describe('an event of a team, shown to everybody who follows it', () => {
  it.each([
    ['TeamUpdated', () => rename('Shown')],
    ['TeamMemberJoined', () => add(cid)],
    ['TeamMemberUpdated', () => setRole(ben, 'LEAD')],
    ['TeamMemberLeft', () => remove(ben, ben)],
  ])('%s needs no name, and shows what a person would see', async (type, change) => {
    await change()
    const event = await lastOf(team.id)
    expect(event.type).toBe(type)
    const audience = new Audience(team.id)
    const shared = await showEvent(domain, audience, teamDocument, event, { id: team.globalId })
    expect(shared.errors).toBeUndefined()
    expect(audience.askedFor).toBeUndefined()
    expect(shared).toEqual(await showEvent(domain, ann.actor, teamDocument, event, { id: team.globalId }))
  })

  it('says who did it, when and where, and of what it tells', async () => {
    await add(cid)
    const { data } = await showEvent(domain, ann.actor, teamDocument, await lastOf(team.id), { id: team.globalId })
    await remove(ann, cid)
    const left = await lastOf(team.id)
    const { data: after } = await showEvent(domain, ann.actor, teamDocument, left, { id: team.globalId })
    const common = { teamId: team.globalId, actor: { id: ann.globalId } }
    expect(data!.teamEvents).toMatchObject({
      __typename: 'TeamMemberJoined',
      seq: 2,
      cursor: at(2),
      ...common,
      member: { role: 'MEMBER', user: { name: 'Cid' } },
      team: { id: team.globalId, memberCount: 3 },
    })
    expect(after!.teamEvents).toMatchObject({
      __typename: 'TeamMemberLeft',
      seq: 3,
      at: left.at.toISOString(),
      ...common,
      user: { id: cid.globalId },
      memberId: encodeId('TeamMember', left.data.memberId as string),
      wasRemoved: true,
      team: { memberCount: 2 },
    })
  })

  it('asks who it is for fields that differ from viewer to viewer', async () => {
    await rename('Differs')
    const event = await lastOf(team.id)
    const document = 'subscription ($id: ID!) { teamEvents(teamId: $id) { ... on TeamUpdated { team { viewerRole } } } }'
    const audience = new Audience(team.id)
    await showEvent(domain, audience, document, event, { id: team.globalId })
    expect(audience.askedFor).toContain('viewerRole')
    const show = (person: APerson) => showEvent(domain, person.actor, document, event, { id: team.globalId })
    expect((await show(ann)).data).toEqual({ teamEvents: { team: { viewerRole: 'LEAD' } } })
    expect((await show(ben)).data).toEqual({ teamEvents: { team: { viewerRole: 'MEMBER' } } })
  })

  it('shows another team to nobody without asking who it is', async () => {
    const other = await aTeam(ann)
    const audience = new Audience(team.id)
    await domain.as(audience)('query ($id: ID!) { team(id: $id) { id } }', { id: other.globalId })
    expect(audience.askedFor).toBeDefined()
  })

  it('shows to whom it tells of their own end what it tells, and nothing more of the team by other ways', async () => {
    await remove(ann, ben)
    const event = await lastOf(team.id)
    const hearing = await showEvent(domain, ben.actor.hearing(team.id), teamDocument, event, { id: team.globalId })
    expect(hearing.errors).toBeUndefined()
    expect(hearing.data!.teamEvents).toMatchObject({ user: { id: ben.globalId }, team: { memberCount: 1 } })
    const plain = await showEvent(domain, ben.actor, teamDocument, event, { id: team.globalId })
    expect(plain.data).toBeNull()
  })
})

describe('what an inbox tells of teams', () => {
  it('shows who was added the team and its place in their list, and who is out again neither, but its id', async () => {
    await add(cid)
    const [added] = await domain.services.log.after(cid.id, 0, 1)
    const list = await cid.run<{ viewer: { teams: { edges: unknown[] } } }>(
      '{ viewer { teams { edges { cursor node { __typename id name slug memberCount } } } } }',
    )
    const show = async () => {
      const { data, errors } = await showEvent<{ inbox: ShownEvent }>(domain, cid.actor, inboxDocument, added!)
      expect(errors).toBeUndefined()
      return data!.inbox
    }
    expect(await show()).toMatchObject({ __typename: 'TeamAdded', teamId: team.globalId, team: { id: team.globalId } })
    expect([(await show()).edge]).toEqual(list.data!.viewer.teams.edges)
    await remove(ann, cid)
    expect(await show()).toMatchObject({ teamId: team.globalId, team: null, edge: null })
    const removed = await lastOf(cid.id)
    const { data } = await showEvent<{ inbox: ShownEvent }>(domain, cid.actor, inboxDocument, removed)
    expect(data!.inbox).toMatchObject({ __typename: 'TeamRemoved', teamId: team.globalId, wasRemoved: true })
    expect(takesRights(removed)).toBe('untold')
  })
})

describe('following a team', () => {
  const document = 'subscription ($id: ID!, $after: Cursor) { teamEvents(teamId: $id, after: $after) { seq } }'
  const follow = (actor: APerson['actor'] | typeof nobody, id = team.globalId) => followingOf(domain, actor, document, { id, after: at(0) })

  it('is for its people, asked afresh each time, and ends for whom a TeamMemberLeft names', async () => {
    const { following } = await follow(ben.actor)
    expect(following!.options).toMatchObject({ streamId: team.id, personId: ben.id, after: at(0) })
    await following!.options.mayFollow()
    await remove(ann, ben)
    await expect(following!.options.mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(following!.options.endsAccessOf!(await lastOf(team.id))).toBe(ben.id)
    await add(ben)
    await following!.options.mayFollow()
    expect(following!.options.endsAccessOf!(await lastOf(team.id))).toBeUndefined()
  })

  it('is not for strangers, nor by the id of something else', async () => {
    for (const [person, id] of [
      [cid, team.globalId],
      [ann, encodeId('Team', uuid())],
      [ann, encodeId('Team', team.general.id)],
    ] as const) {
      const { following } = await follow(person.actor, id)
      await expect(following!.options.mayFollow()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    for (const id of [ann.globalId, encodeId('Channel', team.id), team.general.globalId])
      expect(codeOf(await follow(ann.actor, id)), id).toBe('NOT_FOUND')
    expect((await follow(ann.actor, 'x')).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'teamId' })
    expect(codeOf(await follow(nobody))).toBe('UNAUTHENTICATED')
  })
})
