import { parse, subscribe } from 'graphql'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryBus } from '../../../src/engine/bus-memory.ts'
import { schema } from '../../../src/features/schema.ts'
import { createContext } from '../../../src/graphql/context.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { createMemoryWhereabouts } from '../../../src/store/whereabouts.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { aGroup } from '../../support/rooms.ts'
import { aTeam } from '../../support/teams.ts'
import { until } from '../../support/until.ts'
import { counted, sayIn } from '../messages/support.ts'
import { aPresence, watching } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
})
/** Ann and Ben are in a team; Cid is a stranger. */
beforeEach(async () => {
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
  await aTeam(ann, ben)
})

const hears = (told: readonly string[], ...wanted: string[]) =>
  until(() => told.length >= wanted.length, { what: `${wanted.join(', ')}, after ${told.join(', ')}` }).then(() =>
    expect(told).toEqual(wanted),
  )

/** Everything that was rung for or falls due has been told, once this has: it is read after it. */
async function isTold(presence: ReturnType<typeof aPresence>, person: APerson) {
  await watching(presence, person, person)
}

describe('watching people', () => {
  it('tells first of each as they are, also of those who are not there', async () => {
    const presence = aPresence(domain)
    presence.arrive(ben.id)
    const { told, full } = await watching(presence, ann, ann, ben, cid)
    expect([...told].sort()).toEqual(['0 OFFLINE', '1 ONLINE', '2 OFFLINE'])
    expect(full.find(({ user }) => user.id === ben.id)).toMatchObject({ user: { name: 'Ben', handle: ben.handle } })
  })

  it('tells of coming and going, once, however many devices somebody has', async () => {
    const presence = aPresence(domain)
    const { told, full } = await watching(presence, ann, ben)
    const [phone, tablet] = [presence.arrive(ben.id), presence.arrive(ben.id)]
    await hears(told, 'OFFLINE', 'ONLINE')
    phone()
    phone()
    await isTold(presence, ann)
    tablet()
    await hears(told, 'OFFLINE', 'ONLINE', 'OFFLINE')
    expect(Date.now() - full[2]!.presence.lastSeenAt!.getTime()).toBeLessThan(5000)
    expect(presence.size.here).toBe(0)
  })

  it('tells nobody anything of who comes back in between', async () => {
    const presence = aPresence(domain, { presenceGraceMs: 200 })
    const gone = presence.arrive(ben.id)
    const { told } = await watching(presence, ann, ben)
    gone()
    const again = presence.arrive(ben.id)
    const start = performance.now()
    await until(() => performance.now() - start > 300)
    await isTold(presence, ann)
    expect(told).toEqual(['ONLINE'])
    again()
    await hears(told, 'ONLINE', 'OFFLINE')
  })

  it('tells strangers nothing but OFFLINE, once', async () => {
    const presence = aPresence(domain)
    const [stranger, friend] = [await watching(presence, cid, ben), await watching(presence, ann, ben)]
    const gone = presence.arrive(ben.id)
    await hears(friend.told, 'OFFLINE', 'ONLINE')
    gone()
    await hears(friend.told, 'OFFLINE', 'ONLINE', 'OFFLINE')
    expect(stranger.told).toEqual(['OFFLINE'])
    expect(stranger.full[0]!.presence.lastSeenAt).toBeNull()
  })

  it('tells nothing when it is the same as before', async () => {
    const presence = aPresence(domain)
    presence.arrive(ben.id)
    const { told } = await watching(presence, ann, ben)
    for (let time = 0; time < 5; time++) presence.ring(ben.id)
    await isTold(presence, ann)
    presence.ring(ben.id)
    await isTold(presence, ann)
    expect(told).toEqual(['ONLINE'])
  })

  it('tells of what is set, and of its lapsing', async () => {
    const presence = aPresence(domain)
    presence.arrive(ben.id)
    const { told } = await watching(presence, ann, ben)
    const input = { status: 'AWAY', text: 'Lunch', until: new Date(Date.now() + 1000).toISOString() }
    const document = 'mutation ($input: SetPresenceInput!) { setPresence(input: $input) { user { id } } }'
    expect((await domain.as(ben.actor, { presence })(document, { input })).errors).toBeUndefined()
    await hears(told, 'ONLINE', 'AWAY Lunch', 'ONLINE')
  })

  it('invisible looks like going, and coming and going while one is, like nothing', async () => {
    const presence = aPresence(domain)
    const gone = presence.arrive(ben.id)
    const { told, full } = await watching(presence, ann, ben)
    const document = 'mutation { setPresence(input: { status: OFFLINE }) { user { id } } }'
    await domain.as(ben.actor, { presence })(document)
    await hears(told, 'ONLINE', 'OFFLINE')
    gone()
    await until(() => presence.size.here === 0)
    presence.arrive(ben.id)
    await isTold(presence, ann)
    expect(told).toEqual(['ONLINE', 'OFFLINE'])
    expect(full[1]!.presence.lastSeenAt).not.toBeNull()
  })

  it('ends seeing with what gave it, and begins with what gives it', async () => {
    const presence = aPresence(domain)
    presence.arrive(ben.id)
    const { told } = await watching(presence, cid, ben)
    expect(told).toEqual(['OFFLINE'])
    const team = await aTeam(ben, cid)
    presence.heard(cid.id, { streamId: cid.id, seq: 1, type: 'TeamAdded', data: {}, at: new Date() })
    await hears(told, 'OFFLINE', 'ONLINE')
    await domain.as(ben.actor)('mutation ($input: RemoveTeamMemberInput!) { removeTeamMember(input: $input) { memberId } }', {
      input: { teamId: team.globalId, userId: cid.globalId },
    })
    presence.heard(cid.id, { streamId: cid.id, seq: 2, type: 'Mentioned', data: {}, at: new Date() })
    await isTold(presence, ann)
    expect(told).toHaveLength(2)
    presence.heard(ben.id, { streamId: ben.id, seq: 3, type: 'ViewerUpdated', data: {}, at: new Date() })
    await hears(told, 'OFFLINE', 'ONLINE', 'OFFLINE')
  })

  it('finds what the bus lost when it looks again', async () => {
    const whereabouts = createMemoryWhereabouts()
    const deaf = { ...createMemoryBus(() => {}), publish() {} }
    const presence = aPresence(domain, { whereabouts, bus: deaf, presenceRereadMs: 100 })
    const { told } = await watching(presence, ann, ben)
    await whereabouts.arrive([ben.id])
    await hears(told, 'OFFLINE', 'ONLINE')
    await domain.as(ben.actor, { presence })('mutation { setPresence(input: { status: AWAY }) { user { id } } }')
    await hears(told, 'OFFLINE', 'ONLINE', 'AWAY')
    await whereabouts.leave([ben.id])
    await hears(told, 'OFFLINE', 'ONLINE', 'AWAY', 'OFFLINE')
  })

  it('goes on with what is known while the whereabouts are not', async () => {
    const whereabouts = createMemoryWhereabouts()
    let isKnown = true
    const read = async (ids: readonly string[]) => (isKnown ? whereabouts.read(ids) : undefined)
    const presence = aPresence(domain, { whereabouts: { ...whereabouts, read } })
    await whereabouts.arrive([ben.id])
    const { told } = await watching(presence, ann, ben)
    isKnown = false
    presence.ring(ben.id)
    await isTold(presence, ann)
    expect(told).toEqual(['ONLINE'])
    expect((await presence.shown(ann.id, ben.id)).status).toBe('ONLINE')
    // Who is here is there in any case.
    presence.arrive(ann.id)
    expect((await presence.shown(ben.id, ann.id)).status).toBe('ONLINE')
  })

  it('of many by many takes two statements for all that is rung for at once', async () => {
    const database = counted(domain.database)
    const presence = aPresence(domain, { database })
    const people = await Promise.all(Array.from({ length: 5 }, (_, number) => domain.aPerson(`Person ${number}`)))
    await aTeam(people[0]!, ...people.slice(1))
    const watchings: { told: string[] }[] = []
    for (const person of people) watchings.push(await watching(presence, person, ...people))
    database.statements.length = 0
    for (const { id } of people) presence.arrive(id)
    await until(() => watchings.every(({ told }) => told.filter((line) => line.endsWith('ONLINE')).length === 5))
    // And one that writes down that they were seen.
    await until(() => database.statements.some((text) => text.includes('insert into presence')))
    expect(database.statements.filter((text) => !text.includes('insert into presence'))).toHaveLength(2)
  })

  it('leaves nothing behind', async () => {
    const presence = aPresence(domain)
    const { stop } = await watching(presence, ann, ann, ben)
    const other = await watching(presence, ben, ben)
    stop()
    stop()
    expect(presence.size.watched).toBe(1)
    other.stop()
    expect(presence.size.watched).toBe(0)
  })

  it('NOT_FOUND for who is nobody, and nothing of it stays', async () => {
    const presence = aPresence(domain)
    await expect(presence.watch(ann.id, [ben.id, uuid()], () => {})).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(presence.size.watched).toBe(0)
  })
})

describe('last seen', () => {
  const seenOf = async (person: APerson) => (await domain.database.prisma.presence.findUnique({ where: { userId: person.id } }))?.lastSeenAt

  it('is written when somebody comes, goes, and for everybody when the node stops', async () => {
    const presence = aPresence(domain)
    const start = Date.now()
    const gone = presence.arrive(ann.id)
    const came = await until(() => seenOf(ann))
    expect(came.getTime()).toBeGreaterThanOrEqual(start)
    gone()
    await until(async () => (await seenOf(ann))!.getTime() > came.getTime())
    presence.arrive(ben.id)
    await presence.close()
    expect((await seenOf(ben))!.getTime()).toBeGreaterThanOrEqual(start)
  })

  it('is written every so often, so that a node that is killed loses little', async () => {
    const presence = aPresence(domain, { presenceSeenMs: 20 })
    presence.arrive(ann.id)
    const came = await until(() => seenOf(ann))
    await until(async () => (await seenOf(ann))!.getTime() > came.getTime())
  })

  it('does not move while somebody is invisible, nor after the account was closed', async () => {
    const presence = aPresence(domain)
    await domain.as(ann.actor, { presence })('mutation { setPresence(input: { status: OFFLINE }) { user { id } } }')
    const hidden = await seenOf(ann)
    await domain.database.sql('update app_user set deleted_at = now() where id = $1', [cid.id])
    presence.arrive(ann.id)
    presence.arrive(cid.id)
    presence.arrive(ben.id)
    await until(() => seenOf(ben))
    await presence.close()
    expect([await seenOf(ann), await seenOf(cid)]).toEqual([hidden, undefined])
  })
})

describe('Subscription.presence', () => {
  const document = 'subscription ($ids: [ID!]!) { presence(userIds: $ids) { user { id } } }'
  it('refuses too many people, and what is no id', async () => {
    const attempt = async (ids: string[]) => {
      const contextValue = createContext(domain.services, ann.actor)
      const found = (await subscribe({ schema, document: parse(document), variableValues: { ids }, contextValue }).catch(
        (error) => error,
      )) as {
        errors?: { extensions: object }[]
        message?: string
      }
      return found.errors?.[0]?.extensions ?? found.message
    }
    const many = Array.from({ length: 201 }, () => encodeId('User', uuid()))
    expect(await attempt(many)).toEqual({ code: 'BAD_USER_INPUT', field: 'userIds' })
    expect(await attempt([ann.globalId, 'rubbish'])).toEqual({ code: 'BAD_USER_INPUT', field: 'userIds' })
    expect(await attempt([encodeId('Viewer', ann.id)])).toEqual({ code: 'NOT_FOUND' })
    // Named twice is named once.
    expect(await attempt([...many.slice(1), ...many.slice(1)])).toContain('is not iterated')
  })
})

it('who have just answered each other see it from the next change on', async () => {
  const presence = aPresence(domain)
  const room = await aGroup(cid, ben)
  presence.arrive(ben.id)
  const { told } = await watching(presence, cid, ben)
  for (const person of [ben, cid]) await sayIn(person, room, 'Hello')
  expect(told).toEqual(['OFFLINE'])
  presence.ring(ben.id)
  await hears(told, 'OFFLINE', 'ONLINE')
})
