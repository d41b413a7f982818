import { describe, expect, it } from 'vitest'
import { readEmoji } from '../../src/lib/emoji.ts'

describe('one emoji', () => {
  it.each(['👍', '😀', '👍🏽', '👨‍👩‍👧‍👦', '🏳️‍🌈', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🇫🇷', '1️⃣', '#️⃣', '❤️', '❤️‍🔥', '⛹🏽‍♀️', '👁️‍🗨️', '☺️', '🧑🏿‍🤝‍🧑🏻', '©️'])(
    'is %s',
    (emoji) => {
      expect(readEmoji(emoji)).toBe(emoji)
    },
  )

  it.each([
    ['❤', '❤️'],
    ['🏳‍🌈', '🏳️‍🌈'],
    ['1⃣', '1️⃣'],
    ['😀\u{FE0F}', '😀'],
    ['👁‍🗨', '👁️‍🗨️'],
    ['☝️🏽', '☝🏽'],
  ])('is the same however a keyboard wrote it: %s', (typed, emoji) => {
    expect(readEmoji(typed)).toBe(emoji)
  })

  it('is every one that Unicode lists by a single character', () => {
    const all = Array.from({ length: 0x20000 }, (_, code) => code)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code))
      .filter((text) => /^(?!\p{RI})(?!\p{Emoji_Modifier})\p{Emoji_Presentation}$/u.test(text))
    expect(all.length).toBeGreaterThan(1000)
    expect(all.filter((text) => readEmoji(text) !== text)).toEqual([])
  })

  it.each([
    '',
    ' ',
    'a',
    '1',
    '#',
    ':-)',
    '👍👍',
    '👍 ',
    ' 👍',
    'a👍',
    '🇫',
    '🇽🇽',
    '🇫🇷🇩🇪',
    '\u{FE0F}',
    '\u{200D}',
    '👍\u{200D}',
    '\u{200D}👍',
    'é',
    '中',
    '\u{D83D}',
    '👍\0',
    '12️⃣',
    `👨${'\u{200D}👨'.repeat(40)}`,
  ])('is not %j', (text) => {
    expect(readEmoji(text)).toBeUndefined()
  })
})
