import { setImmediate as aTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Newest } from '../../src/engine/newest.ts'
import { Passing } from '../../src/engine/passing.ts'
import { PassingReader } from '../../src/engine/passing-reader.ts'
import { Rendered, type Sink } from '../../src/engine/sink.ts'
import { notFound } from '../../src/lib/refusal.ts'
import { until } from '../support/until.ts'

describe('a reader of what passes', () => {
  it('gathers from before it is started, and then tells what holds, and what changes', async () => {
    const { reader, newest, told } = await aReader({ holding: ['ann', 'bob'] })
    newest.tell('bob', { name: 'bob again' })
    expect(told).toEqual([])
    reader.start()
    await until(() => told.length === 2)
    newest.tell('cid', { name: 'cid' })
    await until(() => told.length === 3)
    expect(told).toEqual(['ann', 'bob again', 'cid'])
  })

  it('that is slow is told the newest of each when it drains, however much changed', async () => {
    const { reader, newest, told, sink } = await aReader()
    reader.start()
    sink.fill()
    for (let n = 1; n <= 1000; n++) for (const name of ['ann', 'bob']) newest.tell(name, { name: `${name} ${n}` })
    sink.drain()
    await until(() => told.length >= 2)
    newest.tell('last', { name: 'last' })
    await until(() => told.at(-1) === 'last')
    expect(told).toEqual(['ann 1000', 'bob 1000', 'last'])
  })

  it('delivers nothing more once its right is gone, also what is being shown, and says why', async () => {
    let isAllowed = true
    let showing = () => {}
    const { reader, newest, told, sink } = await aReader({
      may: () => isAllowed,
      render: () =>
        new Promise((resolve) => {
          showing = resolve
        }),
    })
    reader.start()
    newest.tell('ann', { name: 'ann' })
    isAllowed = false
    reader.recheck()
    showing()
    await until(() => sink.ended !== undefined)
    expect(sink.ended).toMatchObject({ code: 'NOT_FOUND' })
    expect(told).toEqual([])
  })

  it('goes on when its right turns out to stand', async () => {
    const { reader, newest, told, sink } = await aReader()
    reader.start()
    reader.recheck()
    newest.tell('ann', { name: 'ann' })
    await until(() => told.length === 1)
    expect(sink.ended).toBeUndefined()
  })

  it('waits for a database that is away, and tells what is newest then', async () => {
    let failures = 1
    const { reader, newest, told } = await aReader({
      async render() {
        if (failures-- > 0) throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })
      },
    })
    reader.start()
    newest.tell('ann', { name: 'ann' })
    await until(() => told.length === 1)
    expect(told).toEqual(['ann'])
  })

  it('tries again once for all that was told while the database was away', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    let tries = 0
    const { reader, newest } = await aReader({
      async render() {
        tries++
        throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })
      },
    })
    reader.start()
    for (let told = 1; told <= 10; told++) {
      newest.tell('ann', { name: 'ann' })
      await aTurn()
      expect([tries, vi.getTimerCount()]).toEqual([told, 1])
    }
    reader.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends its watch once, also when it is closed while that begins', async () => {
    const { reader, unwatched } = await aReader()
    reader.close()
    reader.close()
    expect(unwatched()).toBe(1)
    let begin = () => {}
    let ended = 0
    const late = new PassingReader({
      passing: new Passing({
        personId: 'somebody',
        mayFollow: async () => {},
        watch: () =>
          new Promise((resolve) => {
            begin = () => resolve(() => ended++)
          }),
      }),
      sink: aSink(),
      render: async () => new Rendered('never'),
    })
    const opening = late.open()
    late.close()
    begin()
    await opening
    expect(ended).toBe(1)
  })
})

interface Named {
  readonly name: string
}

interface Given {
  holding?: readonly string[]
  may?: () => boolean
  render?: () => Promise<void>
}

async function aReader({ holding = [], may = () => true, render = async () => {} }: Given = {}) {
  let newest: Newest<Named> | undefined
  let ended = 0
  const sink = aSink()
  const reader = new PassingReader<Named>({
    passing: new Passing<Named>({
      personId: 'somebody',
      async mayFollow() {
        if (!may()) throw notFound('room')
      },
      async watch(given) {
        newest = given
        for (const name of holding) given.tell(name, { name })
        return () => ended++
      },
    }),
    sink,
    async render({ name }) {
      await render()
      return new Rendered(name)
    },
  })
  await reader.open()
  return { reader, newest: newest!, sink, told: sink.told, unwatched: () => ended }
}

function aSink() {
  let drained: (() => void)[] = []
  const sink = {
    told: [] as string[],
    ended: undefined as Error | undefined,
    isFull: false,
    fill() {
      sink.isFull = true
    },
    drain() {
      sink.isFull = false
      for (const resolve of drained.splice(0)) resolve()
      drained = []
    },
    deliver: ({ result }: Rendered) => void sink.told.push(result as string),
    drained: () => new Promise<void>((resolve) => drained.push(resolve)),
    end(reason: Error) {
      sink.ended = reason
    },
  }
  return sink satisfies Sink
}
