import { describe, expect, it } from 'vitest'
import { requireSlug, slugsFor } from '../../../src/features/teams/slugs.ts'

const firstFor = (name: string, most = 80) => slugsFor(name, most).next().value

describe('slugs', () => {
  it.each([
    ['The Crew', 'the-crew'],
    ['  Émile & Söhne  ', 'emile-sohne'],
    ['R2-D2', 'r2-d2'],
    ['--', 'team'],
    ['Команда', 'team'],
    ['🎉 party 🎉', 'party'],
  ])('made of %j begin with %s', (name, slug) => {
    expect(firstFor(name)).toBe(slug)
    expect(requireSlug(slug, 80)).toBe(slug)
  })

  it('go on with numbers, the lowest first, and then with ever longer ones: none comes twice, and each is a slug', () => {
    const slugs = slugsFor('Crew', 80)
    const tried = Array.from({ length: 40 }, () => slugs.next().value)
    expect(tried.slice(0, 9)).toEqual(['crew', ...[2, 3, 4, 5, 6, 7, 8, 9].map((number) => `crew-${number}`)])
    expect(tried.slice(9, 12).map((slug) => slug.length)).toEqual([7, 8, 9])
    expect(new Set(tried).size).toBe(40)
    for (const slug of tried) expect(requireSlug(slug, 80)).toBe(slug)
  })

  it('are never too long, and end in no -', () => {
    const name = `${'a'.repeat(38)} ${'b'.repeat(60)}`
    const slugs = slugsFor(name, 40)
    const tried = Array.from({ length: 20 }, () => slugs.next().value)
    expect(tried[0]).toBe(`${'a'.repeat(38)}-b`)
    expect(tried[1]).toBe(`${'a'.repeat(38)}-2`)
    for (const slug of tried) expect(requireSlug(slug, 40)).toBe(slug)
  })
})
