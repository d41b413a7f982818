import { expect, it } from 'vitest'
import { createPauses } from '../../src/lib/pauses.ts'

/** Steps of a millisecond each, all of them this node's. Answers in which of them others had their turn. */
async function turnsDuring(steps: number, turnMs: number): Promise<number[]> {
  const turns: number[] = []
  let step = 0
  const other = setInterval(() => turns.push(step), 0)
  const pause = createPauses(turnMs)
  for (; step < steps; step++) {
    for (const end = performance.now() + 1; performance.now() < end; );
    await pause()
  }
  clearInterval(other)
  return turns
}

it('lets others have their turn in the middle of long work', async () => {
  expect((await turnsDuring(50, 5)).length).toBeGreaterThanOrEqual(3)
})

it('does not before that has taken long', async () => {
  expect(await turnsDuring(20, 10_000)).toEqual([])
})
