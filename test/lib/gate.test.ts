import { expect, it } from 'vitest'
import { createGate, createTurns } from '../../src/lib/gate.ts'

it('lets a few run at a time, in the order in which they come, also past those that fail', async () => {
  const gate = createGate(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const runs = [0, 1, 2, 3].map((number) =>
    gate(async () => {
      begun.push(number)
      await new Promise<void>((resolve) => ends.push(resolve))
      if (number === 0) throw new Error('fails')
      return number
    }),
  )
  const outcomes = Promise.allSettled(runs)
  await expect.poll(() => begun).toEqual([0, 1])
  ends[0]!()
  await expect.poll(() => begun).toEqual([0, 1, 2])
  ends[1]!()
  await expect.poll(() => begun).toEqual([0, 1, 2, 3])
  for (const end of ends) end()
  expect((await outcomes).map((outcome) => ('value' in outcome ? outcome.value : 'failed'))).toEqual(['failed', 1, 2, 3])
  expect(await gate(async () => 'free again')).toBe('free again')
})

it('lets one of each key run at a time, also past one that fails, and others meanwhile', async () => {
  const inTurn = createTurns()
  const begun: string[] = []
  const ends: (() => void)[] = []
  const run = (key: string, name: string) =>
    inTurn(key, async () => {
      begun.push(name)
      await new Promise<void>((resolve) => ends.push(resolve))
      if (name === 'a1') throw new Error('fails')
      return name
    })
  const outcomes = Promise.allSettled([run('a', 'a1'), run('a', 'a2'), run('b', 'b1')])
  await expect.poll(() => begun).toEqual(['a1', 'b1'])
  ends[0]!()
  await expect.poll(() => begun).toEqual(['a1', 'b1', 'a2'])
  for (const end of ends) end()
  expect((await outcomes).map((outcome) => ('value' in outcome ? outcome.value : 'failed'))).toEqual(['failed', 'a2', 'b1'])
  expect(await inTurn('a', async () => 'free again')).toBe('free again')
})
