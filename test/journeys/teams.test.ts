import type { Client } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { followEvents, openSocket } from '../support/client.ts'
import type { Parley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { anotherDevice, followRoom, type Heard, inTurns, isDense, orThrow, type Person } from './person.ts'
import { inEachWorld, startNodes, type World } from './world.ts'

const followTeam = `subscription ($teamId: ID!, $after: Cursor) { teamEvents(teamId: $teamId, after: $after) { __typename seq cursor actor { id }
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
interface Place {
  readonly teamId: string
  /** The channel that everybody joins with the team. */
  readonly generalId: string
  /** A public channel that only its maker is in. */
  readonly newsId: string
  /** A private channel. */
  readonly secretsId: string
}

inEachWorld('a team', (world) => {
  const ends = () => {
    const [here, there = here] = world().nodes
    return { here: here!, there: there! }
  }

  it('is made, joined, led, left and empty in the end, and everybody in it hears of it', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const cid = await world().aPerson('Cid', here)
    const [adaHears, benHears] = [await inboxOf(ada), await inboxOf(ben)]

    // Ada makes a team: her devices learn of it, and then of its channel, which is hers to run.
    const { teamId, generalId } = await aTeam(ada, 'Expedition')
    await adaHears.count(2)
    const general = { __typename: 'RoomAdded', roomId: generalId, room: { name: 'general', team: { id: teamId } } }
    expect(adaHears.heard).toMatchObject([
      { __typename: 'TeamAdded', teamId, edge: { node: { name: 'Expedition', viewerRole: 'LEAD' } } },
      general,
    ])

    // To Ben, on the other node, it is not there until she adds him.
    expect(await seesTeam(ben, teamId)).toBe(false)
    await add(ada, teamId, ben)
    await benHears.count(2)
    expect(benHears.heard).toMatchObject([
      { __typename: 'TeamAdded', teamId, edge: { node: { name: 'Expedition', viewerRole: 'MEMBER' } } },
      general,
    ])
    const listening = await ada.follow(generalId)
    await ben.say(generalId, 'Here I am')
    await listening.hears('Here I am')
    await listening.stop()

    // Ben may not add anybody; Ada makes him a lead, and then he may.
    const team = await teamOf(ben, teamId)
    await expect(add(ben, teamId, cid)).rejects.toThrow('FORBIDDEN')
    await setRole(ada, teamId, ben, 'LEAD')
    await add(ben, teamId, cid)
    await write(ben, 'updateTeam', { teamId, name: 'Base camp' })
    const cidHears = await teamOf(cid, teamId)

    // Ada leaves. She could not have before.
    await leave(ada, teamId)
    expect(await seesTeam(ada, teamId)).toBe(false)
    await adaHears.count(4)
    expect(adaHears.heard.slice(2)).toMatchObject([
      { __typename: 'RoomRemoved', roomId: generalId, wasRemoved: false },
      { __typename: 'TeamRemoved', teamId, wasRemoved: false },
    ])
    await cidHears.count(1)
    await team.count(4)
    expect(team.heard).toMatchObject([
      { __typename: 'TeamMemberUpdated', member: { role: 'LEAD', user: { id: ben.id } }, actor: { id: ada.id } },
      { __typename: 'TeamMemberJoined', member: { role: 'MEMBER', user: { id: cid.id } }, team: { memberCount: 3 } },
      { __typename: 'TeamUpdated', team: { name: 'Base camp' } },
      { __typename: 'TeamMemberLeft', user: { id: ada.id }, wasRemoved: false, team: { memberCount: 2 } },
    ])
    expect(isDense(team.heard)).toBe(true)

    // Whoever comes back on another device reads on where they were.
    const tablet = await teamOf(await anotherDevice(ben, here), teamId, team.heard[0]!.cursor)
    await tablet.count(3)
    expect(tablet.heard.map(({ cursor, __typename }) => [cursor, __typename])).toEqual(
      team.heard.slice(1).map(({ cursor, __typename }) => [cursor, __typename]),
    )

    // Ben leads alone now: he may go last.
    await expect(leave(ben, teamId)).rejects.toThrow('CONFLICT')
    await expect(setRole(ben, teamId, ben, 'MEMBER')).rejects.toThrow('CONFLICT')
    await remove(ben, teamId, cid)
    expect(await cidHears.ended).toMatchObject({ codes: ['NOT_FOUND'] })
    expect(cidHears.heard.at(-1)).toMatchObject({ __typename: 'TeamMemberLeft', user: { id: cid.id }, wasRemoved: true })
    await leave(ben, teamId)
    expect(await team.ended).toMatchObject({ codes: ['NOT_FOUND'] })
    for (const person of [ada, ben, cid]) expect(await seesTeam(person, teamId)).toBe(false)
    for (const one of [adaHears, benHears, team, cidHears, tablet]) await one.stop()
  }, 30_000)

  it('whoever is removed loses all of it within a second, on every node, and hears nothing said after it', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const cid = await world().aPerson('Cid', there)
    await inTurns(
      6,
      async () => {
        const place = await aPlace(ada, ben, cid)
        const clients = [ben.connect(), ben.on(here).connect()]
        const followed = clients.flatMap((client) => followAll(client, place))
        await Promise.all(clients.map(isServed))
        const others = await Promise.all([place.newsId, place.generalId].map((roomId) => cid.follow(roomId)))
        // Everybody talks on, on both nodes, while it happens.
        let isRemoved = false
        const talking = [ada, ada.on(there)].flatMap((person) =>
          roomsOf(place).map(async (roomId) => {
            for (let number = 0; !isRemoved || number < 3; number++) await person.say(roomId, `Before ${number}`)
          }),
        )
        await until(() => followed.filter(({ heard }) => heard.length > 2).length >= 6, { what: 'talk' })
        await remove(ada, place.teamId, ben)
        const start = performance.now()
        isRemoved = true
        await Promise.all([ada, ada.on(there)].flatMap((person) => roomsOf(place).map((roomId) => person.say(roomId, 'After'))))
        for (const { ended, heard } of followed) {
          const { codes, at } = await ended
          expect(codes).toEqual(['NOT_FOUND'])
          expect(at - start).toBeLessThan(1000)
          expect(isDense(heard)).toBe(true)
        }
        await Promise.all(talking)
        for (const one of others) await one.hears('After')
        for (const { stream, heard } of followed) {
          const contents = heard.flatMap(({ message }) => message?.content ?? [])
          expect(contents).not.toContain('After')
          // Where they were in it, the last thing they hear is that they are not.
          const last = { team: 'TeamMemberLeft', news: 'MessageAdded', general: 'MemberLeft', secrets: 'MemberLeft' }[stream]
          expect(heard.at(-1), stream).toMatchObject({ __typename: last, ...(stream !== 'news' && { user: { id: ben.id } }) })
        }
        for (const client of clients) await expectNothing(client, place)
        for (const one of others) await one.stop()
      },
      2,
    )
  }, 60_000)

  it('whoever leaves loses it as soon, also on event streams', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const place = await aPlace(ada, ben)
    const ask = { team: { query: followTeam, variables: { teamId: place.teamId } }, ...roomQueries(place) }
    const streams = await Promise.all(
      Object.entries(ask).map(async ([name, operation]) => ({ name, ...(await followEvents(there.url, operation, ben.credentials)) })),
    )
    for (const roomId of roomsOf(place)) await ada.say(roomId, 'Before')
    for (const { name, events } of streams) if (name !== 'team') expect((await events.next()).data?.data).toBeTruthy()
    await leave(ben.on(here), place.teamId)
    const start = performance.now()
    for (const roomId of roomsOf(place)) await ada.say(roomId, 'After')
    for (const { name, events, ended } of streams) {
      await ended
      expect(performance.now() - start, name).toBeLessThan(1000)
      const [last, complete] = events.waiting.slice(-2)
      expect(
        last?.data?.errors?.map(({ extensions }) => extensions.code),
        name,
      ).toEqual(['NOT_FOUND'])
      expect(complete?.event).toBe('complete')
      expect(JSON.stringify(events.waiting), name).not.toContain('After')
    }
  })

  it('a subscription that is being opened in the moment of the removal is refused or ends, and tells nothing said after it', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const client = ben.connect()
    await isServed(client)
    let removalMs = 20
    const ways = await inTurns(
      32,
      async (number) => {
        const place = await aPlace(ada, ben)
        const [newsStart, teamStart] = [await ada.cursorOf(place.newsId), await teamCursorOf(ada, place.teamId)]
        await ada.say(place.newsId, 'Before')
        await write(ada, 'updateTeam', { teamId: place.teamId, name: 'Before' })
        const removing = later(removalMs / 2, async () => {
          const began = performance.now()
          await remove(ada, place.teamId, ben)
          removalMs = performance.now() - began
        })
        // From before a removal to after it, as long as the last one took.
        const at = <Result>(step: number, work: () => Result) => later((removalMs * (step % 8)) / 4, work)
        const followed = await Promise.all([
          at(number, () => follow(client, followRoom, { roomId: place.newsId })),
          at(number >> 1, () => follow(client, followRoom, { roomId: place.newsId, after: newsStart })),
          at(number >> 2, () => follow(client, followTeam, { teamId: place.teamId, after: teamStart })),
          at(number + 3, () => follow(client, followRoom, { roomId: place.secretsId })),
        ])
        await removing
        const start = performance.now()
        await Promise.all(roomsOf(place).map((roomId) => ada.say(roomId, 'After')))
        await write(ada, 'updateTeam', { teamId: place.teamId, name: 'After' })
        return Promise.all(
          followed.map(async ({ heard, ended }) => {
            const { codes, at } = await ended
            expect(codes).toEqual(['NOT_FOUND'])
            expect(at - start).toBeLessThan(1000)
            expect(JSON.stringify(heard)).not.toContain('After')
            return heard.length === 0 ? 'refused' : 'heard'
          }),
        )
      },
      4,
    )
    // The moment was met from both its sides, by channel and team alike.
    for (const way of [1, 2]) expect(new Set(ways.map((some) => some[way]))).toEqual(new Set(['refused', 'heard']))
    await client.dispose()
  }, 60_000)
})

const slowBytes = 64 * 1024
const env = { SLOW_BYTES: String(slowBytes), STUCK_MS: '600000' }
/** As long as a message may be: 24,000 bytes. */
const paragraph = '漢'.repeat(7980)

describe('a reader who stops reading, and is removed from the team', () => tellOfSlowReaders(() => startNodes({ count: 1, env })))

describeWith(['postgres', 'redis'], 'a reader who stops reading, and is removed from the team on another node', () =>
  tellOfSlowReaders(async () => {
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    return startNodes({ count: 2, env: { ...env, DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url } })
  }),
)

function tellOfSlowReaders(open: () => Promise<World>): void {
  let world: World
  beforeAll(async () => {
    world = await open()
  }, 60_000)
  afterAll(() => world?.close())

  it('is sent nothing more when they read on, and told why', async () => {
    const [here, there = here] = world.nodes as [Parley, Parley?]
    const ada = await world.aPerson('Ada', here)
    const ben = await world.aPerson('Ben', there)
    const place = await aPlace(ada, ben)
    const query = { query: followRoom, variables: { roomId: place.newsId } }
    const socket = await openSocket(there.socketUrl)
    await socket.enter(ben.credentials)
    socket.subscribe('news', query.query, query.variables)
    const reading = await openStream(there, ben, query)
    await ada.say(place.newsId, 'Read this')
    expect((await socket.messages.next()).payload.data.roomEvents.message.content).toBe('Read this')
    socket.ws.pause()
    // More than all the buffers between them can hold.
    await inTurns(600, (number) => ada.say(place.newsId, `${number} ${paragraph}`))
    await remove(ada, place.teamId, ben)
    await ada.say(place.newsId, 'After')

    socket.ws.resume()
    const told: Heard[] = []
    for (;;) {
      const { type, payload } = await socket.messages.next()
      if (type === 'error') {
        expect(payload.map((error: { extensions: { code: string } }) => error.extensions.code)).toEqual(['NOT_FOUND'])
        break
      }
      told.push(payload.data.roomEvents)
    }
    const text = await reading()
    expect(text).toContain('"code":"NOT_FOUND"')
    const read = [...text.matchAll(/"content":"(\d+|After)/g)].map(([, content]) => content)
    for (const contents of [told.map(({ message }) => message?.content.split(' ')[0]), read]) {
      expect(contents).not.toContain('After')
      expect(contents.length).toBeLessThan(600)
    }
    expect(isDense(told)).toBe(true)
    await socket.close()
  }, 90_000)
}

describeWith(['postgres', 'redis'], 'a team while Redis is down', () => {
  it('whoever is removed loses all of it within two seconds, on the other node too', async () => {
    const redis = await startRedis()
    const world = await startNodes({
      count: 2,
      env: { DATABASE_URL: await (await sharedPostgres()).createDatabase(), REDIS_URL: redis.url },
    })
    const [here, there] = world.nodes as [Parley, Parley]
    const ada = await world.aPerson('Ada', here)
    const ben = await world.aPerson('Ben', there)
    const place = await aPlace(ada, ben)
    const client = ben.connect()
    const followed = followAll(client, place)
    await isServed(client)
    await redis.kill()
    await until(async () => (await fetch(`${there.url}/readyz`)).status === 503, { what: 'noticing that Redis is gone' })
    await remove(ada, place.teamId, ben)
    const start = performance.now()
    for (const { stream, ended } of followed) {
      const { codes, at } = await ended
      expect(codes, stream).toEqual(['NOT_FOUND'])
      expect(at - start, stream).toBeLessThan(2000)
    }
    await client.dispose()
    await world.close()
    await redis.stop()
  }, 60_000)
})

/** What one operation brings. */
interface Followed {
  readonly heard: readonly Heard[]
  /** The codes with which it ended, and when. */
  readonly ended: Promise<{ codes: unknown; at: number }>
}

function follow(client: Client, query: string, variables: Record<string, unknown>): Followed {
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

function roomQueries({ newsId, generalId, secretsId }: Place) {
  const of = (roomId: string) => ({ query: followRoom, variables: { roomId } })
  return { news: of(newsId), general: of(generalId), secrets: of(secretsId) }
}

/** From now on: the team, a public channel without being in it, and two channels as a member. */
function followAll(client: Client, place: Place) {
  return [
    { stream: 'team' as const, ...follow(client, followTeam, { teamId: place.teamId }) },
    ...Object.entries(roomQueries(place)).map(([stream, { query, variables }]) => ({
      stream: stream as 'news' | 'general' | 'secrets',
      ...follow(client, query, variables),
    })),
  ]
}

/** Operations of a socket begin in their order: when this is answered, all before it have been taken up. */
async function isServed(client: Client): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.subscribe({ query: '{ viewer { id } }' }, { next: () => {}, error: reject, complete: resolve })
  })
}

/** Following anew is refused, from now on as well as after a cursor. */
async function expectNothing(client: Client, place: Place): Promise<void> {
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

async function inboxOf(person: Person) {
  const { viewer } = orThrow(await person.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }'))
  return hear(person, followInbox, { after: viewer.inboxCursor })
}

async function teamOf(person: Person, teamId: string, after?: string) {
  return hear(person, followTeam, { teamId, after: after ?? (await teamCursorOf(person, teamId)) })
}

async function teamCursorOf(person: Person, teamId: string): Promise<string> {
  const document = 'query ($id: ID!) { team(id: $id) { cursor } }'
  return orThrow(await person.ask<{ team: { cursor: string } }>(document, { id: teamId })).team.cursor
}

/** An event stream that nobody reads until it is asked for its text. */
async function openStream({ url }: Parley, person: Person, operation: object): Promise<() => Promise<string>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...person.credentials },
    body: JSON.stringify(operation),
  })
  expect(response.status).toBe(200)
  return () => response.text()
}

async function aTeam(lead: Person, name: string): Promise<Pick<Place, 'teamId' | 'generalId'>> {
  const { team, channel } = await write<Made<'team' | 'channel'>>(lead, 'createTeam', { name }, 'team { id } channel { id }')
  return { teamId: team.id, generalId: channel.id }
}

type Made<Name extends string> = Record<Name, { id: string }>

/** Of it `lead` makes all; Ben is in the private channel too. */
async function aPlace(lead: Person, ben: Person, ...others: Person[]): Promise<Place> {
  const { teamId, generalId } = await aTeam(lead, 'Crew')
  for (const person of [ben, ...others]) await add(lead, teamId, person)
  const channel = async (name: string, isPrivate: boolean) =>
    (await write<Made<'channel'>>(lead, 'createChannel', { teamId, name, isPrivate }, 'channel { id }')).channel.id
  const place = { teamId, generalId, newsId: await channel('news', false), secretsId: await channel('secrets', true) }
  await lead.add(place.secretsId, ben)
  return place
}

const roomsOf = ({ newsId, generalId, secretsId }: Place) => [newsId, generalId, secretsId]

const add = (lead: Person, teamId: string, { id: userId }: Person) => write(lead, 'addTeamMember', { teamId, userId })
const remove = (lead: Person, teamId: string, { id: userId }: Person) => write(lead, 'removeTeamMember', { teamId, userId })
const leave = (person: Person, teamId: string) => remove(person, teamId, person)
const setRole = (lead: Person, teamId: string, { id: userId }: Person, role: string) => write(lead, 'setTeamRole', { teamId, userId, role })

async function seesTeam(person: Person, teamId: string): Promise<boolean> {
  const document = 'query ($id: ID!) { team(id: $id) { id } viewer { teams { nodes { id } } } }'
  const { team, viewer } = orThrow(
    await person.ask<{ team: object | null; viewer: { teams: { nodes: { id: string }[] } } }>(document, { id: teamId }),
  )
  expect(viewer.teams.nodes.some(({ id }) => id === teamId)).toBe(team !== null)
  return team !== null
}

/** Answers the payload. */
async function write<Payload = unknown>(person: Person, mutation: string, input: Record<string, unknown>, parts = '__typename') {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
  const document = `mutation ($input: ${type}!) { done: ${mutation}(input: $input) { ${parts} } }`
  return orThrow(await person.ask<{ done: Payload }>(document, { input })).done
}

/** At another moment of a race. */
async function later<Result>(ms: number, work: () => Result | Promise<Result>): Promise<Result> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  return work()
}
