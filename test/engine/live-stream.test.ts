import { beforeAll, describe, expect, it } from 'vitest'
import { Group } from '../../src/engine/group.ts'
import { type Arrival, LiveStream } from '../../src/engine/live-stream.ts'
import type { Log } from '../../src/engine/log.ts'
import { Rendered } from '../../src/engine/sink.ts'
import { uuid } from '../../src/lib/uuid.ts'
import type { StoredEvent } from '../../src/store/transact.ts'
import { aDomain, type Domain } from '../support/domain.ts'
import { until } from '../support/until.ts'

describe('a live stream', () => {
  let domain: Domain
  beforeAll(async () => {
    domain = await aDomain()
  })

  it('gives events in their order, whatever the order they arrive in', async () => {
    const { stream, events, seen } = await aStream(20)
    for (const event of shuffled(events)) stream.hear(event)
    await until(() => seen().length === 20)
    expect(seen()).toEqual(upTo(20))
  })

  it('drops what it has already, however often it is told', async () => {
    const { stream, events, seen } = await aStream(3)
    for (const event of [...events, ...events, ...events]) stream.hear(event)
    await until(() => seen().length === 3)
    for (const event of events) stream.hear(event)
    stream.notice(3)
    await settled()
    expect(seen()).toEqual([1, 2, 3])
  })

  it('fetches a gap once, after it has stood for a moment, and not when the missing event comes by itself', async () => {
    const { stream, events, seen, reads } = await aStream(5)
    stream.hear(events[2]!)
    stream.hear(events[1]!)
    stream.hear(events[0]!)
    await until(() => seen().length === 3)
    expect(reads()).toBe(0)
    stream.hear(events[4]!)
    await until(() => seen().length === 5)
    expect(seen()).toEqual(upTo(5))
    expect(reads()).toBe(1)
  })

  it('gives each gap its moment, also after one that closed by itself', async () => {
    const { stream, events, seen, reads } = await aStream(4)
    const start = performance.now()
    stream.hear(events[1]!)
    await settled()
    stream.hear(events[0]!)
    await until(() => seen().length === 2 && performance.now() > start + 40)
    stream.hear(events[3]!)
    await settled()
    stream.hear(events[2]!)
    await until(() => seen().length === 4)
    expect(seen()).toEqual(upTo(4))
    expect(reads()).toBe(0)
  })

  it('finds a lost last event when the head is compared with the log', async () => {
    const { stream, seen } = await aStream(4)
    stream.notice(4)
    await until(() => seen().length === 4)
    expect(seen()).toEqual(upTo(4))
  })

  it('hears what came before its head was known, and nothing from before it', async () => {
    const events = await logged(6)
    const { stream, seen } = open(events[0]!.streamId, 4)
    stream.hear(events[5]!)
    stream.hear(events[2]!)
    stream.notice(4)
    await until(() => seen().length === 2)
    expect(seen()).toEqual([5, 6])
  })

  it('keeps no more than its bound, and pages the rest from the log, one reading for all who want it', async () => {
    const { stream, events, reads } = await aStream(250, { ringEvents: 50 })
    for (const event of events) stream.hear(event)
    await until(() => stream.head === 250)
    expect(stream.inRing(200, 1000)?.map(({ event }) => event.seq)).toEqual(upTo(250).slice(200))
    expect(stream.inRing(199, 1)).toBeUndefined()
    const before = reads()
    const pages = await Promise.all([stream.page(0), stream.page(0), stream.page(10), stream.page(99)])
    expect(pages.map((page) => [page[0]?.event.seq, page.at(-1)?.event.seq])).toEqual([
      [1, 100],
      [1, 100],
      [11, 100],
      [100, 100],
    ])
    expect(reads() - before).toBe(1)
  })

  it('keeps no more bytes than its bound', async () => {
    const { stream, events } = await aStream(40, { ringBytes: 10_000 })
    for (const event of events) stream.hear(event)
    await until(() => stream.head === 40)
    expect(stream.inRing(20, 1)).toBeUndefined()
    expect(stream.inRing(38, 10)).toHaveLength(2)
    for (const entry of stream.inRing(38, 10) ?? []) stream.grew(entry, 20_000)
    expect(stream.inRing(38, 10)).toBeUndefined()
    expect(stream.inRing(39, 10)).toHaveLength(1)
  })

  it('refuses a position whose next event is no longer kept: never a partial replay', async () => {
    const { stream, events } = await aStream(30, { ringEvents: 5 })
    stream.notice(30)
    await until(() => stream.head === 30)
    await domain.database.sql('delete from event where stream_id = $1 and seq <= 10', [events[0]!.streamId])
    await expect(stream.page(9)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
    expect((await stream.page(10))[0]?.event.seq).toBe(11)
  })

  it('tries again when the log could not be read', async () => {
    let failures = 2
    const { stream, seen } = await aStream(3, {
      after: async (...args) => {
        if (failures-- > 0) throw new Error('the database is away')
        return domain.services.log.after(...args)
      },
    })
    stream.notice(3)
    await until(() => seen().length === 3)
    expect(failures).toBeLessThan(0)
  })

  it('keeps nothing of a row that an event outdates: not its snapshot, and nothing rendered of anything before', async () => {
    const { stream, events, seen } = await aStream(4)
    const [first, second, third, last] = events as [StoredEvent, StoredEvent, StoredEvent, StoredEvent]
    const about = (event: StoredEvent, message: string) => ({ ...event, data: { message }, snapshot: `what ${message} said` })
    for (const event of [about(first, 'm1'), about(second, 'm2'), about(third, 'm1')]) stream.hear(event)
    await until(() => seen().length === 3)
    for (const entry of stream.inRing(0, 3)!) {
      entry.rendered.set('a group', new Rendered('rendered'))
      stream.grew(entry, 1000)
    }
    const kept = stream.inRing(0, 3)!.map(({ bytes }) => bytes)
    stream.hear({ ...last, data: { outdates: 'm1' } })
    await until(() => seen().length === 4)
    const entries = stream.inRing(0, 4)!
    expect(entries.map(({ rows }) => rows)).toEqual([undefined, ['what m2 said'], undefined, [undefined]])
    expect(entries.map(({ rendered }) => rendered.size)).toEqual([0, 0, 0, 0])
    expect(entries.slice(0, 3).map(({ bytes }) => bytes)).toEqual(kept.map((bytes) => bytes - 1000))
    expect(JSON.stringify(entries)).not.toContain('what m1 said')
  })

  it('does not take back what was being rendered when it was outdated', async () => {
    const { stream, events, seen } = await aStream(2)
    let finish: (rendered: Rendered) => void = () => {}
    let renderings = 0
    const group = new Group('a group', stream, {
      wants: () => true,
      endsAccessOf: () => undefined,
      render: () =>
        new Promise((resolve) => {
          renderings++
          finish = resolve
        }),
    })
    stream.hear({ ...events[0]!, data: { message: 'm1' } })
    await until(() => seen().length === 1)
    const [entry] = stream.inRing(0, 1)!
    const before = group.render(entry!)
    stream.hear({ ...events[1]!, data: { outdates: 'm1' } })
    await until(() => seen().length === 2)
    finish(new Rendered('as it was'))
    expect((await before) as Rendered).toMatchObject({ result: 'as it was' })
    const after = group.render(entry!)
    finish(new Rendered('as it is'))
    expect((await after) as Rendered).toMatchObject({ result: 'as it is' })
    expect(renderings).toBe(2)
    expect(group.render(entry!)).toMatchObject({ result: 'as it is' })
    group.close()
  })

  async function logged(count: number): Promise<StoredEvent[]> {
    const id = uuid()
    await domain.services.transact([], (tx) => tx.openStream(id))
    await domain.services.transact([id], async (tx) => {
      for (let n = 1; n <= count; n++) tx.append(id, { type: 'Counted', data: { n } })
    })
    return domain.services.log.after(id, 0, count)
  }

  interface Given {
    ringEvents?: number
    ringBytes?: number
    after?: Log['after']
  }

  async function aStream(count: number, given: Given = {}) {
    const events = await logged(count)
    const opened = open(events[0]!.streamId, 0, given)
    opened.stream.notice(0)
    return { events, ...opened }
  }

  function open(
    streamId: string,
    began: number,
    { ringEvents = 1000, ringBytes = 1 << 20, after = domain.services.log.after }: Given = {},
  ) {
    let reads = 0
    const stream = new LiveStream(streamId, {
      ringEvents,
      ringBytes,
      gapWaitMs: 20,
      log: {
        ...domain.services.log,
        after: (...args) => {
          reads++
          return after(...args)
        },
      },
      hydrate: async (events: readonly Arrival[]) => events.map(({ snapshot }) => [snapshot]),
      // An event of which the story says so, by the number of an earlier one.
      outdates: ({ data }) => data.outdates as string | undefined,
      onTrouble: () => {},
    })
    const seen: number[] = []
    stream.follow(() => {
      const newest = seen.at(-1) ?? began
      for (const { event } of stream.inRing(newest, 1000) ?? []) seen.push(event.seq)
    })
    return { stream, seen: () => seen, reads: () => reads }
  }

  /** Lets everything that is due in this turn happen. */
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  function upTo(count: number): number[] {
    return Array.from({ length: count }, (_, index) => index + 1)
  }

  function shuffled<Value>(values: readonly Value[]): Value[] {
    return values
      .map((value) => [Math.random(), value] as const)
      .sort(([one], [other]) => one - other)
      .map(([, value]) => value)
  }
})
