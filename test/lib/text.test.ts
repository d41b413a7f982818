import { describe, expect, it } from 'vitest'
import { requireName } from '../../src/lib/text.ts'

describe('a name', () => {
  it.each([
    ['  Ada  ', 'Ada'],
    ['Łukasz 李', 'Łukasz 李'],
    ['محمد', 'محمد'],
    ['👩\u200d👩\u200d👧 family', '👩\u200d👩\u200d👧 family'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
  ])('may be %j', (text, name) => {
    expect(requireName(text, 'name', 80)).toBe(name)
  })

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['\u200b\u200b', 'empty'],
    ['\u3164', 'empty'],
    ['Ada\nBen', 'cannot be seen'],
    ['Ada\u0007', 'cannot be seen'],
    ['\u202eadA', 'cannot be seen'],
    ['Ada\u2066', 'cannot be seen'],
    ['a'.repeat(81), 'At most 80'],
  ])('may not be %j', (text, why) => {
    expect(() => requireName(text, 'name', 80)).toThrow(
      expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT', field: 'name' }, message: expect.stringContaining(why) }),
    )
  })
})
