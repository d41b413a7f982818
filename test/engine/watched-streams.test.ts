import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Bus } from '../../src/engine/bus.ts'
import { createMemoryBus } from '../../src/engine/bus-memory.ts'
import { createHub, type Hub, type HubOptions } from '../../src/engine/hub.ts'
import type { Log } from '../../src/engine/log.ts'
import { createTransact } from '../../src/store/transact.ts'
import { aDomain, type Domain } from '../support/domain.ts'
import { until } from '../support/until.ts'

describe('a stream that is only watched', () => {
  let domain: Domain
  let streamId: string
  const hubs: Hub[] = []
  beforeAll(async () => {
    domain = await aDomain()
  })
  beforeEach(async () => {
    streamId = (await domain.aPerson()).id
  })
  afterEach(() => {
    for (const hub of hubs.splice(0)) hub.close()
  })

  it('tells everybody who watches it of each event, over one subscription, and leaves nothing behind', async () => {
    const { hub, bus, log, append } = aNode()
    const [one, other] = [watch(hub), watch(hub)]
    await until(() => log.asked === 1)
    await append(2)
    await until(() => one.moved.length === 2)
    expect(one.moved).toEqual([1, 2])
    expect(other.moved).toEqual([1, 2])
    expect(bus.topics).toEqual([`parley:stream:${streamId}`])
    other.stop()
    await append(1)
    await until(() => one.moved.length === 3)
    expect(other.moved).toEqual([1, 2])
    expect(hub.watched).toBe(1)
    one.stop()
    one.stop()
    expect([hub.watched, bus.topics]).toEqual([0, []])
  })

  it('tells whoever knows less than others at once that it moved, and the others of what a newcomer knows', async () => {
    const { hub, append } = aNode()
    const first = watch(hub)
    await append(3)
    await until(() => first.moved.length === 3)
    const behind = watch(hub, 1)
    const equal = watch(hub, 3)
    await until(() => behind.moved.length === 1)
    expect([behind.moved, equal.moved]).toEqual([[undefined], []])
    const ahead = watch(hub, 5)
    expect([first.moved, ahead.moved]).toEqual([[1, 2, 3, undefined], []])
  })

  it('tells of what was rung before the bus listened', async () => {
    const { hub, bus, append } = aNode({ isAcknowledging: false })
    const watching = watch(hub)
    // The bus carries nothing yet.
    await append(2)
    expect(watching.moved).toEqual([])
    bus.acknowledge()
    await until(() => watching.moved.length === 1)
    expect(watching.moved).toEqual([undefined])
  })

  it('tells once of what the bus lost in between, and passes over what comes late', async () => {
    const { hub, bus, log, append } = aNode()
    const watching = watch(hub)
    await until(() => log.asked === 1)
    bus.loses = ({ seq }) => seq === 2
    await append(3)
    await until(() => watching.moved.length === 3)
    bus.loses = () => false
    bus.publish(`parley:stream:${streamId}`, { seq: 2, type: 'Late', data: {}, at: new Date().toISOString() })
    bus.publish(`parley:stream:${streamId}`, { noise: true })
    await append(1)
    await until(() => watching.moved.length === 4)
    expect(watching.moved).toEqual([1, undefined, 3, 4])
  })

  it('is compared with the log while the bus loses everything: each second when it moved, the others more rarely', async () => {
    const { hub, bus, log, append } = aNode({ checksHeads: true, headCheckMs: 10, headCheckAllMs: 300 })
    bus.loses = () => true
    const watching = watch(hub)
    const quietId = (await domain.aPerson()).id
    const quiet = watch(hub, 0, quietId)
    await append(1)
    await until(() => watching.moved.length === 1)
    const before = log.checked.length
    await append(1)
    await until(() => watching.moved.length === 2)
    expect([watching.moved, quiet.moved]).toEqual([[undefined, undefined], []])
    expect(log.checked.slice(before).some((ids) => ids.join() === streamId)).toBe(true)
    await until(() => log.checked.slice(before).some((ids) => ids.includes(quietId)))
  })

  it('is compared at once when the bus is heard again', async () => {
    const { hub, bus, log, append } = aNode({ checksHeads: true, headCheckMs: 60_000 })
    const watching = watch(hub)
    await until(() => log.asked === 1)
    bus.loses = () => true
    await append(2)
    bus.comeBack()
    await until(() => watching.moved.length === 1)
    expect(watching.moved).toEqual([undefined])
  })

  it('is looked for again when the database was away, and asked for in few statements with thousands of others', async () => {
    const { hub, log, troubles } = aNode({ checksHeads: true, headCheckMs: 10 })
    log.fails = true
    const stops = Array.from({ length: 5000 }, () => watch(hub, -1, streamId).stop)
    const others = await Promise.all(Array.from({ length: 20 }, async () => watch(hub, -1, (await domain.aPerson()).id)))
    await until(() => troubles.length > 0)
    log.fails = false
    await until(() => others.every(({ moved }) => moved.length === 1))
    expect(log.checked.at(-1)).toHaveLength(21)
    for (const stop of [...stops, ...others.map(({ stop }) => stop)]) stop()
    expect(hub.watched).toBe(0)
  })

  it('is checked in one statement for whoever follows it and whoever watches it', async () => {
    const { hub, log } = aNode({ checksHeads: true, headCheckMs: 10, headCheckAllMs: 10 })
    watch(hub)
    const held = await hub.hold(streamId)
    await until(() => log.checked.length > 1)
    expect(log.checked.at(-1)).toEqual([streamId])
    held.release()
  })

  function watch(hub: Hub, position = 0, id = streamId) {
    const moved: (number | undefined)[] = []
    const stop = hub.watch(id, position, (event) => moved.push(event?.seq))
    return { moved, stop }
  }

  function aNode({ isAcknowledging = true, ...options }: Partial<HubOptions> & { isAcknowledging?: boolean } = {}) {
    const bus = aBus(isAcknowledging)
    const log = aLog()
    const troubles: unknown[] = []
    const hub = createHub({
      log,
      bus,
      hydrate: async (events) => events.map(() => []),
      outdates: () => undefined,
      onTrouble: (error) => troubles.push(error),
      ringEvents: 100,
      ringBytes: 1 << 20,
      gapWaitMs: 1,
      lingerMs: 0,
      acknowledgeWaitMs: 1000,
      headCheckMs: 1000,
      headCheckAllMs: 10_000,
      checksHeads: false,
      ...options,
    })
    hubs.push(hub)
    const transact = createTransact(domain.database, hub.ring)
    const append = (count: number, id = streamId) =>
      transact([id], async (tx) => {
        for (let n = 0; n < count; n++) tx.append(id, { type: 'Counted', data: {} })
      })
    return { hub, bus, log, troubles, append }
  }

  /** The memory bus, which loses what it is told to. */
  function aBus(isAcknowledging: boolean) {
    const memory = createMemoryBus(() => {})
    const returned: (() => void)[] = []
    const topics: string[] = []
    let isHeard = isAcknowledging
    let acknowledged = () => {}
    const ready = isAcknowledging
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          acknowledged = resolve
        })
    const bus = {
      ...memory,
      topics,
      loses: (_message: { seq: number }) => false,
      publish(topic: string, message: object) {
        if (isHeard && !bus.loses(message as { seq: number })) memory.publish(topic, message)
      },
      subscribe(topic: string, listener: (message: object) => void) {
        topics.push(topic)
        const subscription = memory.subscribe(topic, listener)
        return {
          ready,
          close() {
            topics.splice(topics.indexOf(topic), 1)
            subscription.close()
          },
        }
      },
      onReturn(listener: () => void) {
        returned.push(listener)
        return () => void returned.splice(returned.indexOf(listener), 1)
      },
      acknowledge() {
        isHeard = true
        acknowledged()
      },
      comeBack() {
        for (const listener of returned) listener()
      },
    }
    return bus satisfies Bus & Record<string, unknown>
  }

  /** The domain's, counted, and away when it is told to be. */
  function aLog() {
    const log = {
      ...domain.services.log,
      asked: 0,
      fails: false,
      checked: [] as (readonly string[])[],
      async head(id: string) {
        log.asked++
        if (log.fails) throw new Error('away')
        return domain.services.log.head(id)
      },
      async heads(ids: readonly string[]) {
        if (log.fails) throw new Error('away')
        log.checked.push(ids)
        return domain.services.log.heads(ids)
      },
    }
    return log satisfies Log
  }
})
