import { afterAll, beforeAll, expect, it } from 'vitest'
import { sharedPostgres } from '../support/postgres.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { inTurns, type Person } from './person.ts'
import { type History, startHistory } from './random-history.ts'
import { openSidebar, readSidebar, type Sidebar } from './sidebar.ts'
import { inEachWorld, startNodes, type World } from './world.ts'

inEachWorld('a list of rooms, kept by one subscription', (world) => {
  it.each([1, 2, 3])(
    'equals a fresh read after a random hour, on two devices of one person, and on the way (%i)',
    async (seed) => {
      const history = await aHistory(world(), { seed, rooms: 6 })
      const devices = await openDevices(world(), history.ada)
      for (let part = 0; part < 3; part++) {
        for (let n = 0; n < 40; n++) {
          await history.happen()
          if (n % 13 === 7) devices[n % 2]!.cut()
        }
        await agree(devices, history.ada)
      }
      expect(devices.some(({ connections }) => connections > 2)).toBe(true)
      for (const device of devices) await device.stop()
    },
    60_000,
  )

  it('is right for 200 rooms without asking again', async () => {
    const history = await aHistory(world(), { seed: 4, rooms: 200 })
    const devices = await openDevices(world(), history.ada)
    for (let n = 0; n < 120; n++) {
      await history.happen()
      if (n === 60) devices[0]!.cut()
    }
    await agree(devices, history.ada)
    expect(devices[0]!.shown.open.length).toBeGreaterThan(150)
    for (const device of devices) await device.stop()
  }, 120_000)
})

describeWith(['postgres', 'redis'], 'a list of rooms while Redis goes away and comes back', () => {
  let redis: Redis
  let world: World
  beforeAll(async () => {
    redis = await startRedis()
    world = await startNodes({ count: 2, env: { DATABASE_URL: await (await sharedPostgres()).createDatabase(), REDIS_URL: redis.url } })
  })
  afterAll(async () => {
    await world?.close()
    await redis?.stop()
  })

  it('equals a fresh read, before and after', async () => {
    const history = await aHistory(world, { seed: 5, rooms: 6 })
    const devices = await openDevices(world, history.ada)
    await redis.kill()
    for (let n = 0; n < 30; n++) await history.happen()
    await agree(devices, history.ada)
    for (let n = 0; n < 15; n++) await history.happen()
    await redis.start()
    for (let n = 0; n < 15; n++) await history.happen()
    await agree(devices, history.ada)
    for (const device of devices) await device.stop()
  }, 120_000)
})

async function aHistory(world: World, { seed, rooms }: { seed: number; rooms: number }): Promise<History> {
  const [here, there = here] = world.nodes
  const ada = await world.aPerson('Ada', here)
  const [ben, cid] = [await world.aPerson('Ben', there), await world.aPerson('Cid', here)]
  const roomIds = await inTurns(rooms, () => ben.make(ada, cid), 8)
  return startHistory({ seed, ada: [ada, ada.on(there!)], ben, cid, roomIds })
}

async function openDevices(world: World, ada: Person): Promise<Sidebar[]> {
  const [here, there = here] = world.nodes
  return [await openSidebar(ada, here), await openSidebar(ada, there)]
}

/** Once nothing happens any more. */
async function agree(devices: readonly Sidebar[], ada: Person): Promise<void> {
  const fresh = await readSidebar(ada)
  for (const device of devices) await expect.poll(() => device.shown, { timeout: 30_000, interval: 50 }).toEqual(fresh)
}
