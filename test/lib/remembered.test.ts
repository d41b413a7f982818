import { describe, expect, it } from 'vitest'
import { remembered } from '../../src/lib/remembered.ts'

describe('what is remembered', () => {
  it('is made once of all that is given', () => {
    const made: unknown[] = []
    const pair = remembered(10, (...given: [string, number]) => {
      made.push(given)
      return given
    })
    expect([pair('a', 1), pair('a', 2), pair('b', 1), pair('a', 1)]).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['a', 1],
    ])
    expect(made).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ])
  })

  it('is never more than so much', () => {
    const made: string[] = []
    const one = remembered(2, (name: string) => {
      made.push(name)
      return { name }
    })
    for (const name of ['a', 'b', 'a', 'b', 'c', 'c', 'a']) one(name)
    expect(made).toEqual(['a', 'b', 'c', 'a'])
  })

  it('is nothing that failed', () => {
    let times = 0
    const second = remembered(2, (_name: string) => {
      if (++times === 1) throw new Error('Not this time.')
      return {}
    })
    expect(() => second('a')).toThrow('Not this time.')
    expect(second('a')).toBe(second('a'))
    expect(times).toBe(2)
  })
})
