import { dayLength } from '../../lib/zoned-time.ts'
import type { Rule, WeekDay } from './rule.ts'

/** A day of the calendar, counted from 1 January 1970. */
export type DayNumber = number

export const dayNumberOf = (wall: number): DayNumber => Math.floor(wall / dayLength)

/** A rule that does not count, or of which somebody else knows where its counting ends. */
export type Uncounted = Rule & { readonly count: null }

/** No walk goes beyond: what has no end, ends here. */
export const lastDay: DayNumber = dayNumberOf(Date.UTC(2100, 11, 31))

/**
 * The days that a rule picks for what begins on `start`, in order, from `from` to `to`. It costs the same however long ago the start was, unless
 * the rule counts. Its `until` is an instant, and for whoever knows the zone.
 */
export function* daysFrom(rule: Rule, start: DayNumber, from: DayNumber, to: DayNumber = lastDay): Generator<DayNumber, void> {
  const picker = pickerOf(rule, start)
  let left = rule.count ?? Number.POSITIVE_INFINITY
  for (let period = rule.count === null ? Math.max(0, picker.periodOf(from)) : 0; picker.firstOf(period) <= to; period++) {
    for (const day of picker.daysOf(period)) {
      if (day < start) continue
      if (left-- === 0 || day > to) return
      if (day >= from) yield day
    }
  }
}

/** The same from `from` back to the start. */
export function* daysBack(rule: Uncounted, start: DayNumber, from: DayNumber): Generator<DayNumber, void> {
  const latest = Math.min(from, lastDay)
  const picker = pickerOf(rule, start)
  for (let period = picker.periodOf(latest); period >= 0; period--) {
    for (const day of picker.daysOf(period).reverse()) {
      if (day >= start && day <= latest) yield day
    }
  }
}

/** A rule goes by days, weeks, months or years, every so many of them: its periods, counted from that of its start. */
function pickerOf(given: Rule, start: DayNumber) {
  const rule = withStart(given, start)
  const { interval, positions } = rule
  const { unitOf, firstOf, daysOf } = unitsOf(rule)
  const startUnit = unitOf(start)
  const unitAt = (period: number) => startUnit + period * interval
  return {
    /** In which period a day is, or after which one. */
    periodOf: (day: DayNumber) => Math.floor((unitOf(day) - startUnit) / interval),
    firstOf: (period: number) => firstOf(unitAt(period)),
    daysOf: (period: number) => {
      const picked = daysOf(unitAt(period)).filter((day) => isPicked(rule, day))
      return positions.length === 0 ? picked : picked.filter((_, index) => isListed(positions, index + 1, picked.length))
    },
  }
}

/** What a rule does not say is as in its start (RFC 5545, 3.3.10). */
function withStart(rule: Rule, start: DayNumber): Rule {
  if (rule.frequency === 'DAILY' || rule.weekDays.length > 0 || rule.monthDays.length > 0 || rule.yearDays.length > 0) return rule
  if (rule.frequency === 'WEEKLY') return { ...rule, weekDays: [{ day: weekDayOf(start), nth: 0 }] }
  const date = dateOf(start)
  const months = rule.frequency === 'YEARLY' && rule.months.length === 0 ? [date.getUTCMonth() + 1] : rule.months
  return { ...rule, months, monthDays: [date.getUTCDate()] }
}

interface Units {
  unitOf(day: DayNumber): number
  firstOf(unit: number): DayNumber
  /** Those that come into question. */
  daysOf(unit: number): DayNumber[]
}

function unitsOf(rule: Rule): Units {
  const daysBeforeWeek = weekDayOf(-rule.weekStart)
  switch (rule.frequency) {
    case 'DAILY':
      return { unitOf: (day) => day, firstOf: (day) => day, daysOf: (day) => [day] }
    case 'WEEKLY': {
      const firstOf = (week: number) => week * 7 - daysBeforeWeek
      return {
        unitOf: (day) => Math.floor((day + daysBeforeWeek) / 7),
        firstOf,
        daysOf: (week) => daysBetween(firstOf(week), firstOf(week + 1)),
      }
    }
    case 'MONTHLY':
      return { unitOf: monthOf, firstOf: firstOfMonth, daysOf: (month) => daysOfMonth(rule, month) }
    case 'YEARLY': {
      const months = rule.months.length > 0 ? rule.months.toSorted((one, other) => one - other) : everyMonth
      return {
        unitOf: (day) => Math.floor(monthOf(day) / 12),
        firstOf: (year) => firstOfMonth(year * 12),
        daysOf: (year) => months.flatMap((month) => daysOfMonth(rule, year * 12 + month - 1)),
      }
    }
  }
}

const everyMonth = Array.from({ length: 12 }, (_, index) => index + 1)

/** Cheapest first: a rule may ask for thousands of days before it picks one. */
function isPicked(rule: Rule, day: DayNumber): boolean {
  if (rule.weekDays.length > 0 && !rule.weekDays.some((weekDay) => weekDay.day === weekDayOf(day) && isNth(rule, weekDay, day)))
    return false
  if (rule.months.length > 0 && !rule.months.includes(dateOf(day).getUTCMonth() + 1)) return false
  if (rule.monthDays.length > 0 && !isListed(rule.monthDays, ...placeInMonth(day))) return false
  return rule.yearDays.length === 0 || isListed(rule.yearDays, ...placeInYear(day))
}

/** Whether a place among so many is listed, counted from the front or (-1, -2, …) from the back. */
function isListed(places: readonly number[], place: number, length: number): boolean {
  return places.includes(place) || places.includes(place - length - 1)
}

/** The nth such day of the month; of the year, if the rule is yearly and names no months. */
function isNth(rule: Rule, { nth }: WeekDay, day: DayNumber): boolean {
  if (nth === 0) return true
  const [place, length] = rule.frequency === 'YEARLY' && rule.months.length === 0 ? placeInYear(day) : placeInMonth(day)
  return nth > 0 ? Math.ceil(place / 7) === nth : Math.ceil((length - place + 1) / 7) === -nth
}

function placeInMonth(day: DayNumber): [place: number, length: number] {
  const month = monthOf(day)
  const first = firstOfMonth(month)
  return [day - first + 1, firstOfMonth(month + 1) - first]
}

function placeInYear(day: DayNumber): [place: number, length: number] {
  const january = Math.floor(monthOf(day) / 12) * 12
  const first = firstOfMonth(january)
  return [day - first + 1, firstOfMonth(january + 12) - first]
}

const daysBetween = (first: DayNumber, end: DayNumber) => Array.from({ length: end - first }, (_, index) => first + index)

/** Those that come into question: if the rule names days of the month, these alone. */
function daysOfMonth({ monthDays }: Rule, month: number): DayNumber[] {
  const [first, end] = [firstOfMonth(month), firstOfMonth(month + 1)]
  if (monthDays.length === 0) return daysBetween(first, end)
  const named = new Set(monthDays.map((place) => (place > 0 ? first + place - 1 : end + place)))
  return [...named].filter((day) => day >= first && day < end).sort((one, other) => one - other)
}

const dateOf = (day: DayNumber) => new Date(day * dayLength)

/** Months counted from January 1970. */
function monthOf(day: DayNumber): number {
  const date = dateOf(day)
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
}

const firstOfMonth = (month: number): DayNumber => Date.UTC(1970, month) / dayLength

/** From 0, Sunday. */
const weekDayOf = (day: DayNumber) => (((day + 4) % 7) + 7) % 7
