import { describe, expect, it } from 'vitest'
import { createMemoryTypists } from '../../src/store/typists.ts'
import { typistsContract } from '../contract/typists.ts'
import { until } from '../support/until.ts'

describe('typists in memory', () => {
  typistsContract(async () => createMemoryTypists())

  it('forget the rooms in which nobody types any more', async () => {
    const typists = createMemoryTypists()
    for (let room = 0; room < 100; room++) await typists.add({ roomId: `r${room}`, personId: 'ann', deviceId: 'phone' }, 20)
    expect(typists.size).toBe(100)
    await until(async () => {
      await typists.add({ roomId: 'late', personId: 'ann', deviceId: 'phone' }, 20)
      return typists.size === 1
    })
    await typists.remove({ roomId: 'late', personId: 'ann' })
    expect(typists.size).toBe(0)
  })
})
