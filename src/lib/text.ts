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

/** NUL and halves of characters cannot be stored, and no person types them. */
export function requireStorable(text: string, field: string): string {
  if (text.includes('\0')) throw badInput(field, 'This holds a NUL character, which cannot be stored.')
  if (!text.isWellFormed()) throw badInput(field, 'This holds half a character (a lone surrogate), which cannot be stored.')
  return text
}
