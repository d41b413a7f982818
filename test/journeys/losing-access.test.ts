import type { Client } from 'graphql-ws'
import { expect, it } from 'vitest'
import { followEvents, openSocket } from '../support/client.ts'
import type { Parley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { anotherDevice, followRoom, type Heard, inTurns, isDense, orThrow, type Person } from './person.ts'
import { inEachWorld, startNodes } from './world.ts'

const hello = '{ viewer { user { handle } } }'

inEachWorld('losing access', (world) => {
  const ends = () => {
    const [here, there = here] = world().nodes
    return { here: here!, there: there! }
  }

  it('a member removed while following hears nothing after their own MemberLeft', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    await inTurns(
      8,
      async (number) => {
        const roomId = await ada.make(ben)
        const listening = await ben.follow(roomId)
        let isTalking = true
        const talking = (async () => {
          for (let n = 0; isTalking || n < 20; n++) await ada.say(roomId, `${n}`)
        })()
        await until(() => listening.heard.length > number)
        await ada.remove(roomId, ben)
        isTalking = false
        expect((await listening.ended)?.map(({ extensions }) => extensions.code)).toEqual(['NOT_FOUND'])
        await talking
        const { __typename, user } = listening.heard.at(-1)!
        expect({ __typename, user }).toEqual({ __typename: 'MemberLeft', user: { id: ben.id } })
        expect(listening.heard.filter((event) => event.__typename === 'MemberLeft')).toHaveLength(1)
        expect(isDense(listening.heard)).toBe(true)
        await listening.stop()
      },
      4,
    )
  }, 60_000)

  it('a member removed while sending says nothing after their own MemberLeft', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    await inTurns(
      6,
      async () => {
        const roomId = await ada.make(ben)
        const start = await ada.cursorOf(roomId)
        const said: string[] = []
        const refused: string[] = []
        const talking = [here, there, here, there].map(async (node, who) => {
          for (let number = 0; refused.length < 12; number++)
            await ben
              .on(node)
              .say(roomId, `${who}: ${number}`)
              .then(
                (id) => said.push(id),
                (error: Error) => refused.push(error.message.split(':')[0]!),
              )
        })
        await until(() => said.length > 5)
        await ada.remove(roomId, ben)
        await Promise.all(talking)
        expect(new Set(refused)).toEqual(new Set(['NOT_FOUND']))
        await ada.say(roomId, 'Alone')
        const listening = await ada.follow(roomId, { after: start })
        await listening.hears('Alone')
        const told = listening.heard.map(({ __typename, message }) => message?.id ?? __typename)
        // The message that tells of it, and what Ada says.
        expect(listening.contents.slice(-2)).toEqual(['Was removed from the room.', 'Alone'])
        expect(told.slice(told.indexOf('MemberLeft') + 1)).toHaveLength(2)
        expect(told.slice(0, told.indexOf('MemberLeft')).sort()).toEqual(said.sort())
        await listening.stop()
      },
      3,
    )
  }, 60_000)

  it('a member removed in the moment of subscribing is refused, or hears their own MemberLeft last', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const client = ben.connect()
    await follow(client, await ada.make(ben)).began
    let removalMs = 0
    const ways = await inTurns(
      40,
      async (number) => {
        const roomId = await ada.make(ben)
        const start = await ada.cursorOf(roomId)
        await ada.say(roomId, 'Before')
        const began = performance.now()
        const removing = ada.remove(roomId, ben).then(() => {
          removalMs = performance.now() - began
        })
        const talking = inTurns(4, (n) => ada.say(roomId, `${n}`), 2)
        // At every moment of a removal, as long as the last one took.
        const followed = await Promise.all([
          after((removalMs * (number % 8)) / 6, () => follow(client, roomId)),
          after((removalMs * ((number >> 1) % 8)) / 6, () => follow(client, roomId, start)),
        ])
        await Promise.all([removing, talking])
        await ada.say(roomId, 'After')
        return Promise.all(
          followed.map(async ({ heard, ended }) => {
            expect(await ended).toEqual(['NOT_FOUND'])
            const place = heard.findIndex(({ __typename }) => __typename === 'MemberLeft')
            expect(place).toBe(heard.length - 1)
            expect(isDense(heard)).toBe(true)
            return heard.length === 0 ? 'refused' : 'heard'
          }),
        )
      },
      6,
    )
    // The moment was met from both its sides.
    expect(new Set(ways.flat())).toEqual(new Set(['refused', 'heard']))
    await client.dispose()
  }, 60_000)

  it('a session ended on one node ends its sockets, its event streams and its requests on the other within a second', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const roomId = await ada.make()
    const lost = await anotherDevice(ada, there)
    const sockets = await Promise.all([openSocket(there.socketUrl), openSocket(there.socketUrl), openSocket(here.socketUrl)])
    for (const socket of sockets) await socket.enter(lost.credentials)
    const stays = await openSocket(there.socketUrl)
    await stays.enter(ada.credentials)
    const stream = await followEvents(there.url, { query: followRoom, variables: { roomId } }, lost.credentials)
    expect((await lost.ask(hello)).data).toMatchObject({ viewer: { user: { handle: ada.handle } } })

    await endSession(ada, lost)
    const start = performance.now()
    const codes = Promise.all(sockets.map(async ({ closed }) => (await closed).code))
    const refusing = until(async () => (await lost.ask(hello)).status === 401, { what: 'refusing a request' })
    expect(await codes).toEqual([4403, 4403, 4403])
    expect((await stream.events.next()).data?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    await stream.ended
    await refusing
    expect(performance.now() - start).toBeLessThan(1000)
    expect(stays.ws.readyState).toBe(stays.ws.OPEN)
    stays.ws.terminate()
  })

  it('a device hears in its inbox that its session ended, before its sockets and event streams do', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const { viewer } = orThrow(await ada.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }'))
    const lost = await anotherDevice(ada, there)
    const query = 'subscription ($after: Cursor) { inbox(after: $after) { __typename ... on SessionEnded { sessionId } } }'
    const variables = { after: viewer.inboxCursor }
    const socket = await openSocket(there.socketUrl)
    await socket.enter(lost.credentials)
    socket.subscribe('inbox', query, variables)
    const stream = await followEvents(there.url, { query, variables }, lost.credentials)
    const signedIn = { data: { inbox: { __typename: 'ViewerUpdated' } } }
    expect((await socket.messages.next()).payload).toEqual(signedIn)
    expect((await stream.events.next()).data).toEqual(signedIn)

    const sessionId = await endSession(ada, lost)
    const told = { data: { inbox: { __typename: 'SessionEnded', sessionId } } }
    expect((await socket.messages.next()).payload).toEqual(told)
    expect((await socket.closed).code).toBe(4403)
    expect((await stream.events.next()).data).toEqual(told)
    expect((await stream.events.next()).data?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    await stream.ended
  })

  it('a session with no connection there is refused there within a second too', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const lost = await anotherDevice(ada, there)
    expect((await lost.ask(hello)).status).toBe(200)
    await endSession(ada, lost)
    const start = performance.now()
    let lastTaken = start
    await until(async () => {
      const began = performance.now()
      if ((await lost.ask(hello)).status === 401) return true
      lastTaken = began
      return false
    })
    expect(lastTaken - start).toBeLessThan(1000)
  })
})

describeWith(['postgres', 'redis'], 'losing access while Redis is down', () => {
  it('a session ended on one node ends its sockets, streams and requests on the other within two seconds', async () => {
    const redis = await startRedis()
    const env = { DATABASE_URL: await (await sharedPostgres()).createDatabase(), REDIS_URL: redis.url }
    const world = await startNodes({ count: 2, env })
    const [here, there] = world.nodes as [Parley, Parley]
    const ada = await world.aPerson('Ada', here)
    const roomId = await ada.make()
    const lost = await anotherDevice(ada, there)
    const before = await openSocket(there.socketUrl)
    await before.enter(lost.credentials)
    await redis.kill()
    await until(async () => (await fetch(`${there.url}/readyz`)).status === 503, { what: 'noticing that Redis is gone' })
    const since = await openSocket(there.socketUrl)
    await since.enter(lost.credentials)
    const stream = await followEvents(there.url, { query: followRoom, variables: { roomId } }, lost.credentials)
    // Its inbox has been quiet for long: nothing but being down makes it looked at.
    await endSession(ada, lost)
    const start = performance.now()
    expect([(await before.closed).code, (await since.closed).code]).toEqual([4403, 4403])
    await stream.ended
    await until(async () => (await lost.ask(hello)).status === 401)
    expect(performance.now() - start).toBeLessThan(2000)
    await world.close()
    await redis.stop()
  }, 40_000)
})

/** From the person's first device, that of the other one. Answers which. */
async function endSession(person: Person, other: Person): Promise<string> {
  const { data } = await other.ask<{ viewer: { sessions: { id: string; isCurrent: boolean }[] } }>(
    '{ viewer { sessions { id isCurrent } } }',
  )
  const { id } = data!.viewer.sessions.find(({ isCurrent }) => isCurrent)!
  const { errors } = await person.ask('mutation ($id: ID!) { revokeSession(input: { sessionId: $id }) { viewer { id } } }', { id })
  expect(errors).toBeUndefined()
  return id
}

interface Followed {
  readonly heard: readonly Heard[]
  /** Resolves once the server has taken the operation up. */
  readonly began: Promise<void>
  /** The codes with which it ended; nothing when it was completed. */
  readonly ended: Promise<unknown>
}

/** Without resuming: what one operation brings, from now on or after a cursor. */
function follow(client: Client, roomId: string, after?: string): Followed {
  const heard: Heard[] = []
  const ended = new Promise<unknown>((resolve) => {
    client.subscribe<{ roomEvents: Heard }>(
      { query: followRoom, variables: { roomId, ...(after && { after }) } },
      {
        next: ({ data }) => heard.push(data!.roomEvents),
        error: (reason) => resolve(Array.isArray(reason) ? reason.map(({ extensions }) => extensions.code) : reason),
        complete: () => resolve(undefined),
      },
    )
  })
  // Operations of a socket begin in their order: the answer to a later one comes when this has been taken up.
  const began = new Promise<void>((resolve, reject) => {
    client.subscribe({ query: '{ __typename }' }, { next: () => {}, error: reject, complete: resolve })
  })
  return { heard, began, ended }
}

/** At another moment of a race. */
async function after<Result>(ms: number, work: () => Promise<Result> | Result): Promise<Result> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  return work()
}
