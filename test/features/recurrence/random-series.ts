import type { Exception, Series } from '../../../src/features/recurrence/occurrences.ts'
import { Refusal } from '../../../src/lib/refusal.ts'
import { type SeriesOptions, seriesOf } from './series.ts'

export const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Sydney',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Africa/Casablanca',
  'America/Sao_Paulo',
]

/** Decided by the seed: each call is between 0 and 1. */
export function randomOf(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  const pick = <Item>(items: readonly Item[]): Item => items[between(0, items.length - 1)]!
  const some = <Item>(most: number, one: () => Item): Item[] => [...new Set(Array.from({ length: between(1, most) }, one))]
  return { chance: (part: number) => next() < part, between, pick, some }
}

export type Random = ReturnType<typeof randomOf>

const weekDays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

/** Any rule that is written as it should be; half of them are refused. */
export function randomRule({ chance, between, pick, some }: Random): string {
  const frequency = pick(['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'])
  const signed = (most: number) => between(1, most) * pick([1, -1])
  const hasNth = chance(0.5) && (frequency === 'MONTHLY' || frequency === 'YEARLY')
  const parts = [`FREQ=${frequency}`]
  if (chance(0.4)) parts.push(`INTERVAL=${between(2, 5)}`)
  if (chance(0.3)) parts.push(`BYMONTH=${some(3, () => between(1, 12))}`)
  if (chance(0.35)) parts.push(`BYMONTHDAY=${some(4, () => signed(31))}`)
  if (chance(0.1)) parts.push(`BYYEARDAY=${some(5, () => signed(366))}`)
  if (chance(0.5)) parts.push(`BYDAY=${some(3, () => (hasNth ? signed(5) : '') + pick(weekDays))}`)
  if (chance(0.2)) parts.push(`BYSETPOS=${some(2, () => signed(3))}`)
  if (chance(0.25)) parts.push(`COUNT=${between(1, 60)}`)
  else if (chance(0.3)) parts.push(`UNTIL=20${between(27, 32)}0${between(1, 9)}${between(10, 28)}T${between(10, 23)}0000Z`)
  if (chance(0.3)) parts.push(`WKST=${pick(weekDays)}`)
  return parts.join(';')
}

/** A rule that is taken, from a day that it picks, at an hour that one likes. */
export function randomSeries(random: Random, hour: () => number, among: readonly string[] = zones): Series {
  for (;;) {
    const recurrence = randomRule(random)
    const zone = random.pick(among)
    const time = `T${String(hour()).padStart(2, '0')}:${random.pick(['00', '30'])}`
    const first = Date.UTC(random.between(2018, 2026), random.between(0, 11), random.between(1, 28))
    for (let day = 0; day < 370; day++) {
      const date = new Date(first + day * 86_400_000).toISOString().slice(0, 10)
      const series = tried({ start: date + time, zone, recurrence, minutes: random.pick([30, 60, 600]) })
      if (series === 'never') break
      if (series) return series
    }
  }
}

function tried(options: SeriesOptions): Series | 'never' | undefined {
  try {
    return seriesOf(options)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return /has to pick that day|twice/.test(error.message) ? undefined : 'never'
  }
}

/** Some cancelled, some moved by up to three weeks, some both; one that the rule does not know. */
export function randomExceptions(random: Random, starts: readonly Date[]): Exception[] {
  const changed = starts.filter(() => random.chance(0.2)).map((originalStart) => exceptionOf(random, originalStart))
  return [...changed, exceptionOf(random, new Date(starts[0]!.getTime() + 1000))]
}

function exceptionOf(random: Random, originalStart: Date): Exception {
  const isMoved = random.chance(0.7)
  const startsAt = new Date(originalStart.getTime() + random.between(-500, 500) * 3_600_000)
  const endsAt = new Date(startsAt.getTime() + random.between(1, 300) * 60_000)
  return {
    originalStart,
    isCancelled: !isMoved || random.chance(0.2),
    ...(isMoved ? { startsAt, endsAt } : { startsAt: null, endsAt: null }),
  }
}
