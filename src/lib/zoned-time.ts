import { remembered } from './remembered.ts'

/** What a clock on a wall shows, in milliseconds as if the wall hung in UTC: `Date.UTC(2027, 2, 28, 9)` is 09:00 on 28 March 2027, anywhere. */
export type WallTime = number

/** In milliseconds, on a wall where no clock is changed. */
export const dayLength = 86_400_000

/** Whether it is the name of a zone in the IANA database, spelled as it is there. Neither offsets nor abbreviations are zones. */
export function isZone(name: string): boolean {
  if (!placeName.test(name)) return false
  try {
    const known = formatterOf(name).resolvedOptions().timeZone
    // Names in the wrong case are taken too. Those that lead to another name are not shown back, but are regular in how they are written.
    return name === known || (name.toLowerCase() !== known.toLowerCase() && linkName.test(name))
  } catch {
    return false
  }
}

/** What the clocks of a zone show at an instant. */
export function toWallClock(instant: Date, zone: string): WallTime {
  return instant.getTime() + offsetAt(instant.getTime(), zone)
}

/**
 * When the clocks of a zone show this. What they show twice is taken as the first; what they skip, as if they had not yet been put forward
 * (RFC 5545, 3.3.5): where 02:00 is followed by 03:00, 02:30 is when they show 03:30.
 */
export function toInstant(wall: WallTime, zone: string): Date {
  // No offset exceeds a day, so that these two are before and after whatever happens to the clocks around then.
  const before = offsetAt(wall - dayLength, zone)
  const after = offsetAt(wall + dayLength, zone)
  const first = wall - before
  if (before === after || offsetAt(first, zone) === before) return new Date(first)
  const second = wall - after
  return new Date(offsetAt(second, zone) === after ? second : first)
}

const placeName =
  /^(?:UTC|Etc\/UTC|Etc\/GMT[+-]\d{1,2}|(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)\/[\w+/-]+)$/
const linkName = /^[A-Z]\w+(?:[/_-](?:(?:[A-Z][a-z]+)+|UTC|es|of|au))+$/

/** By how much the clocks of a zone are ahead of UTC at an instant, both in milliseconds. */
export function offsetAt(instant: number, zone: string): number {
  const second = Math.floor(instant / 1000) * 1000
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of formatterOf(zone).formatToParts(second)) shown[type] = Number(value)
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second: seconds = 0 } = shown
  return Date.UTC(year, month - 1, day, hour, minute, seconds) - second
}

/** To make one takes 20 times as long as to ask it. There are some 600 zones; the rest is for whoever tries names. */
const formatterOf = remembered(
  1000,
  (zone: string) =>
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }),
)
