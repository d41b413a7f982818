import { type ClockChange, clockChangesOf, wallOf } from '../../lib/clock-changes.ts'
import { groupBy } from '../../lib/group-by.ts'
import { remembered } from '../../lib/remembered.ts'
import { dayLength, offsetAt, type WallTime } from '../../lib/zoned-time.ts'
import { weekDayNames } from '../recurrence/rule.ts'

/** How the clocks of a zone were changed, once or again and again, as RFC 5545 tells calendars of it. */
export interface Observance {
  /** By how much they were ahead of UTC before and after, in milliseconds. */
  readonly before: number
  readonly after: number
  /** What they showed then, in order. */
  readonly starts: readonly [WallTime, ...WallTime[]]
  /** From the start on every year: the rule of RFC 5545. Null: at these times and no others. */
  readonly yearly: string | null
}

/**
 * How the clocks of a zone go, from before an instant on, but not before 1970, as this process knows it: in rules where its changes follow one
 * and no end of that is known, and one by one where not (in Morocco they follow the moon), to the end of 2100.
 */
export function observancesOf(zone: string, from: Date): readonly Observance[] {
  return observancesSince(zone, Math.min(Math.max(from.getUTCFullYear(), 1970), latestFirstYear))
}

const observancesSince = remembered(1000, (zone: string, firstYear: number): readonly Observance[] => {
  // Where it is another year already, or still.
  const start = Date.UTC(firstYear - 1, 11, 1)
  const offset = offsetAt(start, zone)
  const first: Observance = { before: offset, after: offset, starts: [start + offset], yearly: null }
  const seenTo = Math.max(firstYear, new Date().getUTCFullYear()) + yearsAhead
  const seen = byRule(changesOf(zone, start, Date.UTC(seenTo, 0)), seenTo)
  if (!seen.others.some(({ at }) => at >= Date.UTC(seenTo - yearsToTell, 0))) return [first, ...seen.rules, ...oneByOne(seen.others)]
  const all = byRule(changesOf(zone, start, Date.UTC(lastYear + 1, 0)), lastYear + 1)
  return [first, ...all.rules, ...oneByOne(all.others)]
})

/** In so many years each day of the month comes that "the last Sunday" or "the second" can be. */
const yearsToTell = 12
const yearsAhead = yearsToTell + 2
const lastYear = 2100
/** From there on it goes on as it went. */
const latestFirstYear = lastYear - yearsToTell

/** After the first instant, and up to the second. */
function changesOf(zone: string, from: number, to: number): ClockChange[] {
  const changes: ClockChange[] = []
  for (let decade = decadeOf(from); Date.UTC(10 * decade, 0) < to; decade++) changes.push(...changesOfDecade(zone, decade))
  return changes.filter(({ at }) => at > from && at <= to)
}

const decadeOf = (instant: number) => Math.floor(new Date(instant).getUTCFullYear() / 10)

/** They take milliseconds to find, and meetings begin in many years. There are some 600 zones, with 15 decades each. */
const changesOfDecade = remembered(10_000, (zone: string, decade: number) =>
  clockChangesOf(zone, Date.UTC(10 * decade, 0), Date.UTC(10 * decade + 10, 0)),
)

/** Changes that come once a year, on the same weekday of the same week and at the same time, up to the last year that was looked at. */
function byRule(changes: readonly ClockChange[], endYear: number): { rules: Observance[]; others: ClockChange[] } {
  const rules: Observance[] = []
  const others: ClockChange[] = []
  for (const alike of groupBy(changes, likeness).values()) {
    const lasting = lastingOf(alike, endYear)
    const rule = ruleOf(lasting)
    if (rule) rules.push(rule)
    others.push(...(rule ? alike.slice(0, alike.length - lasting.length) : alike))
  }
  return { rules, others }
}

function likeness(change: ClockChange): string {
  const date = new Date(wallOf(change))
  return [change.before, change.after, date.getUTCMonth(), date.getUTCDay(), wallOf(change) % dayLength].join()
}

/** The last of them, one each year, within seven days of the month. */
function lastingOf(alike: readonly ClockChange[], endYear: number): ClockChange[] {
  const lasting: ClockChange[] = []
  for (const change of alike.toReversed()) {
    const year = new Date(wallOf(change)).getUTCFullYear()
    const days = [change, ...lasting].map(monthDayOf)
    if (year !== endYear - 1 - lasting.length || Math.max(...days) - Math.min(...days) > 6) break
    lasting.unshift(change)
  }
  return lasting
}

function ruleOf(lasting: readonly ClockChange[]): Observance | undefined {
  const days = new Set(lasting.map(monthDayOf))
  const [change] = lasting
  if (!change || days.size < 7) return undefined
  const start = new Date(wallOf(change))
  const month = start.getUTCMonth()
  const weekDay = weekDayNames[start.getUTCDay()]!
  const firstDay = Math.min(...days)
  const length = new Date(Date.UTC(2001, month + 1, 0)).getUTCDate()
  const sortedDays = [...days].sort((one, other) => one - other)
  const day =
    month !== 1 && firstDay + 6 === length
      ? `BYDAY=-1${weekDay}`
      : firstDay % 7 === 1
        ? `BYDAY=${(firstDay + 6) / 7}${weekDay}`
        : `BYMONTHDAY=${sortedDays.join()};BYDAY=${weekDay}`
  const { before, after } = change
  return { before, after, starts: [start.getTime()], yearly: `FREQ=YEARLY;BYMONTH=${month + 1};${day}` }
}

function oneByOne(changes: readonly ClockChange[]): Observance[] {
  return [...groupBy(changes, ({ before, after }) => `${before} ${after}`).values()].map(([change, ...more]) => {
    const { before, after } = change!
    return { before, after, starts: [wallOf(change!), ...more.map(wallOf)], yearly: null }
  })
}

const monthDayOf = (change: ClockChange) => new Date(wallOf(change)).getUTCDate()
