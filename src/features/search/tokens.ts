import { mostCharacters, type Word, wordsIn } from './words.ts'

/** What of a message decides whether a search finds it. */
export interface Findable {
  readonly senderId: string
  readonly content: string
}

/** How many different tokens a message has at most: what comes after so many is not found. */
export const mostTokens = 2000

/** By what a message is found: its words, each once, and its sender. Parted by blanks, which no token has in it. */
export function tokensOf({ senderId, content }: Findable): string {
  const tokens = new Set([senderToken(senderId)])
  for (const token of plainWords(content) ?? wordTokens(content)) if (tokens.add(token).size > mostTokens) break
  return [...tokens].join(' ')
}

/** The same for what needs no tables, which is most of what is said: in a tenth of the time. */
function plainWords(content: string): string[] | undefined {
  if (/\P{ASCII}/u.test(content)) return undefined
  return (content.toLowerCase().match(/[a-z0-9]+/g) ?? []).map((word) => word.slice(0, mostCharacters))
}

function* wordTokens(content: string): Generator<string> {
  for (const { token } of wordsIn(content)) yield token
}

/** A word of a search. A message has it that has its token, or where that is enough, a token that begins with it. */
export interface Term {
  readonly token: string
  readonly isPrefix: boolean
}

/**
 * What a search asks for: every one of these. Words are found by how they begin. Of scripts that are cut into pairs a single character is found
 * wherever it stands, as it begins a pair or ends a run; of several all pairs are wanted.
 */
export function termsOf(query: string): Term[] {
  const terms = new Map<string, Term>()
  let before: Word | undefined
  for (const word of wordsIn(query)) {
    const { token, kind } = word
    // The last of several characters is in the pair before it already.
    const isKnown = kind === 'last' && before?.kind === 'pair'
    if (!isKnown) terms.set(`${kind === 'pair'} ${token}`, { token, isPrefix: kind === 'word' || kind === 'last' })
    before = word
  }
  return [...terms.values()]
}

/** The same for the database. A token holds nothing but letters, digits, marks on them and emoji: it cannot end its quotes. */
export function conditionOf(terms: readonly Term[], senderId?: string): string {
  const words = terms.map(({ token, isPrefix }) => `'${token}'${isPrefix ? ':*' : ''}`)
  return [...words, ...(senderId === undefined ? [] : [`'${senderToken(senderId)}'`])].join(' & ')
}

/** No word begins with this. */
function senderToken(senderId: string): string {
  return `@${senderId}`
}
