import type { Term } from './tokens.ts'
import { type Word, wordsIn } from './words.ts'

/** Around a found place. Neither stands in a highlight for anything else. */
export const opening = '\u{E000}'
export const closing = '\u{E001}'

/** How many parts of a message are shown, how far they reach to both sides of what was found (ten words or so), and how long one gets. */
const mostParts = 3
const charactersAround = 60
const charactersMost = 240

/**
 * The parts of a message where it has what was searched for, in their order: what was found between its marks, whole words around it, blanks
 * as one, and … where the message goes on.
 */
export function highlightsOf(content: string, terms: readonly Term[]): string[] {
  const text = content.replaceAll(/[\u{E000}\u{E001}]/gu, '')
  const words = [...wordsIn(text)]
  const parts: Part[] = []
  const seek = seekerOf(terms)
  for (const place of joined(words.flatMap((word) => seek(word) ?? []))) {
    const last = parts.at(-1)
    if (last && place.start < last.end) {
      last.places.push(place)
      last.end = Math.max(last.end, place.end)
      continue
    }
    const part = partAround(place, words, text.length)
    if (last && part.start <= last.end && part.end - last.start <= charactersMost) {
      last.places.push(place)
      last.end = part.end
    } else if (parts.length < mostParts) parts.push({ ...part, start: Math.max(part.start, last?.end ?? 0) })
    else break
  }
  return parts.map((part) => shown(text, part))
}

interface Place {
  readonly start: number
  readonly end: number
}

interface Part {
  readonly start: number
  end: number
  readonly places: Place[]
}

/** Where a word that was searched for stands: the whole word; of a pair that was found by its first character only that. */
function seekerOf(terms: readonly Term[]): (word: Word) => Place | undefined {
  const whole = new Set(terms.map(({ token }) => token))
  const beginnings = new Set(terms.flatMap(({ token, isPrefix }) => (isPrefix ? [token] : [])))
  // A text has thousands of words and a search a hundred: how long they are is less to try than which they are.
  const lengths = [...new Set([...beginnings].map(({ length }) => length))]
  return ({ token, start, end, firstEnd = end }) => {
    if (whole.has(token)) return { start, end }
    return lengths.some((length) => length < token.length && beginnings.has(token.slice(0, length))) ? { start, end: firstEnd } : undefined
  }
}

/** Pairs lie over each other; a long run of them is shown as several places. */
function joined(places: readonly Place[]): Place[] {
  const apart: Place[] = []
  for (const { start, end } of places) {
    const last = apart.at(-1)
    if (!last || start > last.end) apart.push({ start, end })
    else if (end - last.start <= charactersAround) apart[apart.length - 1] = { start: last.start, end: Math.max(last.end, end) }
    else if (end > last.end) apart.push({ start: last.end, end })
  }
  return apart
}

/** From the beginning of a word to the end of one, or to the ends of the text. */
function partAround(place: Place, words: readonly Word[], length: number): Part {
  const from = place.start - charactersAround
  const to = place.end + charactersAround
  const start = from <= 0 ? 0 : words.find((word) => word.start >= from)!.start
  const end = to >= length ? length : Math.max(place.end, words.findLast((word) => word.end <= to)!.end)
  return { start: Math.min(start, place.start), end, places: [place] }
}

function shown(text: string, { start, end, places }: Part): string {
  let marked = start > 0 ? '…' : ''
  let at = start
  for (const place of places) {
    marked += text.slice(at, place.start) + opening + text.slice(place.start, place.end) + closing
    at = place.end
  }
  marked += text.slice(at, end) + (end < text.length ? '…' : '')
  return marked.replaceAll(/\s+/g, ' ').trim()
}
