import { Redis as RedisClient } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSocket } from '../support/client.ts'
import { startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { startDyingNode } from './dying.ts'
import { anotherDevice, aPerson, orThrow, type Person } from './person.ts'
import { add, aTeam, isServed, remove, write } from './place.ts'
import { startNodes, type World } from './world.ts'

const times = { PRESENCE_GRACE_MS: '300', PRESENCE_LEASE_MS: '900', PRESENCE_REREAD_MS: '600' }
const setTyping = 'mutation ($roomId: ID!) { setTyping(input: { roomId: $roomId, isTyping: true }) { room { id } } }'
const parts = 'presence { status text lastSeenAt }'

interface Shown {
  readonly status: string
  readonly text: string | null
  readonly lastSeenAt: string | null
}

/** What somebody is told of a person, on a socket of their own. */
async function watch(viewer: Person, person: Person) {
  const client = viewer.connect()
  const told: string[] = []
  const full: Shown[] = []
  const query = `subscription ($ids: [ID!]!) { presence(userIds: $ids) { user { id ${parts} } } }`
  client.subscribe<{ presence: { user: { id: string; presence: Shown } } }>(
    { query, variables: { ids: [person.id] } },
    {
      next({ data }) {
        const { presence } = data!.presence.user
        full.push(presence)
        told.push(`${presence.status}${presence.text === null ? '' : ` ${presence.text}`}`)
      },
      error: (errors) => told.push(JSON.stringify(errors)),
      complete: () => {},
    },
  )
  return { told, full, stop: () => client.dispose() }
}

/** A device that is connected and follows its inbox, as any does. */
async function aDevice(person: Person) {
  const client = person.connect()
  client.subscribe({ query: 'subscription { inbox { __typename } }' }, { next: () => {}, error: () => {}, complete: () => {} })
  await isServed(client)
  return { client, stop: () => client.dispose() }
}

const hears = (told: readonly string[], ...wanted: string[]) =>
  until(() => told.length >= wanted.length, { within: 15_000, what: `${wanted.join(', ')}, after ${told.join(', ')}` }).then(() =>
    expect(told).toEqual(wanted),
  )

async function presenceOf(viewer: Person, { handle }: Person): Promise<Shown> {
  const { user } = orThrow(
    await viewer.ask<{ user: { presence: Shown } }>(`query ($handle: String!) { user(handle: $handle) { ${parts} } }`, { handle }),
  )
  return user.presence
}

/** Ada and Ben are in a team, on different nodes where there are two; Cid is a stranger. */
async function aCast(world: Pick<World, 'nodes'>) {
  const [here, there = here] = world.nodes
  const [ada, ben, cid] = await Promise.all([aPerson(here!, 'Ada'), aPerson(there!, 'Ben'), aPerson(there!, 'Cid')])
  const { teamId } = await aTeam(ada, 'Crew')
  await add(ada, teamId, ben)
  return { ada, ben, cid, teamId, here: here!, there: there! }
}

function tellStories(world: () => Pick<World, 'nodes'>): void {
  it('two devices, one person: there with the first, gone a moment after the last, and who comes back in between was never gone', async () => {
    const { ada, ben, here, there } = await aCast(world())
    const { told, full, stop } = await watch(ben, ada)
    await hears(told, 'OFFLINE')
    const phone = await aDevice(ada.on(here))
    await hears(told, 'OFFLINE', 'ONLINE')
    const tablet = await aDevice((await anotherDevice(ada, there)).on(there))
    await phone.stop()
    const back = await aDevice(ada.on(here))
    await tablet.stop()
    // Longer than the grace: nothing was told.
    const start = performance.now()
    await until(() => performance.now() - start > 600)
    expect(told).toEqual(['OFFLINE', 'ONLINE'])
    await back.stop()
    await hears(told, 'OFFLINE', 'ONLINE', 'OFFLINE')
    expect(Date.now() - new Date(full[2]!.lastSeenAt!).getTime()).toBeLessThan(5000)
    expect(await presenceOf(ben, ada)).toEqual(full[2])
    await stop()
  })

  it('is what one chooses to be shown as, on all devices; invisible is gone', async () => {
    const { ada, ben, here } = await aCast(world())
    const phone = await aDevice(ada.on(here))
    const [theirs, own] = [await watch(ben, ada), await watch(ada, ada)]
    await hears(theirs.told, 'ONLINE')
    await write(ada, 'setPresence', { status: 'AWAY', text: 'Lunch' })
    await hears(theirs.told, 'ONLINE', 'AWAY Lunch')
    await write(ada, 'setPresence', { status: 'DO_NOT_DISTURB', text: null })
    await hears(theirs.told, 'ONLINE', 'AWAY Lunch', 'DO_NOT_DISTURB')
    await write(ada, 'setPresence', { status: 'OFFLINE' })
    await hears(theirs.told, 'ONLINE', 'AWAY Lunch', 'DO_NOT_DISTURB', 'OFFLINE')
    expect(theirs.full.at(-1)!.lastSeenAt).not.toBeNull()
    await hears(own.told, 'ONLINE', 'AWAY Lunch', 'DO_NOT_DISTURB', 'OFFLINE')
    await Promise.all([phone, theirs, own].map((one) => one.stop()))
  })

  it('strangers are told OFFLINE once, whatever happens', async () => {
    const { ada, ben, cid, here } = await aCast(world())
    const [friend, stranger] = [await watch(ben, ada), await watch(cid, ada)]
    await hears(stranger.told, 'OFFLINE')
    const phone = await aDevice(ada.on(here))
    await write(ada, 'setPresence', { status: 'AWAY', text: 'Lunch' })
    await until(() => friend.told.at(-1) === 'AWAY Lunch')
    await phone.stop()
    await until(() => friend.told.at(-1) === 'OFFLINE Lunch')
    expect(stranger.told).toEqual(['OFFLINE'])
    expect(await presenceOf(cid, ada)).toEqual({ status: 'OFFLINE', text: null, lastSeenAt: null })
    await Promise.all([friend, stranger].map((one) => one.stop()))
  })

  it('a block ends seeing, of both, and taking it back begins it again', async () => {
    const { ada, ben, here, there } = await aCast(world())
    const devices = [await aDevice(ada.on(here)), await aDevice(ben.on(there))]
    const [bens, adas] = [await watch(ben, ada), await watch(ada, ben)]
    for (const { told } of [bens, adas]) await hears(told, 'ONLINE')
    await write(ada, 'blockUser', { userId: ben.id })
    for (const { told } of [bens, adas]) await hears(told, 'ONLINE', 'OFFLINE')
    for (const { full } of [bens, adas]) expect(full[1]!.lastSeenAt).toBeNull()
    await write(ada, 'unblockUser', { userId: ben.id })
    for (const { told } of [bens, adas]) await hears(told, 'ONLINE', 'OFFLINE', 'ONLINE')
    await Promise.all([...devices, bens, adas].map((one) => one.stop()))
  })

  it('nothing is left of those who vanish', async () => {
    const { ada, ben, here } = await aCast(world())
    const roomId = await ada.make(ben)
    const { presence, typing } = here.app.services
    // Those of other stories are gone.
    await until(() => presence.size.here === 0 && presence.size.watched === 0)
    const sockets = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = await openSocket(here.socketUrl)
        socket.ws.on('error', () => {})
        await socket.enter(ada.credentials)
        socket.subscribe('1', `subscription ($ids: [ID!]!) { presence(userIds: $ids) { user { ${parts} } } }`, { ids: [ada.id, ben.id] })
        socket.subscribe('2', 'subscription ($roomId: ID!) { typing(roomId: $roomId) { isTyping } }', { roomId })
        await socket.messages.take(2)
        socket.send({ id: '3', type: 'subscribe', payload: { query: setTyping, variables: { roomId } } })
        await socket.messages.take(2)
        return socket
      }),
    )
    await until(() => typing.size.watched === 1 && typing.size.people === 1)
    expect(presence.size).toEqual({ here: 1, watched: 2 })
    for (const { ws } of sockets) ws.terminate()
    await until(() => presence.size.here === 0 && presence.size.watched === 0)
    await until(() => typing.size.people === 0 && typing.size.watched === 0)
  })

  it('leaving a team ends seeing, of both', async () => {
    const { ada, ben, teamId, here, there } = await aCast(world())
    const devices = [await aDevice(ada.on(here)), await aDevice(ben.on(there))]
    const [bens, adas] = [await watch(ben, ada), await watch(ada, ben)]
    for (const { told } of [bens, adas]) await hears(told, 'ONLINE')
    await remove(ada, teamId, ben)
    for (const { told } of [bens, adas]) await hears(told, 'ONLINE', 'OFFLINE')
    await Promise.all([...devices, bens, adas].map((one) => one.stop()))
  })
}

describeWith([], 'presence, embedded', () => {
  let world: Pick<World, 'nodes'>
  beforeAll(async () => {
    world = { nodes: [await startParley(times)] }
  })
  afterAll(() => world.nodes[0]?.close())
  tellStories(() => world)
})

describeWith(['postgres', 'redis'], 'presence, on two nodes with Postgres and Redis', () => {
  let redis: Redis
  let world: World
  beforeAll(async () => {
    redis = await startRedis()
    world = await startNodes({
      count: 2,
      env: { DATABASE_URL: await (await sharedPostgres()).createDatabase(), REDIS_URL: redis.url, ...times },
    })
  })
  afterAll(async () => {
    await world?.close()
    await redis?.stop()
  })
  tellStories(() => world)

  it('nothing is left in Redis of who came and went, but what belongs to the nodes', async () => {
    const { ada, ben, here } = await aCast(world)
    const client = new RedisClient(redis.url)
    const device = await aDevice(ada.on(here))
    const { told, stop } = await watch(ben, ada)
    await hears(told, 'ONLINE')
    expect(await client.pubsub('CHANNELS', 'parley:presence:*')).toHaveLength(1)
    await Promise.all([device.stop(), stop()])
    await until(() => world.nodes.every(({ app }) => app.services.presence.size.here === 0))
    await until(async () => ((await client.pubsub('CHANNELS', 'parley:presence:*')) as string[]).length === 0)
    await until(async () => (await client.keys('parley:there:*')).sort().join() === 'parley:there:began,parley:there:nodes')
    client.disconnect()
  })

  it('a node is killed with people on it: they are gone when its lease is, but for who came back elsewhere', async () => {
    const { ada, ben, teamId, here, there } = await aCast(world)
    const cid = await aPerson(there, 'Cid')
    await add(ada, teamId, cid)
    const dying = await startDyingNode(world.env)
    const devices = [await aDevice(ada.on(dying)), await aDevice(cid.on(dying))]
    const [adas, cids] = [await watch(ben, ada), await watch(ben, cid)]
    for (const { told } of [adas, cids]) await hears(told, 'ONLINE')
    // That somebody came is written down with others, a moment later.
    const { sql } = world.nodes[0]!.app.services.database
    const rowId = Buffer.from(ada.id, 'base64url').toString().split(':')[1]
    await until(async () => (await sql('select from presence where user_id = $1 and last_seen_at is not null', [rowId])).length === 1)
    for (const { client } of devices) void client.dispose()
    await dying.kill()
    const back = await aDevice(cid.on(here))
    await hears(adas.told, 'ONLINE', 'OFFLINE')
    expect(adas.full[1]!.lastSeenAt).not.toBeNull()
    await until(async () => (await presenceOf(ben, ada)).status === 'OFFLINE')
    expect(cids.told).toEqual(['ONLINE'])
    await Promise.all([back, adas, cids].map((one) => one.stop()))
  }, 30_000)

  it('a node stops while others run: who comes back elsewhere was never gone', async () => {
    const { ada, ben, teamId } = await aCast(world)
    const cid = await aPerson(world.nodes[1]!, 'Cid')
    await add(ada, teamId, cid)
    const stopping = await startParley(world.env)
    const devices = [await aDevice(ada.on(stopping)), await aDevice(cid.on(stopping))]
    const [adas, cids] = [await watch(ben, ada), await watch(ben, cid)]
    for (const { told } of [adas, cids]) await hears(told, 'ONLINE')
    for (const { client } of devices) void client.dispose()
    const back = await aDevice(ada)
    await stopping.app.drain()
    await stopping.close()
    await hears(cids.told, 'ONLINE', 'OFFLINE')
    expect(adas.told).toEqual(['ONLINE'])
    await Promise.all([back, adas, cids].map((one) => one.stop()))
  }, 30_000)

  it('Redis restarts: nobody seems to go, and who comes and goes is told again', async () => {
    const { ada, ben, here } = await aCast(world)
    const phone = await aDevice(ada.on(here))
    const { told, stop } = await watch(ben, ada)
    await hears(told, 'ONLINE')
    await redis.kill()
    expect((await presenceOf(ben, ada)).status).toBe('ONLINE')
    await redis.start()
    const start = performance.now()
    await until(() => performance.now() - start > 3000)
    expect(told).toEqual(['ONLINE'])
    await phone.stop()
    await hears(told, 'ONLINE', 'OFFLINE')
    const back = await aDevice(ada.on(here))
    await hears(told, 'ONLINE', 'OFFLINE', 'ONLINE')
    await back.stop()
    await stop()
  }, 30_000)
})
