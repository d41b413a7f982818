import { remembered } from '../../lib/remembered.ts'
import { parseRule, type Rule } from './rule.ts'
import { type DayNumber, daysFrom, lastDay, type Uncounted } from './rule-days.ts'

/** A rule for what begins on a certain day: where it would count to the last one, that day is known. */
export interface Counted {
  readonly rule: Uncounted
  readonly last: DayNumber
}

/**
 * Reads what `writeRule` wrote. To count takes as many steps as there are days, so it is done once, and not in each walk: for the series of as
 * many rooms as anybody looks at within a day, of some hundred bytes each.
 */
export const countedRule = remembered(10_000, (recurrence: string, start: DayNumber): Counted => {
  const rule = parseRule(recurrence)
  return { rule: { ...rule, count: null }, last: rule.count === null ? lastDay : lastOf(rule, start) }
})

function lastOf(rule: Rule, start: DayNumber): DayNumber {
  let last = start
  for (const day of daysFrom(rule, start, start)) last = day
  return last
}
