import { afterEach, describe, expect, it } from 'vitest'
import type { Bus } from '../../src/engine/bus.ts'
import { createHub, type Hub } from '../../src/engine/hub.ts'
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

  function aHub({ isAcknowledging = true } = {}) {
    const bus = aBus(isAcknowledging)
    const log = aLog()
    const hub = createHub({
      log,
      bus,
      hydrate: async (events) => events.map(() => []),
      onTrouble: () => {},
      ringEvents: 50,
      ringBytes: 1 << 20,
      gapWaitMs: 1,
      lingerMs: 0,
      acknowledgeWaitMs: 1,
      headCheckMs: 1000,
      headCheckAllMs: 10_000,
      checksHeads: false,
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
    return {
      isUp: true,
      publish() {},
      subscribe: () => ({ ready: acknowledged, close() {} }),
      onReturn: (listener: () => void) => void listeners.push(listener),
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
      newest: 0,
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
        return new Map(streamIds.map((id) => [id, log.newest]))
      },
      after: async (streamId: string, seq: number) =>
        Array.from({ length: log.newest - seq }, (_, index) => ({
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
