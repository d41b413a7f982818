/** A word of a text, in the spelling in which it is compared, and where in the text it stands. */
export interface Word {
  readonly token: string
  readonly start: number
  readonly end: number
  /** Of a pair of characters: where the first of the two ends. */
  readonly firstEnd?: number
  /**
   * `word`: letters and digits between others. `pair`: two neighbours of a script that has no blanks between words; `last`: the last
   * character of such a run, alone. `picture`: an emoji, of whatever tone or gender.
   */
  readonly kind: 'word' | 'pair' | 'last' | 'picture'
}

/** What is longer is found by its beginning. In characters. */
export const mostCharacters = 64

/** Of a character with its marks: so that no word has more than the 2,046 bytes that the database takes. */
const mostUnits = 8

/**
 * The words of a text, in their order. Compared without case, accents and width: é is e, ß is ss, Ａ is a. Scripts without blanks between words
 * are cut into pairs of neighbours. Punctuation and blanks part words; marks nobody sees part none.
 */
export function* wordsIn(text: string): Generator<Word> {
  let run: Character[] = []
  let runKind: Kind = 'none'
  for (const character of charactersIn(text)) {
    const { spelling, kind, end } = character
    if (kind === 'mark') {
      // A vowel sign, say: it belongs to the character that it stands at. Hardly any has three, and somebody heaps up thousands.
      const last = run.pop()
      if (last) run.push({ ...last, spelling: last.spelling.length < mostUnits ? last.spelling + spelling : last.spelling, end })
      continue
    }
    if (kind !== runKind || kind === 'picture') {
      yield* wordsOf(run, runKind)
      run = []
      runKind = kind
    }
    if (kind !== 'none') run.push(character)
  }
  yield* wordsOf(run, runKind)
}

function* wordsOf(run: readonly Character[], kind: Kind): Generator<Word> {
  const [first] = run
  if (!first) return
  if (kind !== 'pair') {
    const most = run.slice(0, mostCharacters)
    yield { token: joined(most), start: first.start, end: most.at(-1)!.end, kind: kind === 'picture' ? 'picture' : 'word' }
    return
  }
  for (const [index, { spelling, start, end }] of run.entries()) {
    const next = run[index + 1]
    yield next
      ? { token: spelling + next.spelling, start, end: next.end, firstEnd: end, kind: 'pair' }
      : { token: spelling, start, end, kind: 'last' }
  }
}

function joined(characters: readonly Character[]): string {
  return characters.map(({ spelling }) => spelling).join('')
}

/** What a character is for words; `none` parts them. */
type Kind = 'word' | 'pair' | 'picture' | 'mark' | 'none'

interface Character {
  readonly spelling: string
  readonly kind: Kind
  readonly start: number
  readonly end: number
}

/** Folded one by one, so that each is known by its place in the text; one may become several, such as ﬁ. */
function* charactersIn(text: string): Generator<Character> {
  for (const { 0: cluster, index: start } of text.matchAll(clusters)) {
    const end = start + cluster.length
    const code = cluster.length === 1 ? cluster.charCodeAt(0) : 128
    // Most of what is said: not worth a look at the tables.
    if (code < 128) {
      const isWord = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57)
      yield { spelling: isWord ? cluster.toLowerCase() : cluster, kind: isWord ? 'word' : 'none', start, end }
      continue
    }
    if (isPlainIdeograph(cluster)) yield { spelling: cluster, kind: 'pair', start, end }
    else for (const { spelling, kind } of foldedOf(cluster)) yield { spelling, kind, start, end }
  }
}

/** Those that are spelled in one way only, and too many to be remembered: ideographs, and the syllables of Hangul. */
function isPlainIdeograph(cluster: string): boolean {
  const code = cluster.codePointAt(0)!
  if (cluster.length !== (code > 0xffff ? 2 : 1)) return false
  return (
    (code >= 0x4e00 && code <= 0x9fef) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0x3400 && code <= 0x4db5) ||
    (code >= 0x20000 && code <= 0x2a6d6)
  )
}

type Folded = Pick<Character, 'spelling' | 'kind'>

/** Remembered: a text in another alphabet than Latin has the same few hundred again and again, and looking one up takes a microsecond. */
function foldedOf(cluster: string): readonly Folded[] {
  const found = known.get(cluster)
  if (found) return found
  const folded = Array.from(characters(fold(cluster)), (spelling) => ({ spelling, kind: kindOf(spelling) }))
  // Marks may be heaped on a letter without end.
  if (cluster.length > mostRememberedUnits) return folded
  if (known.size === mostRemembered) known.clear()
  known.set(cluster, folded)
  return folded
}

const known = new Map<string, readonly Folded[]>()
const mostRemembered = 5000
const mostRememberedUnits = 8

/** A character with what stands on it or is folded with it: marks, the voice marks of narrow kana, an emoji's tone, the parts of a syllable. */
const clusters =
  /[\u1100-\u115f][\u1160-\u11a7]?[\u11a8-\u11ff]?|\p{RI}\p{RI}|[^\p{M}](?:[\p{M}\p{Emoji_Modifier}\uff9e\uff9f]|\u200d)*|\p{M}+/gu

function fold(cluster: string): string {
  const plain = cluster.normalize('NFKD').replaceAll(unheard, '').toLowerCase()
  return plain.replaceAll(letters, (letter) => spellings[letter]!).normalize('NFC')
}

/** Accents, points and signs that are left out as often as not, and what nobody sees. */
const unheard = new RegExp(
  `[${[
    '\\u0300-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f', // of Latin, Greek and Cyrillic letters, and of signs
    '\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7', // of Hebrew
    '\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06dc\\u06df-\\u06e4\\u06e7\\u06e8\\u06ea-\\u06ed\\u0640', // of Arabic
    '\\u00ad\\u200c-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u2069\\ufeff\\ufe00-\\ufe0f\\u{e0020}-\\u{e007f}\\p{Emoji_Modifier}',
  ].join('')}]`,
  'gu',
)

/** Letters that Unicode takes for letters of their own, and people for others with something on them. */
const spellings: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  þ: 'th',
  ς: 'σ',
}
const letters = new RegExp(`[${Object.keys(spellings).join('')}]`, 'g')

/** One character each, but for flags, which are two. */
function characters(folded: string): Iterable<string> {
  return flag.test(folded) ? [folded] : folded
}

function kindOf(character: string): Kind {
  if (mark.test(character)) return 'mark'
  if (letterOrDigit.test(character)) return paired.test(character) ? 'pair' : 'word'
  return picture.test(character) ? 'picture' : 'none'
}

const mark = /^\p{M}$/u
const letterOrDigit = /^[\p{L}\p{N}]$/u
const scripts = ['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Hangul', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan']
const paired = new RegExp(`^[${scripts.map((script) => `\\p{scx=${script}}`).join('')}]$`, 'u')
const flag = /^\p{RI}\p{RI}$/u
const picture = /^(?:\p{Extended_Pictographic}|\p{RI}\p{RI})$/u
