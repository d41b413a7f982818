import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Audience } from '../../../src/graphql/actor.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import type { ARoom } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { type ATeam, aChannel, aTeam } from '../../support/teams.ts'
import { sayIn } from '../messages/support.ts'

let domain: Domain
/** Lead; member, who runs the channel; and member of the team who is not in the channel. */
let ann: APerson
let ben: APerson
let cid: APerson
let team: ATeam
let news: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})
beforeEach(async () => {
  team = await aTeam(ann, ben, cid)
  news = await aChannel(team, ben)
})

const headOf = async (streamId: string) => (await domain.services.log.head(streamId))!
const eventsAfter = (streamId: string, head: number) => domain.services.log.after(streamId, head, 50)
const leaveTeam = (person: APerson) =>
  person.run(`mutation { removeTeamMember(input: { teamId: "${team.globalId}", userId: "${person.globalId}" }) { memberId } }`)

describe('an event of a public channel in its team’s stream, shown to everybody who follows the team', () => {
  const parts = `fragment Parts on TeamEvent { __typename cursor seq teamId actor { id name }
    ... on ChannelAdded { channel { ...C } } ... on ChannelUpdated { channel { ...C } }
    ... on ChannelArchived { channel { ...C } } ... on ChannelUnarchived { channel { ...C } } }
    fragment C on Channel { id kind name topic isPrivate archivedAt createdAt lastActivityAt memberCount cursor createdBy { id } team { id name memberCount cursor }
      members(first: 5) { nodes { role user { id } } } }`
  const document = `subscription ($id: ID!) { teamEvents(teamId: $id) { ...Parts } } ${parts}`
  const update = (input: string) => ben.run(`mutation { updateRoom(input: { roomId: "${news.globalId}", ${input} }) { room { id } } }`)
  const archive = (verb: string) => ben.run(`mutation { ${verb}(input: { roomId: "${news.globalId}" }) { room { id } } }`)

  it.each([
    ['ChannelAdded', async () => {}],
    ['ChannelUpdated', () => update('name: "Shown"')],
    ['ChannelArchived', () => archive('archiveRoom')],
    [
      'ChannelUnarchived',
      async () => {
        await archive('archiveRoom')
        await archive('unarchiveRoom')
      },
    ],
  ])('%s needs no name, and shows what a person would see, in the channel or not', async (type, change) => {
    await change()
    const events = await eventsAfter(team.id, 0)
    const event = events.at(-1)!
    expect(event.type).toBe(type)
    const audience = new Audience(team.id)
    const shared = await showEvent<{ teamEvents: { channel: object } }>(domain, audience, document, event, { id: team.globalId })
    expect(shared.errors).toBeUndefined()
    expect(audience.askedFor).toBeUndefined()
    expect(shared.data!.teamEvents).toMatchObject({
      __typename: type,
      teamId: team.globalId,
      actor: { id: ben.globalId },
      channel: { id: news.globalId, team: { id: team.globalId, memberCount: 3 }, members: { nodes: [{ user: { id: ben.globalId } }] } },
    })
    for (const person of [ben, cid]) expect(await showEvent(domain, person.actor, document, event, { id: team.globalId })).toEqual(shared)
  })

  it('asks who it is for fields that differ from viewer to viewer, and for messages, which the team is not told of', async () => {
    const [event] = (await eventsAfter(team.id, 0)).slice(-1)
    await sayIn(ben, news, 'Hello')
    const lastMessage = { content: 'Hello' }
    for (const [field, mine, theirs] of [
      ['viewerMembership { role }', { viewerMembership: { role: 'ADMIN' } }, { viewerMembership: null }],
      ['team { viewerRole }', { team: { viewerRole: 'MEMBER' } }, { team: { viewerRole: 'LEAD' } }],
      ['lastMessage { content }', { lastMessage }, { lastMessage }],
      ['team { channels { totalCount } }', { team: { channels: { totalCount: 3 } } }, { team: { channels: { totalCount: 2 } } }],
    ] as const) {
      if (field.includes('totalCount')) await aChannel(team, ben, { isPrivate: true })
      const asked = `subscription ($id: ID!) { teamEvents(teamId: $id) { ... on ChannelAdded { channel { ${field} } } } }`
      const audience = new Audience(team.id)
      await showEvent(domain, audience, asked, event!, { id: team.globalId })
      expect(audience.askedFor, field).toBeDefined()
      const show = (person: APerson) => showEvent(domain, person.actor, asked, event!, { id: team.globalId })
      expect((await show(ben)).data).toEqual({ teamEvents: { channel: mine } })
      expect((await show(ann)).data).toEqual({ teamEvents: { channel: theirs } })
    }
  })

  it('shows a private channel to nobody without asking who it is', async () => {
    const secret = await aChannel(team, ben, { isPrivate: true })
    const audience = new Audience(team.id)
    await domain.as(audience)('query ($id: ID!) { room(id: $id) { id } }', { id: secret.globalId })
    expect(audience.askedFor).toBeDefined()
  })
})

describe('an event of a channel, shown to everybody who follows it', () => {
  const document = `subscription ($id: ID!) { roomEvents(roomId: $id) { __typename seq
    ... on RoomUpdated { room { id name ... on Channel { isPrivate team { id name memberCount } } } }
    ... on MemberLeft { wasRemoved room { id ... on Channel { team { id name } } } } } }`

  it.each([false, true])('tells whose channel it is, and needs no name for it (private: %s)', async (isPrivate) => {
    const room = await aChannel(team, ben, { isPrivate })
    await ben.run(`mutation { updateRoom(input: { roomId: "${room.globalId}", topic: "Told" }) { room { id } } }`)
    const [event] = await eventsAfter(room.id, 0)
    const audience = new Audience(room.id)
    const shared = await showEvent(domain, audience, document, event!, { id: room.globalId })
    expect(audience.askedFor).toBeUndefined()
    expect(shared).toMatchObject({ data: { roomEvents: { room: { isPrivate, team: { id: team.globalId, memberCount: 3 } } } } })
    expect(shared).toEqual(await showEvent(domain, ben.actor, document, event!, { id: room.globalId }))
  })

  it('tells so too to who hears it last, because they are no longer in the team', async () => {
    await sayIn(cid, news, 'Hello')
    const head = await headOf(news.id)
    await leaveTeam(cid)
    const [left] = await eventsAfter(news.id, head)
    const shown = await showEvent(domain, cid.actor.hearing(news.id), document, left!, { id: news.globalId })
    expect(shown).toMatchObject({ data: { roomEvents: { __typename: 'MemberLeft', room: { team: { id: team.globalId } } } } })
    expect(shown.errors).toBeUndefined()
    expect(codeOf(await showEvent(domain, cid.actor, document, left!, { id: news.globalId }))).toBe('NOT_FOUND')
  })
})
