import { expect, it } from 'vitest'
import { decodeId } from '../../src/graphql/ids.ts'
import { connect, followEvents, openSocket, post } from '../support/client.ts'
import type { Parley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { anotherDevice, followRoom, orThrow, type Person, password } from './person.ts'
import { inEachWorld, startNodes } from './world.ts'

const inbox = 'subscription ($after: Cursor) { inbox(after: $after) { __typename } }'
const person = 'id name deletedAt'
const tombstoneOf = ({ id }: Person) => ({ id, name: 'Deleted account', deletedAt: expect.any(String) })

inEachWorld('closing an account', (world) => {
  const ends = () => {
    const [here, there = here] = world().nodes
    return { here: here!, there: there! }
  }

  it('ends everything live on every node within a second, after its devices have heard why', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const roomId = await ada.make()
    const after = await inboxCursorOf(ada)
    const tablet = await anotherDevice(ada, there)
    const following = { query: inbox, variables: { after } }
    const sockets = [connect(here.socketUrl, ada.credentials), connect(there.socketUrl, tablet.credentials)]
    const inboxes = sockets.map((socket) => socket.follow(following))
    const idle = await openSocket(there.socketUrl)
    await idle.enter(tablet.credentials)
    const streams = [
      await followEvents(there.url, following, tablet.credentials),
      await followEvents(there.url, { query: followRoom, variables: { roomId } }, tablet.credentials),
    ] as const
    // The tablet's signing in, which shows that they follow.
    const before = { data: { inbox: { __typename: 'ViewerUpdated' } } }
    for (const { results } of inboxes) expect(await results.next()).toEqual(before)
    expect((await streams[0].events.next()).data).toEqual(before)

    await close(tablet)
    const start = performance.now()
    for (const { ended } of inboxes) expect(await ended).toMatchObject({ code: 4403 })
    expect((await idle.closed).code).toBe(4403)
    await Promise.all(streams.map(({ ended }) => ended))
    await until(async () => (await statuses(ada, tablet, ada.on(there), tablet.on(here))).every((status) => status === 401))
    expect(performance.now() - start).toBeLessThan(1000)
    const told = { data: { inbox: { __typename: 'AccountClosed' } } }
    for (const { results } of inboxes) expect(await results.next()).toEqual(told)
    expect((await streams[0].events.next()).data).toEqual(told)
    for (const { events } of streams)
      expect(events.waiting.findLast(({ data }) => data)?.data?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    for (const { refreshToken } of [ada, tablet]) expect(await refresh(there, refreshToken)).toBe('UNAUTHENTICATED')
  })

  it('leaves the others with all that was said, who they talked with, and no way to go on', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const [group, direct] = [await ada.make(ben), await ben.open(ada)]
    const [inGroup, inDirect] = [await ben.follow(group), await ben.follow(direct)]
    await ada.say(group, 'Welcome')
    await ada.say(direct, 'Between us')

    await close(ada)
    await until(() => inGroup.heard.length === 4 && inDirect.heard.length === 2)
    expect(inGroup.heard.map(({ __typename }) => __typename)).toEqual(['MessageAdded', 'MemberLeft', 'MemberUpdated', 'MessageAdded'])
    expect(inDirect.heard.map(({ __typename }) => __typename)).toEqual(['MessageAdded', 'RoomUpdated'])
    expect(await ben.readAll(group)).toEqual(['Welcome', 'Left the room.'])
    const { room } = orThrow(
      await ben.ask(
        `query ($id: ID!) { room(id: $id) { viewerPermissions messages { nodes { content sender { ${person} } } }
          ... on DirectRoom { peer { ${person} } } } }`,
        { id: direct },
      ),
    )
    const tombstone = tombstoneOf(ada)
    expect(room).toEqual({ viewerPermissions: [], peer: tombstone, messages: { nodes: [{ content: 'Between us', sender: tombstone }] } })
    await expect(ben.say(direct, 'Are you there?')).rejects.toThrow('FORBIDDEN')
    await ben.say(group, 'Alone')
    await inGroup.hears('Alone')
    for (const listening of [inGroup, inDirect]) await listening.stop()
  })

  it('frees the handle: somebody new takes it, and is somebody else', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const group = await ben.make(ada)
    await ben.say(group, `Hello @${ada.handle}`)
    await close(ada)
    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }'
    const refused = await post(there.url, { query: signIn, variables: { input: { handle: ada.handle, password } } })
    expect(refused.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')

    const signUp = 'mutation ($input: SignUpInput!) { signUp(input: $input) { accessToken viewer { user { id } rooms { nodes { id } } } } }'
    const input = { handle: ada.handle, name: 'Another Ada', password: 'another password' }
    const { data } = await post<{ signUp: { accessToken: string; viewer: { user: { id: string } } } }>(there.url, {
      query: signUp,
      variables: { input },
    })
    expect(data?.signUp.viewer).toEqual({ user: { id: expect.not.stringMatching(ada.id) }, rooms: { nodes: [] } })
    const asHeir = (query: string, variables: Record<string, unknown>) =>
      post(here.url, { query, variables }, { authorization: `Bearer ${data!.signUp.accessToken}` })
    expect((await asHeir('query ($id: ID!) { room(id: $id) { id } }', { id: group })).data).toEqual({ room: null })
    const mentions = `query ($id: ID!, $handle: String!) { user(handle: $handle) { id }
      room(id: $id) { messages(first: 1) { nodes { mentions { ${person} } } } } }`
    expect(orThrow(await ben.ask(mentions, { id: group, handle: ada.handle }))).toEqual({
      user: { id: data!.signUp.viewer.user.id },
      room: { messages: { nodes: [{ mentions: [tombstoneOf(ada)] }] } },
    })
  })

  it('is as quickly done and heard of by who is in a thousand rooms', async () => {
    const { here, there } = ends()
    const ada = await world().aPerson('Ada', here)
    const ben = await world().aPerson('Ben', there)
    const after = await inboxCursorOf(ada)
    const tablet = await anotherDevice(ada, there)
    await makeRooms(here, 1000, ada, ben)
    const socket = connect(there.socketUrl, tablet.credentials)
    const { results, ended } = socket.follow({ query: inbox, variables: { after } })
    expect(await results.next()).toEqual({ data: { inbox: { __typename: 'ViewerUpdated' } } })
    await close(ada)
    const start = performance.now()
    expect(await ended).toMatchObject({ code: 4403 })
    expect(performance.now() - start).toBeLessThan(1000)
    expect(await results.next()).toEqual({ data: { inbox: { __typename: 'AccountClosed' } } })
    const { viewer } = orThrow(
      await ben.ask<{ viewer: { rooms: { nodes: object[] } } }>(
        '{ viewer { rooms(first: 100) { nodes { memberCount lastMessage { content } } } } }',
      ),
    )
    expect(viewer.rooms.nodes).toEqual(Array(100).fill({ memberCount: 1, lastMessage: { content: 'Left the room.' } }))
  }, 60_000)
})

describeWith(['postgres', 'redis'], 'closing an account while Redis is down', () => {
  it('ends everything live on every node within two seconds', async () => {
    const redis = await startRedis()
    const env = { DATABASE_URL: await (await sharedPostgres()).createDatabase(), REDIS_URL: redis.url }
    const world = await startNodes({ count: 2, env })
    const [here, there] = world.nodes as [Parley, Parley]
    const ada = await world.aPerson('Ada', here)
    const roomId = await ada.make()
    const socket = await openSocket(there.socketUrl)
    await socket.enter(ada.credentials)
    await redis.kill()
    await until(async () => (await fetch(`${there.url}/readyz`)).status === 503, { what: 'noticing that Redis is gone' })
    const stream = await followEvents(there.url, { query: followRoom, variables: { roomId } }, ada.credentials)
    await close(ada)
    const start = performance.now()
    expect((await socket.closed).code).toBe(4403)
    await stream.ended
    await until(async () => (await statuses(ada.on(there)))[0] === 401)
    expect(performance.now() - start).toBeLessThan(2000)
    await world.close()
    await redis.stop()
  }, 40_000)
})

async function close(ada: Person): Promise<void> {
  const document = 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { deletedUserId } }'
  expect(orThrow(await ada.ask(document, { input: { password } }))).toEqual({ deleteAccount: { deletedUserId: ada.id } })
}

async function inboxCursorOf(ada: Person): Promise<string> {
  return orThrow(await ada.ask<{ viewer: { inboxCursor: string } }>('{ viewer { inboxCursor } }')).viewer.inboxCursor
}

const statuses = (...people: readonly Person[]) => Promise.all(people.map(async (one) => (await one.ask('{ viewer { id } }')).status))

async function refresh(node: Parley, refreshToken: string): Promise<string | undefined> {
  const query = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken } }'
  const { errors } = await post(node.url, { query, variables: { input: { refreshToken } } })
  return errors?.[0]?.extensions.code
}

/** Groups as rows, of these people, led by the first. */
async function makeRooms({ app }: Parley, count: number, ...people: readonly Person[]): Promise<void> {
  await app.services.database.sql(
    `with made as (insert into stream (id, active_at) select gen_random_uuid(), now() from generate_series(1, $1::int) returning id),
       room as (insert into room (id, kind, name, member_count, created_by_id, created_at)
         select id, 'GROUP', 'Group', cardinality($2::uuid[]), ($2::uuid[])[1], now() from made)
     insert into room_member (id, room_id, user_id, role, joined_at)
     select gen_random_uuid(), made.id, person.id, case place when 1 then 'ADMIN' else 'MEMBER' end::"RoomRole", now()
     from made, unnest($2::uuid[]) with ordinality as person(id, place)`,
    [count, people.map(({ id }) => decodeId(id).id)],
  )
}
