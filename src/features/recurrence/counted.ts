import { parseRule, type Rule } from './rule.ts'
import { type DayNumber, daysFrom, lastDay } from './rule-days.ts'

/** A rule for what begins on a certain day: where it would count to the last one, that day is known. */
export interface Counted {
  readonly rule: Rule & { readonly count: null }
  readonly last: DayNumber
}

/** Reads what `writeRule` wrote. To count takes as many steps as there are days, so it is done once, and not in each walk. */
export function countedRule(recurrence: string, start: DayNumber): Counted {
  const key = `${start} ${recurrence}`
  const known = counted.get(key)
  if (known) return known
  const rule = parseRule(recurrence)
  const found = { rule: { ...rule, count: null }, last: rule.count === null ? lastDay : lastOf(rule, start) }
  if (counted.size >= mostCounted) counted.clear()
  counted.set(key, found)
  return found
}

/** Of each some hundred bytes: those of as many rooms as anybody looks at within a day. */
const counted = new Map<string, Counted>()
const mostCounted = 10_000

function lastOf(rule: Rule, start: DayNumber): DayNumber {
  let last = start
  for (const day of daysFrom(rule, start, start)) last = day
  return last
}
