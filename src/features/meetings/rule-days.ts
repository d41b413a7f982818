import type { Rule, WeekDay } from './rule.ts'

/** A day, counted from 1 January 1970, as no clock knows zones. */
export type DayNumber = number

export const dayLength = 86_400_000

export const dayNumberOf = (wall: number): DayNumber => Math.floor(wall / dayLength)

/** No walk goes beyond: what has no end, ends here. */
export const lastDay: DayNumber = dayNumberOf(Date.UTC(2100, 11, 31))

/**
 * The days that a rule picks, in order, for what begins on `start`; from `from` on, which costs the same however long ago the start was,
 * unless the rule counts. Whether the rule is over by its `until` is for whoever knows the zone.
 */
export function* daysFrom(rule: Rule, start: DayNumber, from: DayNumber): Generator<DayNumber, void> {
  const picker = pickerOf(rule, start)
  let left = rule.count ?? Number.POSITIVE_INFINITY
  for (let period = rule.count === null ? Math.max(0, picker.periodOf(from)) : 0; picker.firstOf(period) <= lastDay; period++) {
    for (const day of picker.daysOf(period)) {
      if (day < start) continue
      if (left-- === 0 || day > lastDay) return
      if (day >= from) yield day
    }
  }
}

/** The same backwards, from `from` to the start; of rules that do not count. */
export function* daysBefore(rule: Rule, start: DayNumber, from: DayNumber): Generator<DayNumber, void> {
  const picker = pickerOf(rule, start)
  for (let period = picker.periodOf(Math.min(from, lastDay)); period >= 0; period--) {
    for (const day of picker.daysOf(period).toReversed()) {
      if (day >= start && day <= Math.min(from, lastDay)) yield day
    }
  }
}

interface Picker {
  /** In which of the rule's periods a day is, or after which: 0 is that of the start. */
  periodOf(day: DayNumber): number
  firstOf(period: number): DayNumber
  /** The days picked of a period, in order. */
  daysOf(period: number): DayNumber[]
}

function pickerOf(given: Rule, start: DayNumber): Picker {
  const rule = withStart(given, start)
  const { interval, positions } = rule
  const { unitOf, firstOf, candidatesOf } = unitsOf(rule)
  const startUnit = unitOf(start)
  const unitAt = (period: number) => startUnit + period * interval
  return {
    periodOf: (day) => Math.floor((unitOf(day) - startUnit) / interval),
    firstOf: (period) => firstOf(unitAt(period)),
    daysOf: (period) => {
      const picked = candidatesOf(unitAt(period)).filter((day) => isPicked(rule, day))
      const kept = picked.filter((_, index) => positions.includes(index + 1) || positions.includes(index - picked.length))
      return (positions.length > 0 ? kept : picked).map((day) => day.number)
    },
  }
}

/** RFC 5545: what a rule does not say is as in its start. */
function withStart(rule: Rule, start: DayNumber): Rule {
  const first = dayOf(start)
  if (rule.frequency === 'DAILY' || rule.weekDays.length > 0 || rule.monthDays.length > 0 || rule.yearDays.length > 0) return rule
  if (rule.frequency === 'WEEKLY') return { ...rule, weekDays: [{ day: first.weekDay, nth: 0 }] }
  const months = rule.frequency === 'YEARLY' && rule.months.length === 0 ? [first.month] : rule.months
  return { ...rule, months, monthDays: [first.monthDay] }
}

/** Days, weeks, months and years by numbers that follow each other, and which days come into question in one. */
function unitsOf(rule: Rule) {
  const shift = weekDayOf(-rule.weekStart)
  switch (rule.frequency) {
    case 'DAILY':
      return { unitOf: (day: DayNumber) => day, firstOf: (unit: number) => unit, candidatesOf: (unit: number) => [dayOf(unit)] }
    case 'WEEKLY':
      return {
        unitOf: (day: DayNumber) => Math.floor((day + shift) / 7),
        firstOf: (week: number) => week * 7 - shift,
        candidatesOf: (week: number) => Array.from({ length: 7 }, (_, index) => dayOf(week * 7 - shift + index)),
      }
    case 'MONTHLY':
      return {
        unitOf: (day: DayNumber) => monthOf(day),
        firstOf: (month: number) => firstOfMonth(month),
        candidatesOf: (month: number) => daysOfMonth(month),
      }
    case 'YEARLY': {
      const months = rule.months.length > 0 ? rule.months.toSorted((one, other) => one - other) : everyMonth
      return {
        unitOf: (day: DayNumber) => Math.floor(monthOf(day) / 12),
        firstOf: (year: number) => firstOfMonth(year * 12),
        candidatesOf: (year: number) => months.flatMap((month) => daysOfMonth(year * 12 + month - 1)),
      }
    }
  }
}

const everyMonth = Array.from({ length: 12 }, (_, index) => index + 1)

interface Day {
  readonly number: DayNumber
  readonly weekDay: number
  readonly month: number
  readonly monthDay: number
  readonly monthLength: number
  readonly yearDay: number
  readonly yearLength: number
}

const dayOf = (number: DayNumber): Day => {
  const month = monthOf(number)
  return daysOfMonth(month, number - firstOfMonth(month), 1)[0]!
}

/** The days of a month, or some of them. */
function daysOfMonth(month: number, skipped = 0, most = 31): Day[] {
  const [first, end] = [firstOfMonth(month), firstOfMonth(month + 1)]
  const january = Math.floor(month / 12) * 12
  const [year, nextYear] = [firstOfMonth(january), firstOfMonth(january + 12)]
  return Array.from({ length: Math.min(most, end - first - skipped) }, (_, index) => {
    const number = first + skipped + index
    return {
      number,
      weekDay: weekDayOf(number),
      month: month - january + 1,
      monthDay: number - first + 1,
      monthLength: end - first,
      yearDay: number - year + 1,
      yearLength: nextYear - year,
    }
  })
}

/** Months counted from January 1970. */
function monthOf(day: DayNumber): number {
  const date = new Date(day * dayLength)
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
}

const firstOfMonth = (month: number): DayNumber => Date.UTC(1970, month) / dayLength

/** From 0, Sunday. */
const weekDayOf = (day: DayNumber) => (((day + 4) % 7) + 7) % 7

function isPicked(rule: Rule, day: Day): boolean {
  return (
    (rule.months.length === 0 || rule.months.includes(day.month)) &&
    isCounted(rule.monthDays, day.monthDay, day.monthLength) &&
    isCounted(rule.yearDays, day.yearDay, day.yearLength) &&
    (rule.weekDays.length === 0 || rule.weekDays.some((weekDay) => isNth(rule, weekDay, day)))
  )
}

/** Whether a place among so many is listed, from the front or from the back; an empty list has all. */
function isCounted(places: readonly number[], place: number, length: number): boolean {
  return places.length === 0 || places.includes(place) || places.includes(place - length - 1)
}

/** The nth such day of the month; of the year, if the rule is yearly and names no months. */
function isNth(rule: Rule, { day: weekDay, nth }: WeekDay, day: Day): boolean {
  if (day.weekDay !== weekDay) return false
  if (nth === 0) return true
  const isOfYear = rule.frequency === 'YEARLY' && rule.months.length === 0
  const [place, length] = isOfYear ? [day.yearDay, day.yearLength] : [day.monthDay, day.monthLength]
  return nth > 0 ? Math.ceil(place / 7) === nth : Math.ceil((length - place + 1) / 7) === -nth
}
