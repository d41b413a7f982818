import ICAL from 'ical.js'

export const frequencies = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const
export type Frequency = (typeof frequencies)[number]

/** A rule of RFC 5545, read. Empty lists pick everything. */
export interface Rule {
  readonly frequency: Frequency
  readonly interval: number
  readonly count: number | null
  /** The last instant at which one may begin. */
  readonly until: Date | null
  readonly months: readonly number[]
  readonly monthDays: readonly number[]
  readonly yearDays: readonly number[]
  readonly weekDays: readonly WeekDay[]
  /** Which of those picked in a period, counted from 1, or from its end by -1. */
  readonly positions: readonly number[]
  /** On which day weeks begin. */
  readonly weekStart: number
}

export interface WeekDay {
  /** From 0, Sunday. */
  readonly day: number
  /** The first (1), second (2), last (-1) of the month or year; 0 for each of them. */
  readonly nth: number
}

/** Reads what `writeRule` wrote. */
export function parseRule(text: string): Rule {
  return ruleOf(ICAL.Recur.fromString(text))
}

/** What the library read, in our words. An end without a zone is not yet an instant: see `recurrence.ts`. */
export function ruleOf(recur: ICAL.Recur): Rule {
  const numbers = (part: string) => recur.getComponent(part) as number[]
  return {
    frequency: recur.freq as Frequency,
    interval: recur.interval,
    count: recur.count,
    until: recur.until && new Date(wallOf(recur.until)),
    months: numbers('BYMONTH'),
    monthDays: numbers('BYMONTHDAY'),
    yearDays: numbers('BYYEARDAY'),
    weekDays: (recur.getComponent('BYDAY') as string[]).map(weekDayOf),
    positions: numbers('BYSETPOS'),
    weekStart: recur.wkst - 1,
  }
}

/** What is written, whatever its zone. */
export function wallOf(time: ICAL.Time): number {
  return Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second)
}

/** In one order, and without what is true anyway. */
export function writeRule(recur: ICAL.Recur): string {
  const parts = ['BYMONTH', 'BYMONTHDAY', 'BYYEARDAY', 'BYDAY', 'BYSETPOS']
    .map((part) => [part, recur.getComponent(part)] as const)
    .filter(([, values]) => values.length > 0)
    .map(([part, values]) => `${part}=${values.join(',').replaceAll('+', '')}`)
  return [
    `FREQ=${recur.freq}`,
    ...(recur.interval > 1 ? [`INTERVAL=${recur.interval}`] : []),
    ...(recur.count ? [`COUNT=${recur.count}`] : []),
    ...(recur.until ? [`UNTIL=${recur.until.toICALString()}`] : []),
    ...parts,
    ...(recur.wkst === ICAL.Time.MONDAY ? [] : [`WKST=${weekDayNames[recur.wkst - 1]}`]),
  ].join(';')
}

/** As RFC 5545 has them, from Sunday. */
export const weekDayNames = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']

const weekDayOf = (text: string): WeekDay => ({ day: weekDayNames.indexOf(text.slice(-2)), nth: Number(text.slice(0, -2)) })
