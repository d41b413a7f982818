import { randomInt } from 'node:crypto'
import { badInput } from '../../lib/refusal.ts'

/** A slug that was asked for: words of lower case letters and digits, with - between them. */
export function requireSlug(slug: string, most: number): string {
  if (slug.length > most) throw badInput('slug', `At most ${most} characters, please: these are ${slug.length}.`)
  if (!/^[a-z0-9]+(-+[a-z0-9]+)*$/.test(slug)) throw badInput('slug', 'Lower case letters, digits and - between them, please.')
  return slug
}

/**
 * Slugs to try for a name, one after the other without end: first without a number, then with the lowest ones, then with ever longer ones at
 * random, so that the hundredth team of one name finds its own as fast.
 */
export function* slugsFor(name: string, most: number): Generator<string, never> {
  const words = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  const plain = words.replaceAll(/[^a-z0-9]+/g, '-')
  const within = (length: number) => plain.slice(0, Math.max(length, 0)).replaceAll(/^-+|-+$/g, '') || 'team'
  yield within(most)
  for (let number = 2; number < 10; number++) yield `${within(most - 2)}-${number}`
  for (let digits = 2; ; digits = Math.min(digits + 1, mostDigits))
    yield `${within(most - 1 - digits)}-${randomInt(10 ** (digits - 1), 10 ** digits)}`
}

/** `randomInt` takes ranges below 2 ** 48. */
const mostDigits = 14
