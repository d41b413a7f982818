import ICAL from 'ical.js'
import { badInput } from '../../lib/refusal.ts'
import { dayLength, toInstant, toWallClock } from '../../lib/zoned-time.ts'
import { type Rule, ruleOf, wallOf, writeRule } from './rule.ts'
import { dayNumberOf, daysFrom } from './rule-days.ts'

/** The first occurrence. */
export interface First {
  readonly startsAt: Date
  readonly endsAt: Date
  readonly timeZone: string
}

/**
 * How a person says that a meeting recurs, as we keep it; refuses what never happens, what always happens, and what calendars do not agree
 * upon.
 */
export function readRecurrence(text: string, first: First, occurrencesMost: number): string {
  const recur = readParts(text, occurrencesMost)
  if (recur.until) recur.until = untilIn(recur.until, first.timeZone)
  const rule = ruleOf(recur)
  refuseNonsense(rule)
  refuseOtherStart(rule, first)
  refuseOverlaps(rule, first)
  return writeRule(recur)
}

const charactersMost = 200
const intervalMost = 1000

const shape = /^[a-z]+=[a-z\d,+-]+(?:;[a-z]+=[a-z\d,+-]+)*$/i

const numbers = /^[+-]?[1-9]\d{0,2}(?:,[+-]?[1-9]\d{0,2})*$/
const weekDays = /^(?:[+-]?[1-9]\d?)?(?:SU|MO|TU|WE|TH|FR|SA)(?:,(?:[+-]?[1-9]\d?)?(?:SU|MO|TU|WE|TH|FR|SA))*$/

/** What each part may look like: the library takes more. */
const parts = new Map([
  ['FREQ', /^(?:DAILY|WEEKLY|MONTHLY|YEARLY)$/],
  ['INTERVAL', /^[1-9]\d{0,3}$/],
  ['COUNT', /^[1-9]\d{0,8}$/],
  ['UNTIL', /^\d{8}(?:T\d{6}Z?)?$/],
  ['BYMONTH', /^\d{1,2}(?:,\d{1,2})*$/],
  ['BYMONTHDAY', numbers],
  ['BYYEARDAY', numbers],
  ['BYDAY', weekDays],
  ['BYSETPOS', numbers],
  ['WKST', /^(?:SU|MO|TU|WE|TH|FR|SA)$/],
])

const refusal = (sentence: string) => badInput('recurrence', sentence)

/** By the library, once it is certain that it cannot misread it. */
function readParts(text: string, occurrencesMost: number): ICAL.Recur {
  if (text.length > charactersMost) throw refusal(`A recurrence has ${charactersMost} characters at most.`)
  if (!shape.test(text)) throw refusal('A recurrence is written as in RFC 5545, without RRULE before it: FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10.')
  const upper = text.toUpperCase()
  const seen = new Set<string>()
  for (const part of upper.split(';')) {
    const [name = '', value = ''] = part.split('=')
    const form = parts.get(name)
    if (!form) throw refusal(`A recurrence here has no ${name}.`)
    if (name === 'FREQ' && /^(?:HOUR|MINUTE|SECOND)LY$/.test(value)) throw refusal('A meeting happens once a day at most.')
    if (!form.test(value)) throw refusal(`${name} cannot be ${value}.`)
    if (name === 'UNTIL' && !isDate(value)) throw refusal(`There is no ${value}.`)
    if (seen.has(name)) throw refusal(`${name} is there twice.`)
    seen.add(name)
  }
  if (!seen.has('FREQ')) throw refusal('A recurrence needs a FREQ.')
  if (seen.has('COUNT') && seen.has('UNTIL')) throw refusal('A recurrence ends by COUNT or by UNTIL, not by both.')
  const recur = byLibrary(upper)
  if (recur.interval > intervalMost) throw refusal(`INTERVAL is ${intervalMost} at most.`)
  if ((recur.count ?? 0) > occurrencesMost) throw refusal(`COUNT is ${occurrencesMost} at most.`)
  return recur
}

/** It knows how many days, months and positions there are. */
function byLibrary(text: string): ICAL.Recur {
  try {
    return ICAL.Recur.fromString(text)
  } catch {
    throw refusal('A recurrence counts days to 31, months to 12, and days of a year to 366.')
  }
}

/** Whether the calendar and the clock have it: 20260230T240000 is neither. */
function isDate(text: string): boolean {
  const [, year, month, day, hours = '00', minutes = '00', seconds = '00'] = /^(....)(..)(..)(?:T(..)(..)(..))?/.exec(text) ?? []
  const date = new Date(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day) && date.getUTCHours() === Number(hours)
}

/** Always an instant, as calendars want it where the start has a zone. Without one it is meant in the zone of the meeting; a day is meant with all of it. */
function untilIn(until: ICAL.Time, timeZone: string): ICAL.Time {
  const wall = wallOf(until) + (until.isDate ? dayLength - 1000 : 0)
  const instant = until.zone === ICAL.Timezone.utcTimezone ? new Date(wall) : toInstant(wall, timeZone)
  return ICAL.Time.fromJSDate(instant < lastWritable ? instant : lastWritable, true)
}

/** Years have four digits. */
const lastWritable = new Date('9999-12-31T23:59:59Z')

/** What RFC 5545 forbids, and what it allows but widespread calendars and libraries read in different ways. */
function refuseNonsense({ frequency, interval, monthDays, yearDays, weekDays, months, positions }: Rule): void {
  const isShort = frequency === 'DAILY' || frequency === 'WEEKLY'
  const nths = weekDays.filter(({ nth }) => nth !== 0).length
  if (nths > 0 && isShort) throw refusal(`No ${frequency} recurrence has an nth day in BYDAY.`)
  if (nths > 0 && nths < weekDays.length) throw refusal('BYDAY has nth days or days without a number, not both.')
  if (nths > 0 && monthDays.length > 0) throw refusal('nth days in BYDAY do not go with BYMONTHDAY.')
  if (monthDays.length > 0 && frequency === 'WEEKLY') throw refusal('No WEEKLY recurrence has a BYMONTHDAY.')
  if (yearDays.length > 0 && frequency !== 'YEARLY') throw refusal('Only a YEARLY recurrence has a BYYEARDAY.')
  if (yearDays.length > 0 && [...months, ...monthDays, ...weekDays].length > 0) {
    throw refusal('BYYEARDAY goes with no other days or months.')
  }
  if (positions.length > 0 && (isShort || [...monthDays, ...yearDays, ...weekDays].length === 0)) {
    throw refusal('BYSETPOS picks among the days of a month or year, which another part has picked.')
  }
  const leavesOut = frequency === 'DAILY' ? [...months, ...monthDays, ...weekDays] : frequency === 'YEARLY' ? [] : months
  if (interval > 1 && leavesOut.length > 0) throw refusal(`A ${frequency} recurrence with an INTERVAL leaves out no days or months.`)
}

/** Who counts the start though the rule does not pick it, and who does not, would never agree. What never happens does not happen at its start. */
function refuseOtherStart(rule: Rule, { startsAt, timeZone }: First): void {
  const wall = toWallClock(startsAt, timeZone)
  if (toInstant(wall, timeZone).getTime() !== startsAt.getTime()) {
    throw badInput('startsAt', 'The clocks show this time twice, and what recurs begins at the first.')
  }
  const start = dayNumberOf(wall)
  // Whatever counts from there would count for long.
  if (start < 0) throw badInput('startsAt', 'What recurs begins in 1970 or later.')
  const isLate = rule.until !== null && rule.until < startsAt
  if (isLate || daysFrom(rule, start, start).next().value !== start) {
    throw refusal('A recurrence begins with the start of the meeting: it has to pick that day, by the clocks of the time zone.')
  }
}

/** What lasts until it begins again always happens. No clock is changed by more than two hours. */
function refuseOverlaps(rule: Rule, { startsAt, endsAt, timeZone }: First): void {
  const needed = endsAt.getTime() - startsAt.getTime() + 2 * hour
  if (needed <= dayLength) return
  const start = dayNumberOf(toWallClock(startsAt, timeZone))
  const end = rule.until ? dayNumberOf(toWallClock(rule.until, timeZone)) : Number.POSITIVE_INFINITY
  let previous: number | undefined
  for (const day of daysFrom(rule, start, start)) {
    if (day > end) return
    if (previous !== undefined && (day - previous) * dayLength < needed) {
      throw badInput('endsAt', 'A meeting that recurs ends two hours or more before it begins again.')
    }
    previous = day
  }
}

const hour = 3_600_000
