import { describe, expect, it } from 'vitest'
import { conditionOf, mostTokens, termsOf, tokensOf } from '../../../src/features/search/tokens.ts'
import { mostCharacters, wordsIn } from '../../../src/features/search/words.ts'

const tokens = (text: string) => [...wordsIn(text)].map(({ token }) => token)
const terms = (text: string) => termsOf(text).map(({ token, isPrefix }) => (isPrefix ? `${token}*` : token))

describe('the words of a text', () => {
  it.each([
    ['English', "Hello, World! Don't e-mail.", ['hello', 'world', 'don', 't', 'e', 'mail']],
    ['French', 'Crème brûlée à la cœur', ['creme', 'brulee', 'a', 'la', 'coeur']],
    ['accents as characters of their own', 'Cre\u0300me', ['creme']],
    ['German', 'Straße, ÜBER, größer', ['strasse', 'uber', 'grosser']],
    ['Turkish', 'İstanbul ışık IŞIK', ['istanbul', 'isik', 'isik']],
    ['Polish and Danish', 'Łódź Smørrebrød Ægir', ['lodz', 'smorrebrod', 'aegir']],
    ['Vietnamese', 'Tiếng Việt Đà Nẵng', ['tieng', 'viet', 'da', 'nang']],
    ['Greek', 'Ο ΛΌΓΟΣ ο λόγος', ['ο', 'λογοσ', 'ο', 'λογοσ']],
    ['Russian', 'Ёлка ЗЕЛЁНАЯ', ['елка', 'зеленая']],
    ['Arabic, with and without its vowels', 'مُحَمَّد محمد أحمد كـــتاب', ['محمد', 'محمد', 'احمد', 'كتاب']],
    ['Persian, with a joiner nobody sees', 'می\u200cخواهم', ['میخواهم']],
    ['Hebrew', 'שָׁלוֹם שלום', ['שלום', 'שלום']],
    ['Hindi, whose vowels are signs on letters', 'हिन्दी में', ['हिन्दी', 'में']],
    ['Chinese', '东京都', ['东京', '京都', '都']],
    ['Japanese', 'コーヒーを', ['コー', 'ーヒ', 'ヒー', 'ーを', 'を']],
    ['narrow kana, and a voice mark of its own', 'ｶﾞ か\u3099', ['ガ', 'が']],
    ['Korean', '한국어', ['한국', '국어', '어']],
    ['Korean, in parts', '\u1112\u1161\u11ab\u1100\u116e\u11a8', ['한국', '국']],
    ['Thai, whose vowels stay with their letters', 'ภาษา กี่', ['ภา', 'าษ', 'ษา', 'า', 'กี่']],
    ['scripts beside each other', 'iPhone手机2台', ['iphone', '手机', '机', '2', '台']],
    ['width and ligatures', 'Ａｂｃ ﬁne ㍿', ['abc', 'fine', '株式', '式会', '会社', '社']],
    ['numbers', '3.14 1,000 ½ 10:30', ['3', '14', '1', '000', '1', '2', '10', '30']],
    ['addresses and handles', 'https://example.org/a?b=c @ann_b #tag', ['https', 'example', 'org', 'a', 'b', 'c', 'ann', 'b', 'tag']],
    ['emoji, of any tone, and flags', '🎉👍🏽👩‍💻🇩🇪❤️', ['🎉', '👍', '👩', '💻', '🇩🇪', '❤']],
    ['what nobody sees', 'soft\u00adhyphen \u202eleft\u200f', ['softhyphen', 'left']],
    ['marks without a letter', '\u0301 \u0947x', ['x']],
    ['half a character, NUL, and private use', '\ud800x\0y\ue000z', ['x', 'y', 'z']],
    ['punctuation', '& | ! : * \' ( ) <-> \\ " … —', []],
  ])('%s', (_name, text, expected) => {
    expect(tokens(text)).toEqual(expected)
  })

  it('stand where they are in the text, also where one character becomes two', () => {
    const text = '(Straße) ﬁn, e\u0301te\u0301 🎉東京都'
    const places = [...wordsIn(text)].map(({ start, end, firstEnd }) => [text.slice(start, end), firstEnd && text.slice(start, firstEnd)])
    expect(places).toEqual([
      ['Straße', undefined],
      ['ﬁn', undefined],
      ['e\u0301te\u0301', undefined],
      ['🎉', undefined],
      ['東京', '東'],
      ['京都', '京'],
      ['都', undefined],
    ])
  })

  it('are cut where they are too long', () => {
    expect(tokens(`${'x'.repeat(5000)} y`)).toEqual(['x'.repeat(mostCharacters), 'y'])
  })

  it.each(['क\u093c\u0947', '\u{11083}\u{110b0}', 'ก\u0e31', '👍\u0947'])('have no more bytes than the database takes: %s', (letter) => {
    const heaped = `${letter}${[...letter].at(-1)!.repeat(100)}`.repeat(70)
    for (const token of tokens(heaped)) expect(Buffer.byteLength(token)).toBeLessThanOrEqual(2046)
    expect(tokens(heaped).join('')).toSatisfy((text: string) => text.isWellFormed())
  })
})

describe('what a message is found by', () => {
  it('is each word once, and who said it', () => {
    expect(tokensOf({ senderId: 'ann', content: 'To be, or not to be' })).toBe('@ann to be or not')
    expect(tokensOf({ senderId: 'ann', content: 'Être: être' })).toBe('@ann etre')
    expect(tokensOf({ senderId: 'ann', content: '!!!' })).toBe('@ann')
  })

  it('is the same where a text needs no tables', () => {
    const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
    for (let round = 0; round < 200; round++) {
      const content = Array.from({ length: 300 }, () => characters[Math.floor(Math.random() * 128)]).join('') + 'x'.repeat(round)
      // The one with an accent is looked up.
      expect(tokensOf({ senderId: 'ann', content }).split(' ')).toEqual(['@ann', ...new Set(tokens(`${content}\u0301`))])
    }
  })

  it.each(['东', 'a1 '])('is bounded, however long the message is: %s', (piece) => {
    const content = Array.from({ length: 8000 }, (_, index) =>
      piece === '东' ? String.fromCodePoint(0x4e00 + index) : `${piece}${index} `,
    )
    const found = tokensOf({ senderId: 'ann', content: content.join('') }).split(' ')
    expect(found).toHaveLength(mostTokens + 1)
  })
})

describe('what a search asks for', () => {
  it.each([
    ['hel WOR', ['hel*', 'wor*']],
    ['Crème', ['creme*']],
    ['to be to', ['to*', 'be*']],
    ['東', ['東*']],
    ['東京', ['東京']],
    ['東京都 く', ['東京', '京都', 'く*']],
    ['東京 京', ['東京', '京*']],
    ['iPhone手机', ['iphone*', '手机']],
    ['🎉 2', ['🎉', '2*']],
    ['  ', []],
    ['& | ! : * ( ) <-> \'" \\', []],
  ])('%s', (query, expected) => {
    expect(terms(query)).toEqual(expected)
  })

  it('is told to the database in quotes that nothing can end', () => {
    expect(conditionOf(termsOf("o'hara:* & !東京 \\' | '"), 'ann')).toBe("'o':* & 'hara':* & '東京' & '@ann'")
  })
})
