/** What one person would call one emoji, as it is written in full; undefined for everything else. However it was typed, it is the same one. */
export function readEmoji(text: string): string | undefined {
  if (text.length > mostUnits || !text.isWellFormed()) return undefined
  const emoji = writtenInFull(text)
  const [first, ...others] = graphemes.segment(emoji)
  return first && others.length === 0 && pattern.test(emoji) ? emoji : undefined
}

/** More than any has: families with their skin tones, and flags of regions, take some 30. */
const mostUnits = 64

/**
 * Characters that are text by default (❤, ☺, the digits of keycaps) want U+FE0F behind them to be shown as emoji; the others do without.
 * Keyboards differ in what they send.
 */
function writtenInFull(text: string): string {
  const characters = [...text].filter((character) => character !== presentation)
  return characters
    .map((character, index) => {
      const next = characters[index + 1] ?? ''
      const isText = textByDefault.test(character) && !tone.test(next) && (!keyBase.test(character) || next === keycap)
      return isText ? character + presentation : character
    })
    .join('')
}

const presentation = '\u{FE0F}'
const keycap = '\u{20E3}'
const keyBase = /^[0-9#*]$/
const textByDefault = /^(?!\p{Emoji_Presentation})\p{Emoji}$/u
const tone = /^\p{Emoji_Modifier}$/u

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

// Unicode's own list, and whatever else is built as its sequences are: a newer list may have it. (A flag has to be one.)
const one = '(?![0-9#*])(?!\\p{RI})(?!\\p{Emoji_Modifier})\\p{Emoji}(?:\\uFE0F|\\p{Emoji_Modifier})?(?:[\\u{E0020}-\\u{E007E}]+\\u{E007F})?'
const pattern = new RegExp(`^(?:\\p{RGI_Emoji}|${one}(?:\\u200D${one})*)$`, 'v')
