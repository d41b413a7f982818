import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { callOf, send } from '../journeys/calling.ts'
import { startDyingNode } from '../journeys/dying.ts'
import type { Person } from '../journeys/person.ts'
import { write } from '../journeys/place.ts'
import { startNodes, type World } from '../journeys/world.ts'
import type { Parley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import type { Look } from './device.ts'
import { type Devices, type OpenDevice, openDevices } from './devices.ts'

describeWith(['postgres', 'redis', 'chromium'], 'calls between browsers, over two nodes', () => {
  let devices: Devices
  let world: World
  let here: Parley
  let there: Parley

  beforeAll(async () => {
    devices = await openDevices()
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    const parts = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url, CORS_ORIGINS: devices.origin }
    const soon = { CALL_GRACE_MS: '6000', CALL_REFRESH_MS: '1000', CALL_TICK_MS: '200' }
    world = await startNodes({ count: 2, env: { ...parts, ...soon } })
    ;[here, there] = world.nodes as [Parley, Parley]
  })
  afterEach(async () => {
    expect(await devices?.closeAll()).toEqual([])
  })
  afterAll(async () => {
    await devices?.close()
    await world?.close()
  })

  async function aPair() {
    const [ada, ben] = await Promise.all([world.aPerson('Ada', here), world.aPerson('Ben', there)])
    return { ada, ben, roomId: await ada.open(ben) }
  }

  const participantOf = ({ call }: Look, { id }: Person) => call!.participants.find(({ user }) => user.id === id)!
  const itRings = ({ rang }: Look) => rang.at(-1) === 'rings'

  it('two hear and see each other, directly; are muted and shown again; and hang up', async () => {
    const { ada, ben, roomId } = await aPair()
    const [hers, his] = await Promise.all([devices.open(ada, [here]), devices.open(ben, [there])])
    await hers.start(roomId)
    await his.sees('it ring', itRings)
    await his.answer()
    await Promise.all([hers.receives(1, 'host/host'), his.receives(1, 'host/host')])

    await hers.show({ audio: false, video: false })
    await his.sees('Ada muted, and in the dark', (look) => {
      const { audio, video } = participantOf(look, ada)
      return !audio && !video && look.flows[0]!.picture.brightness < 1
    })
    await hers.show({ video: true })
    await his.sees('Ada again', (look) => participantOf(look, ada).video && look.flows[0]!.picture.brightness > 1)

    await hers.hangUp()
    const { call } = await his.sees('the end', ({ isInCall }) => !isInCall)
    const ended = { state: 'ENDED', endReason: 'HUNG_UP', participants: [{ state: 'LEFT' }, { state: 'LEFT' }] }
    await until(async () => (await callOf(ben, call!.id)).state === 'ENDED')
    expect(await callOf(ben, call!.id)).toMatchObject(ended)
    expect((await his.look()).rang).toEqual(['rings', 'ANSWERED'])
    expect((await hers.look()).flows).toEqual([])
  }, 120_000)

  it('four at once are each connected to the three others, and go on when one has left', async () => {
    const [ada, ...others] = await Promise.all(
      ['Ada', 'Ben', 'Cid', 'Dan'].map((name, number) => world.aPerson(name, world.nodes[number % 2])),
    )
    const roomId = await ada!.make(...others)
    const [hers, ...theirs] = await Promise.all([ada!, ...others].map((person, number) => devices.open(person, [world.nodes[number % 2]!])))
    await hers!.start(roomId)
    for (const device of theirs) await device.sees('it ring', itRings)
    await Promise.all(theirs.map((device) => device.answer()))
    await Promise.all([hers!, ...theirs].map((device) => device.receives(3, 'host/host')))

    await hers!.hangUp()
    await Promise.all(theirs.map((device) => device.receives(2, 'host/host')))
    const { call } = await theirs[0]!.look()
    expect(call).toMatchObject({ state: 'ONGOING', participants: [{ state: 'LEFT' }, ...theirs.map(() => ({ state: 'JOINED' }))] })
  }, 120_000)

  it('whoever only listens, and whoever sends no picture, is connected too', async () => {
    const { ada, ben } = await aPair()
    const cid = await world.aPerson('Cid', there)
    const roomId = await ada.make(ben, cid)
    const hers = await devices.open(ada, [here], { kinds: ['audio'] })
    const his = await devices.open(ben, [there])
    const listening = await devices.open(cid, [there], { kinds: [] })
    await hers.start(roomId)
    for (const device of [his, listening]) {
      await device.sees('it ring', itRings)
      await device.answer()
    }
    const hears = (device: OpenDevice, ...names: string[]) =>
      device.sees('sound', (look) => {
        const heard = look.flows.filter(({ audioBytes }) => audioBytes > 0).map(({ with: id }) => id)
        const wanted = look.call!.participants.filter(({ user }) => names.includes(user.name)).map(({ id }) => id)
        return heard.sort().join() === wanted.sort().join()
      })
    await hears(hers, 'Ben')
    await hears(his, 'Ada')
    await hears(listening, 'Ada', 'Ben')
    for (const device of [hers, listening])
      await device.sees('Ben', (look) => look.flows.some((flow) => flow.with === participantOf(look, ben).id && flow.width > 0))
  }, 120_000)

  it('whoever comes to a meeting first begins its call, and a guest of the room who comes second sees them', async () => {
    const [ada, ben] = await Promise.all([world.aPerson('Ada', here), world.aPerson('Ben', there)])
    const hour = 3_600_000
    const [startsAt, endsAt] = [hour, 2 * hour].map((later) => new Date(Date.now() + later).toISOString())
    const input = { roomId: await ada.make(), title: 'Plans', timeZone: 'UTC', startsAt, endsAt, attendeeIds: [ben.id] }
    const { meeting } = await write<{ meeting: { id: string } }>(ada, 'scheduleMeeting', input, 'meeting { id }')
    const [hers, his] = await Promise.all([devices.open(ada, [here]), devices.open(ben, [there])])
    await hers.meet(meeting.id)
    await his.meet(meeting.id)
    await Promise.all([hers.receives(1, 'host/host'), his.receives(1, 'host/host')])
    expect((await his.look()).rang).toEqual([])
  }, 120_000)

  it('two who call each other at once are in one call, and see each other, until one closes the connection', async () => {
    const { ada, ben, roomId } = await aPair()
    const [hers, his] = await Promise.all([devices.open(ada, [here]), devices.open(ben, [there])])
    await Promise.all([hers.start(roomId), his.start(roomId)])
    await Promise.all([hers.receives(1, 'host/host'), his.receives(1, 'host/host')])
    const [one, other] = [await hers.look(), await his.look()]
    expect(one.call!.id).toBe(other.call!.id)
    expect(one.call).toMatchObject({ state: 'ONGOING', participants: [{ state: 'JOINED' }, { state: 'JOINED' }] })

    const offersOf = ({ sent }: Look) => sent.filter(({ kind }) => kind === 'OFFER').length
    await send(ada, one.participantId!, other.participantId!, 'RENEGOTIATE', {})
    await his.sees('a new offer', (look) => offersOf(look) === offersOf(other) + 1)
    await Promise.all([hers.receives(1, 'host/host'), his.receives(1, 'host/host')])
    await send(ada, one.participantId!, other.participantId!, 'BYE', {})
    await his.sees('Ada closing the connection, and no more', ({ flows, isInCall }) => flows.length === 0 && isInCall)
  }, 120_000)

  it('both lose their sockets in the middle of ICE, and come back on the other node: each signal is taken once, in order', async () => {
    const { ada, ben, roomId } = await aPair()
    const [hers, his] = await Promise.all([
      devices.open(ada, [here, there], { losesSocketAfter: 1 }),
      devices.open(ben, [there, here], { losesSocketAfter: 1 }),
    ])
    await hers.start(roomId)
    await his.sees('it ring', itRings)
    await his.answer()
    await Promise.all([hers.receives(1, 'host/host'), his.receives(1, 'host/host')])
    for (const [from, to] of [
      [his, hers],
      [hers, his],
    ] as const) {
      const { sent } = await from.sees('all candidates on their way', ({ sent, candidates }) => {
        return candidates.at(-1) === null && sent.filter(({ kind }) => kind === 'ICE_CANDIDATE').length === candidates.length - 1
      })
      const { received, sockets } = await to.sees('them', ({ received }) => received.length >= sent.length)
      expect(sockets).toBe(2)
      expect(sent.length).toBeGreaterThan(1)
      expect(received.map(({ seq, kind, payload }) => ({ seq, kind, payload }))).toEqual(
        sent.map(({ seq, kind, payload }) => ({ seq, kind, payload })),
      )
      expect(received.map(({ seq }) => seq)).toEqual(sent.map((_signal, index) => index + 1))
      expect(received.map(({ socket }) => socket)).toEqual([1, ...sent.slice(1).map(() => 2)])
    }
  }, 120_000)

  it('the node that holds the callee’s socket is killed while it rings: they answer on the other, and see each other', async () => {
    const { ada, ben, roomId } = await aPair()
    const dying = await startDyingNode(world.env)
    try {
      const [hers, his] = await Promise.all([devices.open(ada, [there]), devices.open(ben, [dying, here])])
      await hers.start(roomId)
      await his.sees('it ring', itRings)
      await dying.kill()
      await his.answer()
      await Promise.all([hers.receives(1, 'host/host'), his.receives(1, 'host/host')])
      const { rang, told, sockets } = await his.sees('it ring no longer', (look) => !itRings(look))
      expect(rang).toEqual(['rings', 'ANSWERED'])
      expect(told).toEqual(['CallRinging', 'CallStoppedRinging'])
      expect(sockets).toBe(2)
    } finally {
      await dying.kill()
    }
  }, 120_000)

  it('a device that vanishes leaves no ghost', async () => {
    const { ada, ben, roomId } = await aPair()
    const [hers, his] = await Promise.all([devices.open(ada, [here]), devices.open(ben, [there])])
    await hers.start(roomId)
    await his.sees('it ring', itRings)
    await his.answer()
    await hers.receives(1, 'host/host')
    await his.close()
    const { call } = await hers.sees('the end', ({ isInCall }) => !isInCall)
    await until(async () => (await callOf(ada, call!.id)).state === 'ENDED')
    expect((await callOf(ada, call!.id)).participants.map(({ state }) => state)).toEqual(['LEFT', 'LEFT'])
  }, 120_000)
})
