import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Bus } from '../../src/engine/bus.ts'
import { createHub, type Hub, type HubOptions } from '../../src/engine/hub.ts'
import type { Log } from '../../src/engine/log.ts'
import { until } from '../support/until.ts'

describe('a hub', () => {
  const hubs: Hub[] = []
  afterEach(() => {
    for (const hub of hubs.splice(0)) hub.close()
  })

  it('compares all heads when the bus is heard again, also when others are just being compared', async () => {
    const { hub, bus, log } = aHub()
    await hub.hold('quiet')
    log.pause()
    bus.return()
    await until(() => log.asked.length === 1)
    await hub.hold('later')
    bus.return()
    log.resume()
    await until(() => log.asked.length === 2)
    expect(log.asked).toEqual([['quiet'], ['quiet', 'later']])
  })

  it('looks once more for what was rung before the bus acknowledged that it listens', async () => {
    const { hub, bus, log } = aHub({ isAcknowledging: false })
    const { stream } = await hub.hold('late')
    expect(stream.head).toBe(0)
    log.newest = 3
    bus.acknowledge()
    await until(() => stream.head === 3)
  })

  it('passes over what is no event, however often it is rung, and fetches what it stood for', async () => {
    const troubles: unknown[] = []
    const { hub, bus, log } = aHub({ onTrouble: (error) => troubles.push(error) })
    const { stream } = await hub.hold('noisy')
    const event = { seq: 1, type: 'Counted', data: {}, at: new Date(0).toISOString() }
    const noise = [
      null,
      'text',
      7,
      [],
      {},
      { ...event, seq: '1' },
      { ...event, seq: 'x' },
      { ...event, seq: 1.5 },
      { ...event, data: null },
    ]
    const more = [
      { ...event, at: 'never' },
      { ...event, at: undefined },
      { ...event, type: {} },
      { ...event, seq: -1 },
    ]
    for (let n = 0; n < 100; n++) for (const message of [...noise, ...more]) bus.ring(message as object)
    expect(stream.head).toBe(0)
    bus.ring(event)
    await until(() => stream.head === 1)
    log.newest = 3
    bus.ring({ ...event, seq: 3 })
    await until(() => stream.head === 3)
    expect(troubles).toEqual([])
  })

  it('keeps no stream that is not there', async () => {
    const { hub, log } = aHub({ lingerMs: 60_000 })
    log.newest = undefined
    for (let n = 0; n < 100; n++) (await hub.hold(`nothing ${n}`)).release()
    expect(hub.size).toBe(0)
    log.newest = 0
    ;(await hub.hold('something')).release()
    expect(hub.size).toBe(1)
  })

  it('goes on comparing all heads when the clock is set back', async () => {
    vi.useFakeTimers({ now: 1e12, toFake: ['Date', 'setInterval', 'clearInterval', 'performance'] })
    try {
      const { hub, log } = aHub({ checksHeads: true })
      await hub.hold('quiet')
      vi.setSystemTime(1e12 - 3_600_000)
      const { stream } = await hub.hold('opened later')
      stream.lastEventAt = 0
      await vi.advanceTimersByTimeAsync(11_000)
      expect(log.asked.flat()).toContain('opened later')
    } finally {
      vi.useRealTimers()
    }
  })

  function aHub({ isAcknowledging = true, ...others }: Partial<HubOptions> & { isAcknowledging?: boolean } = {}) {
    const bus = aBus(isAcknowledging)
    const log = aLog()
    const hub = createHub({
      log,
      bus,
      hydrate: async (events) => events.map(() => []),
      outdates: () => undefined,
      onTrouble: () => {},
      ringEvents: 50,
      ringBytes: 1 << 20,
      gapWaitMs: 1,
      lingerMs: 0,
      acknowledgeWaitMs: 1,
      headCheckMs: 1000,
      headCheckAllMs: 10_000,
      checksHeads: false,
      ...others,
    })
    hubs.push(hub)
    return { hub, bus, log }
  }

  function aBus(isAcknowledging: boolean) {
    let acknowledge = () => {}
    const acknowledged = new Promise<void>((resolve) => {
      acknowledge = resolve
    })
    if (isAcknowledging) acknowledge()
    const listeners: (() => void)[] = []
    let hear: (message: object) => void = () => {}
    return {
      isUp: true,
      publish() {},
      subscribe(_topic: string, listener: (message: object) => void) {
        hear = listener
        return { ready: acknowledged, close() {} }
      },
      ring: (message: object) => hear(message),
      onReturn(listener: () => void) {
        listeners.push(listener)
        return () => void listeners.splice(listeners.indexOf(listener), 1)
      },
      async ping() {},
      async close() {},
      acknowledge: () => acknowledge(),
      return() {
        for (const listener of listeners) listener()
      },
    } satisfies Bus & Record<string, unknown>
  }

  function aLog() {
    let resume = () => {}
    let answering = Promise.resolve()
    const log = {
      newest: 0 as number | undefined,
      asked: [] as (readonly string[])[],
      pause() {
        answering = new Promise((resolve) => {
          resume = resolve
        })
      },
      resume: () => resume(),
      head: async () => log.newest,
      async heads(streamIds: readonly string[]) {
        log.asked.push(streamIds)
        await answering
        return new Map(streamIds.map((id) => [id, log.newest ?? 0]))
      },
      after: async (streamId: string, seq: number) =>
        Array.from({ length: (log.newest ?? 0) - seq }, (_, index) => ({
          streamId,
          seq: seq + index + 1,
          type: 'Counted',
          data: {},
          at: new Date(0),
        })),
      sweep: async () => 0,
    }
    return log satisfies Log
  }
})
