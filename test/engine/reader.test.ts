import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createMemoryBus } from '../../src/engine/bus-memory.ts'
import { Following, type State } from '../../src/engine/following.ts'
import { Group, type Renderer } from '../../src/engine/group.ts'
import { createHub, type Hub } from '../../src/engine/hub.ts'
import type { Newest, Watch } from '../../src/engine/newest.ts'
import { StreamReader } from '../../src/engine/reader.ts'
import { type Loss, Rendered, type Sink } from '../../src/engine/sink.ts'
import { notFound } from '../../src/lib/refusal.ts'
import { uuid } from '../../src/lib/uuid.ts'
import { createTransact, type Transact } from '../../src/store/transact.ts'
import { aDomain, type Domain } from '../support/domain.ts'
import { until } from '../support/until.ts'

describe('a reader', () => {
  let domain: Domain
  let hub: Hub
  let transact: Transact
  beforeAll(async () => {
    domain = await aDomain()
    hub = createHub({
      log: domain.services.log,
      bus: createMemoryBus(() => {}),
      hydrate: async (events) => events.map(() => []),
      outdates: () => undefined,
      onTrouble: () => {},
      ringEvents: 50,
      ringBytes: 1 << 20,
      gapWaitMs: 20,
      lingerMs: 0,
      acknowledgeWaitMs: 1000,
      headCheckMs: 1000,
      headCheckAllMs: 10_000,
      checksHeads: false,
    })
    transact = createTransact(domain.database, hub.ring)
  })
  afterEach(() => {
    for (const reader of opened.splice(0)) reader.close()
  })
  afterAll(() => hub.close())

  const opened: { close: () => void }[] = []

  it('is live from now on, in the order of the commits', async () => {
    const stream = await aStream(5)
    const reader = await follow(stream)
    reader.start()
    await Promise.all(Array.from({ length: 30 }, () => append(stream, 1)))
    await until(() => reader.got.length === 30)
    expect(reader.got).toEqual(from(6, 35))
  })

  it('gets everything that happened between holding its place and starting', async () => {
    const stream = await aStream(5)
    const reader = await follow(stream)
    await append(stream, 3)
    expect(reader.got).toEqual([])
    reader.start()
    await until(() => reader.got.length === 3)
    expect(reader.got).toEqual([6, 7, 8])
  })

  it('reads what it slept through from the log, then from the ring, then lives, while others write', async () => {
    const stream = await aStream(333)
    const reader = await follow(stream, { after: 7 })
    const writing = (async () => {
      for (let n = 0; n < 60; n++) await append(stream, 1)
    })()
    reader.start()
    await writing
    await until(() => reader.got.length === 386)
    expect(reader.got).toEqual(from(8, 393))
  })

  it('gets what the ring is still waiting for, also beside one who began after that', async () => {
    const stream = await aStream(1)
    const shared = aGroup()
    const earlier = await follow(stream, { shared })
    // Committed, and not heard of: the doorbell is late.
    await append(stream, 2, undefined, domain.services.transact)
    const later = await follow(stream, { shared })
    later.start()
    earlier.start()
    await until(() => earlier.got.length === 2)
    await append(stream, 1)
    await until(() => later.got.length === 1 && earlier.got.length === 3)
    expect(earlier.got).toEqual([2, 3, 4])
    expect(later.got).toEqual([4])
  })

  it('shares one rendering with everybody of its group, also those who come later', async () => {
    const stream = await aStream(0)
    const shared = aGroup()
    const readers = [await follow(stream, { shared }), await follow(stream, { shared }), await follow(stream, { shared })]
    for (const reader of readers) reader.start()
    await append(stream, 4)
    await until(() => readers.every(({ got }) => got.length === 4))
    const late = await follow(stream, { shared, after: 1 })
    late.start()
    await until(() => late.got.length === 3)
    expect(shared.renderings).toBe(4)
  })

  it('is told that what comes next is no longer kept; or, where its right has ended, that', async () => {
    for (const [may, code] of [
      [() => true, 'CURSOR_EXPIRED'],
      [() => false, 'NOT_FOUND'],
    ] as const) {
      const stream = await aStream(0)
      const reader = await follow(stream, { may })
      // Committed, and not heard of; then the first of it is deleted.
      await append(stream, 2, undefined, domain.services.transact)
      await domain.database.sql('delete from event where stream_id = $1 and seq = 1 returning 1', [stream])
      reader.start()
      await append(stream, 1)
      await until(() => reader.ended !== undefined)
      expect(reader.ended).toMatchObject({ code })
      expect(reader.got).toEqual([])
    }
  })

  it('that is slow is not sent to, holds nobody up, and reads on where it stopped', async () => {
    const stream = await aStream(0)
    const shared = aGroup()
    const [slow, quick] = [await follow(stream, { shared }), await follow(stream, { shared })]
    slow.start()
    quick.start()
    await append(stream, 2)
    await until(() => slow.got.length === 2)
    slow.fill()
    // More than the ring holds: it has to go back to the log.
    for (let n = 0; n < 8; n++) await append(stream, 20)
    await until(() => quick.got.length === 162)
    expect(slow.got).toHaveLength(2)
    slow.drain()
    await until(() => slow.got.length === 162)
    await append(stream, 1)
    await until(() => slow.got.length === 163 && quick.got.length === 163)
    expect(slow.got).toEqual(from(1, 163))
    expect(quick.got).toEqual(from(1, 163))
  })

  it('gets its own answer where the answer depends on the person', async () => {
    const stream = await aStream(0)
    const shared = aGroup({ isPersonal: (seq) => seq % 3 === 0 })
    const [ann, bob] = [await follow(stream, { shared, person: 'ann' }), await follow(stream, { shared, person: 'bob' })]
    ann.start()
    bob.start()
    await append(stream, 7)
    await until(() => ann.got.length === 7 && bob.got.length === 7)
    expect(ann.texts).toEqual(['1', '2', '3 for ann', '4', '5', '6 for ann', '7'])
    expect(bob.texts).toEqual(['1', '2', '3 for bob', '4', '5', '6 for bob', '7'])
  })

  it('is cut at the event that ends its access, which is the last it gets, while others read on', async () => {
    const stream = await aStream(0)
    const shared = aGroup()
    const leaving = await follow(stream, { shared, person: 'ann', may: () => false })
    const staying = await follow(stream, { shared, person: 'bob' })
    leaving.start()
    staying.start()
    await append(stream, 2)
    await append(stream, 1, 'ann')
    await append(stream, 2)
    await until(() => staying.got.length === 5 && leaving.ended)
    expect(leaving.got).toEqual([1, 2, 3])
    expect(leaving.ended).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('in doubt is asked for its right before it gets anything more', async () => {
    const stream = await aStream(0)
    const shared = aGroup()
    const may = { ann: true, bob: true }
    const [ann, bob] = await Promise.all(
      (['ann', 'bob'] as const).map((person) => follow(stream, { shared, person, may: () => may[person] })),
    )
    for (const reader of [ann!, bob!]) reader.start()
    await append(stream, 2)
    await until(() => ann!.got.length === 2 && bob!.got.length === 2)
    may.ann = false
    for (const reader of [ann!, bob!]) reader.recheck()
    await append(stream, 2)
    await until(() => ann!.ended && bob!.got.length === 4)
    expect(ann!.ended).toMatchObject({ code: 'NOT_FOUND' })
    expect(ann!.got).toEqual([1, 2])
    expect(bob!.got).toEqual([1, 2, 3, 4])
    expect(bob!.ended).toBeUndefined()
  })

  it('in doubt since before it started gets nothing when its right is gone', async () => {
    const stream = await aStream(3)
    const reader = await follow(stream, { after: 0, may: () => false })
    reader.recheck()
    reader.start()
    await until(() => reader.ended)
    expect(reader.got).toEqual([])
  })

  it('in doubt while an event is being shown to it is not handed that event', async () => {
    const stream = await aStream(1)
    let show = () => {}
    const shared = aGroup({ before: () => new Promise((resolve) => (show = resolve)) })
    const reader = await follow(stream, { shared, after: 0, may: () => false })
    reader.start()
    await until(() => shared.renderings === 1)
    reader.recheck()
    show()
    await until(() => reader.ended)
    expect(reader.got).toEqual([])
  })

  it('that comes into doubt once more while it is asked is asked again before it lives', async () => {
    const stream = await aStream(0)
    const answers: ((may: boolean) => void)[] = []
    const reader = await follow(stream, { may: () => new Promise((resolve) => answers.push(resolve)) })
    reader.start()
    reader.recheck()
    await until(() => answers.length === 1)
    reader.recheck()
    answers[0]?.(true)
    await until(() => answers.length === 2)
    await append(stream, 1)
    answers[1]?.(false)
    await until(() => reader.ended)
    expect(reader.got).toEqual([])
  })

  it.each(['is here already', 'is still on its way'])('in doubt hears the event that ended its right last, which %s', async (where) => {
    const stream = await aStream(0)
    const reader = await follow(stream, { person: 'ann', may: () => false })
    reader.start()
    await append(stream, 1)
    await until(() => reader.got.length === 1)
    reader.fill()
    const by = where === 'is here already' ? transact : domain.services.transact
    await append(stream, 1, undefined, by)
    await append(stream, 1, 'ann', by)
    await append(stream, 1, undefined, by)
    reader.recheck()
    reader.drain()
    await until(() => reader.ended)
    expect(reader.got).toEqual([1, 2, 3])
    expect(reader.ended).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('in doubt that is behind for long hears nothing more, not even that event', async () => {
    const stream = await aStream(0)
    const reader = await follow(stream, { person: 'ann', may: () => false })
    reader.start()
    await append(stream, 1)
    await until(() => reader.got.length === 1)
    reader.fill()
    await append(stream, 1)
    await append(stream, 1, 'ann')
    reader.recheck()
    const later = performance.now() + 60_000
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => later)
    try {
      reader.drain()
      await until(() => reader.ended)
    } finally {
      clock.mockRestore()
    }
    expect(reader.got).toEqual([1])
  })

  it('that is behind for long is asked for its right again: what is shown late is shown as it is by then', async () => {
    const stream = await aStream(0)
    let mayRead = true
    const [slow, quick] = [await follow(stream, { may: () => mayRead }), await follow(stream)]
    for (const reader of [slow, quick]) reader.start()
    await append(stream, 2)
    await until(() => slow.got.length === 2)
    slow.fill()
    await append(stream, 3)
    await until(() => quick.got.length === 5)
    mayRead = false
    const later = performance.now() + 60_000
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => later)
    try {
      slow.drain()
      await until(() => slow.ended)
    } finally {
      clock.mockRestore()
    }
    expect(slow.got).toEqual([1, 2])
    expect(slow.ended).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('passes an end of access that was taken back since', async () => {
    const stream = await aStream(0)
    await append(stream, 2)
    await append(stream, 1, 'ann')
    await append(stream, 2)
    const back = await follow(stream, { person: 'ann', after: 0 })
    back.start()
    await until(() => back.got.length === 5)
    expect(back.ended).toBeUndefined()
  })

  it('stays where it is while the database is away: nothing is left out, and what was to be asked is asked', async () => {
    const stream = await aStream(0)
    let failures = 0
    const away = () => {
      failures++
      throw Object.assign(new Error('The database is away.'), { code: 'ECONNREFUSED' })
    }
    const shared = aGroup({ isPersonal: (seq) => (seq === 2 && failures < 2 ? away() : false) })
    const may = () => (failures < 4 ? away() : false)
    const [leaving, staying] = [await follow(stream, { shared, person: 'ann', may }), await follow(stream, { shared, person: 'bob' })]
    leaving.start()
    staying.start()
    await append(stream, 3)
    await append(stream, 1, 'ann')
    await append(stream, 1)
    await until(() => staying.got.length === 5 && leaving.ended)
    expect(staying.got).toEqual([1, 2, 3, 4, 5])
    expect(leaving.got).toEqual([1, 2, 3, 4])
    expect(leaving.ended).toMatchObject({ code: 'NOT_FOUND' })
    expect(failures).toBe(4)
  })

  it('that joins while an event is still being shown does not stop the world when it cannot be', async () => {
    const stream = await aStream(0)
    let fail: ((error: Error) => void) | undefined
    const shared = aGroup({
      before() {
        if (fail) return
        return new Promise((_resolve, reject) => {
          fail = reject
        })
      },
    })
    const early = await follow(stream, { shared })
    early.start()
    await append(stream, 1)
    await until(() => shared.renderings === 1)
    const late = await follow(stream, { shared })
    late.start()
    fail?.(Object.assign(new Error('the database is away'), { code: 'ECONNRESET' }))
    await until(() => early.got.length === 1)
    await append(stream, 1)
    await until(() => early.got.length === 2 && late.got.length === 1)
    expect(early.got).toEqual([1, 2])
    expect(late.got).toEqual([2])
  })

  it('says when it has delivered up to there, or is over, and asked of another stream at once', async () => {
    const stream = await aStream(0)
    const [reader, leaving] = [await follow(stream), await follow(stream)]
    await reader.reaches(await aStream(0), 5)
    const reached: string[] = []
    void reader.reaches(stream, 4).then(() => reached.push('four'))
    void reader.reaches(stream, 2).then(() => reached.push('two'))
    void leaving.reaches(stream, 1).then(() => reached.push('over'))
    reader.start()
    await append(stream, 1)
    await until(() => reader.got.length === 1)
    expect(reached).toEqual([])
    await append(stream, 1)
    await until(() => reached.length === 1)
    leaving.close()
    await until(() => reached.length === 2)
    await append(stream, 2)
    await until(() => reached.length === 3)
    expect(reached).toEqual(['two', 'over', 'four'])
    expect(reader.got).toEqual([1, 2, 3, 4])
    await reader.reaches(stream, 3)
  })

  it('tells states once it has caught up, in the place of the last event, and the newest of each once it drains', async () => {
    const stream = await aStream(3)
    let newest: Newest<State> | undefined
    let isWatched = false
    const reader = await follow(stream, {
      after: 0,
      async watch(given) {
        newest = given
        isWatched = true
        given.tell('one', aState('first'))
        return () => {
          isWatched = false
        }
      },
    })
    reader.start()
    await until(() => reader.texts.length === 4)
    expect(reader.texts).toEqual(['1', '2', '3', '3 and first'])
    // Live: what is told comes by itself, between the events.
    newest!.tell('two', aState('second'))
    await until(() => reader.texts.length === 5)
    await append(stream, 1)
    await until(() => reader.texts.length === 6)
    reader.fill()
    for (const name of ['third', 'fourth', 'fifth']) newest!.tell('one', aState(name))
    newest!.tell('two', aState('forgotten'))
    newest!.forget('two')
    await append(stream, 1)
    expect(reader.texts).toHaveLength(6)
    reader.drain()
    await until(() => reader.texts.length === 8)
    expect(reader.texts.slice(4)).toEqual(['3 and second', '4', '5', '5 and fifth'])
    reader.close()
    expect(isWatched).toBe(false)
    newest!.tell('one', aState('late'))
    await append(stream, 1)
    expect(reader.texts).toHaveLength(8)
  })

  it('tries again to watch, and to tell, while the database is away', async () => {
    const stream = await aStream(1)
    let failures = 2
    const reader = await follow(stream, {
      async watch(newest) {
        if (failures-- > 0) throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })
        newest.tell('one', aState('first'))
        return () => {}
      },
    })
    reader.start()
    await until(() => reader.texts.length === 1)
    expect(reader.texts).toEqual(['1 and first'])
  })

  it('that loses a right of which its stream tells by itself goes on, and is asked again for any other', async () => {
    const stream = await aStream(0)
    let isAllowed = true
    const reader = await follow(stream, { may: () => isAllowed })
    reader.start()
    await append(stream, 1)
    await until(() => reader.got.length === 1)
    isAllowed = false
    reader.recheck('told')
    await append(stream, 1)
    await until(() => reader.got.length === 2)
    reader.recheck('untold')
    await until(() => reader.ended !== undefined)
  })

  const aState = (type: string): State => ({ type, data: {}, at: new Date() })

  it('leaves nothing behind', async () => {
    const stream = await aStream(0)
    const readers = await Promise.all(Array.from({ length: 20 }, () => follow(stream)))
    for (const reader of readers) reader.start()
    for (const reader of readers) reader.close()
    await append(stream, 3)
    await until(() => hub.size === 0)
    expect(readers.flatMap(({ got }) => got)).toEqual([])
  })

  interface Shared {
    renderings: number
    readonly renderer: Renderer
    group?: Group
  }

  interface GroupGiven {
    isPersonal?: (seq: number) => boolean
    /** Comes before an event is shown. */
    before?: () => Promise<void> | void
  }

  function aGroup({ isPersonal = () => false, before = () => {} }: GroupGiven = {}): Shared {
    const shared: Shared = {
      renderings: 0,
      renderer: {
        wants: () => true,
        endsAccessOf: ({ data }) => data.whose as string | undefined,
        async render({ event: { seq } }) {
          shared.renderings++
          await before()
          return isPersonal(seq) ? 'personal' : new Rendered(String(seq))
        },
      },
    }
    return shared
  }

  async function follow(
    streamId: string,
    given: { after?: number; person?: string; shared?: Shared; may?: () => boolean | Promise<boolean>; watch?: Watch<State> } = {},
  ) {
    const { shared = aGroup(), person = 'somebody', may = () => true, watch } = given
    const { stream, head, release } = await hub.hold(streamId)
    shared.group ??= new Group(uuid(), stream, shared.renderer)
    const sink = aSink()
    const reader = new StreamReader({
      group: shared.group,
      following: new Following({
        streamId,
        personId: person,
        after: null,
        ...(watch && { watch }),
        async mayFollow() {
          if (!(await may())) throw notFound('stream')
        },
      }),
      sink,
      position: given.after ?? head ?? 0,
      renderForPerson: async ({ event: { seq } }) => new Rendered(`${seq} for ${person}`),
      renderState: async ({ type }, seq) => new Rendered(`${seq} and ${type}`),
      onClose: release,
    })
    opened.push(reader)
    return Object.assign(sink, {
      start: () => reader.start(),
      close: () => reader.close(),
      recheck: (loss: Loss = 'untold') => reader.recheck(loss),
      reaches: (id: string, seq: number) => reader.reaches(id, seq),
    })
  }

  function aSink() {
    let drained: (() => void)[] = []
    const sink = {
      texts: [] as string[],
      ended: undefined as Error | undefined,
      isFull: false,
      get got() {
        return sink.texts.map((text) => Number.parseInt(text, 10))
      },
      fill() {
        sink.isFull = true
      },
      drain() {
        sink.isFull = false
        for (const resolve of drained) resolve()
        drained = []
      },
      deliver: ({ result }: Rendered) => void sink.texts.push(result as string),
      drained: () => new Promise<void>((resolve) => drained.push(resolve)),
      end(reason: Error) {
        sink.ended = reason
      },
    }
    return sink satisfies Sink
  }

  async function aStream(count: number): Promise<string> {
    const id = uuid()
    await transact([], (tx) => tx.openStream(id))
    if (count > 0) await append(id, count)
    return id
  }

  async function append(streamId: string, count: number, whose?: string, by: Transact = transact): Promise<void> {
    await by([streamId], async (tx) => {
      for (let n = 0; n < count; n++) tx.append(streamId, { type: 'Counted', data: { whose } })
    })
  }

  function from(first: number, last: number): number[] {
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  }
})
