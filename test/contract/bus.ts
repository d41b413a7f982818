import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bus } from '../../src/engine/bus.ts'
import { until } from '../support/until.ts'

/** What every bus promises, as `src/engine/bus.ts` says it. `open` makes one more node's view of the same bus. */
export function busContract(name: string, open: () => Promise<Bus>): void {
  describe(`the bus, ${name}`, () => {
    let bus: Bus
    let troubles = 0
    beforeAll(async () => {
      bus = await open()
      await until(() => bus.isUp)
    })
    afterAll(() => bus.close())

    const topic = () => `test:${Math.random()}`

    async function listen(on: string): Promise<{ heard: object[]; close: () => void }> {
      const heard: object[] = []
      const subscription = bus.subscribe(on, (message) => heard.push(message))
      await subscription.ready
      return { heard, close: subscription.close }
    }

    it('brings messages of one publisher in their order, once', async () => {
      const on = topic()
      const { heard, close } = await listen(on)
      for (let n = 0; n < 500; n++) bus.publish(on, { n })
      await until(() => heard.length >= 500)
      expect(heard).toEqual(Array.from({ length: 500 }, (_, n) => ({ n })))
      close()
    })

    it('brings a message to every listener of its topic, and to no other', async () => {
      const on = topic()
      const [one, other, elsewhere] = [await listen(on), await listen(on), await listen(topic())]
      bus.publish(on, { text: 'ü👋 "quoted"\n', list: [1, null, { deep: true }] })
      await until(() => one.heard.length === 1 && other.heard.length === 1)
      expect(one.heard[0]).toEqual({ text: 'ü👋 "quoted"\n', list: [1, null, { deep: true }] })
      expect(elsewhere.heard).toEqual([])
      for (const { close } of [one, other, elsewhere]) close()
    })

    it('says nothing to a listener that has closed, and goes on for the others', async () => {
      const on = topic()
      const [leaving, staying] = [await listen(on), await listen(on)]
      leaving.close()
      leaving.close()
      bus.publish(on, { n: 1 })
      await until(() => staying.heard.length === 1)
      expect(leaving.heard).toEqual([])
      staying.close()
    })

    it('lets a subscription be closed before it is ready', async () => {
      const on = topic()
      const heard: object[] = []
      const subscription = bus.subscribe(on, (message) => heard.push(message))
      subscription.close()
      await subscription.ready
      const witness = await listen(on)
      bus.publish(on, { n: 1 })
      await until(() => witness.heard.length === 1)
      expect(heard).toEqual([])
      witness.close()
    })

    it('goes on when a listener throws', async () => {
      const on = topic()
      const throwing = bus.subscribe(on, () => {
        troubles++
        throw new Error('a listener that throws')
      })
      await throwing.ready
      const { heard, close } = await listen(on)
      bus.publish(on, { n: 1 })
      bus.publish(on, { n: 2 })
      await until(() => heard.length === 2 && troubles === 2)
      throwing.close()
      close()
    })

    it('answers a ping', async () => {
      await bus.ping()
    })
  })
}
