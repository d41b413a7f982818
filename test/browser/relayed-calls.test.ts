import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { startNodes, type World } from '../journeys/world.ts'
import { type Coturn, startCoturn } from '../support/coturn.ts'
import type { Parley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { type Devices, openDevices } from './devices.ts'

describeWith(['postgres', 'redis', 'chromium', 'coturn'], 'calls between browsers that see nothing but a TURN server', () => {
  let devices: Devices
  let coturn: Coturn
  const worlds: World[] = []

  /** Two nodes that give credentials made with this secret. */
  async function nodesThatKnow(secret: string): Promise<World> {
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    const parts = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url, CORS_ORIGINS: devices.origin }
    const ice = { STUN_URLS: `stun:127.0.0.1:${coturn.port}`, TURN_URLS: coturn.url, TURN_SECRET: secret }
    const world = await startNodes({ count: 2, env: { ...parts, ...ice } })
    worlds.push(world)
    return world
  }

  beforeAll(async () => {
    coturn = await startCoturn('the secret')
    devices = await openDevices()
  })
  afterEach(async () => {
    expect(await devices?.closeAll()).toEqual([])
  })
  afterAll(async () => {
    await devices?.close()
    for (const world of worlds) await world.close()
    await coturn?.stop()
  })

  /** Ben has answered Ada. */
  async function aCall({ nodes, aPerson }: World) {
    const [here, there] = nodes as [Parley, Parley]
    const [ada, ben] = await Promise.all([aPerson('Ada', here), aPerson('Ben', there)])
    const roomId = await ada.open(ben)
    const relayed = { configuration: { iceTransportPolicy: 'relay' as const } }
    const [hers, his] = await Promise.all([devices.open(ada, [here], relayed), devices.open(ben, [there], relayed)])
    await hers.start(roomId)
    await his.sees('it ring', ({ rang }) => rang.at(-1) === 'rings')
    await his.answer()
    return [hers, his] as const
  }

  it('two hear and see each other with the credentials that the server gave', async () => {
    const both = await aCall(await nodesThatKnow('the secret'))
    await Promise.all(both.map((device) => device.receives(1, 'relay/relay')))
    for (const device of both) expect((await device.look()).refusedByTurn).toEqual([])
  }, 120_000)

  it('with others nobody is connected', async () => {
    const both = await aCall(await nodesThatKnow('another secret'))
    for (const device of both) {
      const { flows, sent } = await device.sees('a refusal', ({ refusedByTurn }) => refusedByTurn.includes(401))
      expect(flows).toMatchObject([{ width: 0, framesDecoded: 0, audioBytes: 0 }])
      expect(flows[0]!.state).not.toBe('connected')
      expect(sent.map(({ kind }) => kind)).not.toContain('ICE_CANDIDATE')
    }
  }, 120_000)
})
