import { expect, it } from 'vitest'
import { Newest } from '../../src/engine/newest.ts'

it('what could not be handed over waits again, unless something newer does, or it was forgotten meanwhile', async () => {
  const newest = new Newest<number>()
  const handed: number[] = []
  const fail = (meanwhile: () => void) =>
    expect(
      newest.hand(async () => {
        meanwhile()
        throw new Error('away')
      }),
    ).rejects.toThrow('away')
  const hand = () => newest.hand(async (state) => void handed.push(state))

  newest.tell('room', 1)
  await fail(() => {})
  await hand()
  newest.tell('room', 2)
  await fail(() => newest.tell('room', 3))
  await hand()
  newest.tell('room', 4)
  await fail(() => newest.forget('room'))
  expect(newest.isEmpty).toBe(true)
  newest.tell('room', 5)
  await fail(() => {
    newest.forget('room')
    newest.tell('room', 6)
  })
  await hand()
  expect(handed).toEqual([1, 3, 6])
})
