import { expect, it } from 'vitest'
import type { Whereabouts } from '../../src/store/whereabouts.ts'

/** What each implementation of Whereabouts promises of one node. */
export function whereaboutsContract(open: () => Promise<Whereabouts>): void {
  it('knows who is there', async () => {
    const whereabouts = await open()
    await whereabouts.arrive(['ann', 'ben'])
    await whereabouts.arrive(['ann'])
    expect(await whereabouts.read(['ben', 'cid', 'ann', 'ann'])).toEqual([true, false, true, true])
    expect(await whereabouts.leave(['ann', 'dan'])).toEqual([false, false])
    expect(await whereabouts.read(['ann', 'ben'])).toEqual([false, true])
  })

  it('takes nobody without trouble', async () => {
    const whereabouts = await open()
    await whereabouts.arrive([])
    expect([await whereabouts.leave([]), await whereabouts.read([])]).toEqual([[], []])
    await whereabouts.renew(() => [])
  })

  it('takes very many', async () => {
    const whereabouts = await open()
    const people = Array.from({ length: 12_000 }, (_, number) => `person ${number}`)
    await whereabouts.arrive(people)
    await whereabouts.leave(people.slice(0, 6000))
    expect((await whereabouts.read(people))!.filter((is) => is)).toHaveLength(6000)
  })

  it('keeps who is there when it is renewed', async () => {
    const whereabouts = await open()
    await whereabouts.arrive(['ann'])
    await whereabouts.renew(() => ['ann'])
    expect(await whereabouts.read(['ann'])).toEqual([true])
  })
}
