/**
 * The handles that a text names, in the order of their first appearance: an @ and a handle in any case, apart from other words. No address of
 * mail or of the web names anybody. What has no blanks between words, or hangs endings on them, may stand right beside.
 */
export function handlesIn(content: string): string[] {
  if (!content.includes('@')) return []
  const handles = Array.from(content.matchAll(addressOrHandle), ([, handle]) => handle?.toLowerCase())
  return [...new Set(handles.filter((handle) => handle !== undefined))]
}

const scripts = ['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Hangul', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan']
const isApart = `(?![${scripts.map((script) => `\\p{scx=${script}}`).join('')}])`
const addressOrHandle = new RegExp(
  `https?://\\S+|(?<!@|${isApart}[\\p{L}\\p{N}_])@([a-zA-Z0-9_]{2,32})(?!@|${isApart}[\\p{L}\\p{M}\\p{N}_])`,
  'gu',
)
