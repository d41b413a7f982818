import { badInput } from './refusal.ts'

export interface TextRule {
  /** The input's field, named in the refusal. */
  readonly field: string
  /** In characters as people count them roughly: code points. */
  readonly most: number
  readonly least?: number
}

/** Answers the text, or refuses it by name: too short, too long, only blanks where something is wanted, or what no database can hold. */
export function requireText(text: string, { field, most, least = 1 }: TextRule): string {
  requireStorable(text, field)
  // Each code point is one or two units: only in between do they have to be counted.
  const count = text.length <= most ? text.length : text.length > most * 2 ? text.length : [...text].length
  if (count > most) throw badInput(field, `At most ${most} characters, please: these are ${count}.`)
  if (least > 0 && text.trim() === '') throw badInput(field, 'This must not be empty.')
  if (count < least) throw badInput(field, `At least ${least} characters, please.`)
  return text
}

/** As `requireText`, of one line that others see beside their own: without blanks around it, and without what would reorder or hide what stands there. */
export function requireName(text: string, field: string, most: number): string {
  const name = requireText(text, { field, most }).trim()
  if (unseen.test(name)) throw badInput(field, 'This holds characters that cannot be seen, or that turn others around.')
  if (!/[^\p{Default_Ignorable_Code_Point}\p{White_Space}]/u.test(name)) throw badInput(field, 'This must not be empty.')
  return name
}

/** Control characters, line and paragraph separators, and marks and overrides of direction. Not the joiners, of which emoji and scripts are made. */
const unseen = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u

/** NUL and halves of characters cannot be stored, and no person types them. */
export function requireStorable(text: string, field: string): string {
  if (text.includes('\0')) throw badInput(field, 'This holds a NUL character, which cannot be stored.')
  if (!text.isWellFormed()) throw badInput(field, 'This holds half a character (a lone surrogate), which cannot be stored.')
  return text
}
