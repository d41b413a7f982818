import { expect, it } from 'vitest'
import { followEvents } from '../support/client.ts'
import { until } from '../support/until.ts'
import { anotherDevice, followRoom, inTurns, isDense } from './person.ts'
import {
  add,
  aPlace,
  aTeam,
  expectNothing,
  follow,
  followAll,
  followTeam,
  inboxOf,
  isServed,
  leave,
  remove,
  roomQueries,
  roomsOf,
  seesTeam,
  setRole,
  teamCursorOf,
  teamOf,
  write,
} from './place.ts'
import { inEachWorld } from './world.ts'

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
      4,
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
      // One after the other: it is timed.
      1,
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
    await inTurns(
      20,
      async (number) => {
        const place = await aPlace(ada, ben)
        const [newsStart, teamStart] = [await ada.cursorOf(place.newsId), await teamCursorOf(ada, place.teamId)]
        await ada.say(place.newsId, 'Before')
        await write(ada, 'updateTeam', { teamId: place.teamId, name: 'Before' })
        const asked = [
          { query: followRoom, variables: { roomId: place.newsId, after: newsStart } },
          { query: followTeam, variables: { teamId: place.teamId, after: teamStart } },
          { query: followRoom, variables: { roomId: place.newsId } },
          { query: followRoom, variables: { roomId: place.secretsId } },
        ]
        // One of them is there before, another comes after it, and two at some moment of a removal, which takes as long as the last one did.
        const [early, late, ...timed] = [0, 1, 2, 3].map((turn) => asked[(number + turn) % 4]!)
        const open = ({ query, variables }: (typeof asked)[number]) => follow(client, query, variables)
        const first = open(early!)
        await isServed(client)
        if ('after' in early!.variables) await until(() => first.heard.length > 0)
        const removing = later(removalMs / 2, async () => {
          const began = performance.now()
          await remove(ada, place.teamId, ben)
          removalMs = performance.now() - began
        })
        const followed = await Promise.all([
          ...timed.map((one, index) => later((removalMs * ((number >> (index + 1)) % 8)) / 4, () => open(one))),
          removing.then(() => open(late!)),
        ])
        await Promise.all(roomsOf(place).map((roomId) => ada.say(roomId, 'After')))
        await write(ada, 'updateTeam', { teamId: place.teamId, name: 'After' })
        for (const { heard, ended } of [first, ...followed]) {
          expect((await ended).codes).toEqual(['NOT_FOUND'])
          expect(JSON.stringify(heard)).not.toContain('After')
        }
        expect(followed.at(-1)!.heard).toEqual([])
      },
      4,
    )
    await client.dispose()
  }, 90_000)
})

/** At another moment of a race. */
async function later<Result>(ms: number, work: () => Result | Promise<Result>): Promise<Result> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  return work()
}
