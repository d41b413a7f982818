import { describe, expect, it } from 'vitest'
import { closing, highlightsOf, opening } from '../../../src/features/search/highlights.ts'
import { termsOf } from '../../../src/features/search/tokens.ts'

/** With brackets for the marks, so that they can be seen. */
const highlights = (content: string, query: string) =>
  highlightsOf(content, termsOf(query)).map((part) => part.replaceAll(opening, '[').replaceAll(closing, ']'))

describe('highlights', () => {
  it.each([
    ['whole words, by how they begin', 'Hello, world! Hello again', 'hel', ['[Hello], world! [Hello] again']],
    ['whatever the case and the accents', 'A Crème BRÛLÉE for 2', 'brulee creme', ['A [Crème] [BRÛLÉE] for 2']],
    ['accents of their own', 'Cre\u0300me', 'crème', ['[Cre\u0300me]']],
    ['letters that are compared as two', 'Die Straße', 'strasse', ['Die [Straße]']],
    ['ligatures whole', 'ﬁne', 'fin', ['[ﬁne]']],
    ['pairs that lie over each other as one', '私は東京都に行く', '東京都', ['私は[東京都]に行く']],
    ['a single character of a pair alone', '東京と東', '東', ['[東]京と[東]']],
    ['emoji of whatever tone', 'Yes 👍🏽!', '👍', ['Yes [👍🏽]!']],
    ['in the order of the text', 'b and a', 'a b', ['[b] [and] [a]']],
    ['several lines as one', 'one\n\n  two\tthree', 'two', ['one [two] three']],
    ['nothing else between its marks', `${closing}a${opening} b ${opening}c${closing}`, 'b', ['a [b] c']],
    ['nothing where nothing is found', 'Hello', 'world', []],
  ])('%s', (_name, content, query, expected) => {
    expect(highlights(content, query)).toEqual(expected)
  })

  it('have some words around, cut between words, and say that the message goes on', () => {
    const around = 'some ten words or so are shown of what stands before it or behind it'
    const [part, ...others] = highlights(`${around} ${around}, needle. ${around} ${around}`, 'needle')
    expect(others).toEqual([])
    expect(part).toBe(
      '…or so are shown of what stands before it or behind it, [needle]. some ten words or so are shown of what stands before it or…',
    )
  })

  it('are three at most, and none says again what another one says', () => {
    const content = Array.from({ length: 300 }, (_, index) => (index % 20 === 0 ? `needle${index}` : `word${index}`)).join(' ')
    const parts = highlights(content, 'needle')
    expect(parts).toHaveLength(3)
    const words = parts.join(' ').match(/\w+/g)!
    expect(new Set(words).size).toBe(words.length)
  })

  it.each([
    ['a'.repeat(8000), 'a'],
    ['a '.repeat(4000), 'a'],
    ['ハ'.repeat(8000), 'ハハ'],
    ['👍'.repeat(4000), '👍'],
    [`${'x'.repeat(4000)} needle ${'x'.repeat(4000)}`, 'needle'],
    [`${'.'.repeat(4000)}needle${'.'.repeat(4000)}`, 'needle'],
  ])('are short, however long the message and whatever is found in it', (content, query) => {
    const parts = highlights(content, query)
    expect(parts.length).toBeGreaterThan(0)
    expect(parts.length).toBeLessThanOrEqual(3)
    // A mark to each character at the most.
    for (const part of parts) {
      expect(part.replaceAll(/[[\]]/g, '').length).toBeLessThan(300)
      expect(part).toContain('[')
    }
  })

  it('show of a message only what it says, and mark only what begins as a word of the search', () => {
    const pieces = ['a', 'b', 'ab', 'É', 'e\u0301', 'ß', 'ﬁ', '東', '京', '🎉', '👩‍💻', ' ', '\n', '. ', '\ue000', 'کتاب', '각']
    const pick = (count: number) => Array.from({ length: count }, () => pieces[Math.floor(Math.random() * pieces.length)]).join('')
    for (let round = 0; round < 500; round++) {
      const [content, query] = [pick(1 + (round % 120)), pick(3)]
      const plain = content
        .replaceAll(/[\ue000\ue001]/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim()
      for (const part of highlightsOf(content, termsOf(query))) {
        expect(plain).toContain(
          part
            .replaceAll(/[\ue000\ue001]/g, '')
            .replaceAll(/^…|…$/g, '')
            .trim(),
        )
        expect(part.match(/\ue000[^\ue000\ue001]+\ue001/g)!.length).toBe(part.split('\ue000').length - 1)
        expect(part.split('\ue000').length).toBe(part.split('\ue001').length)
      }
    }
  })
})
