import { dayLength, offsetAt, type WallTime } from './zoned-time.ts'

/** When the clocks of a zone were changed, or will be. */
export interface ClockChange {
  /** In milliseconds. */
  readonly at: number
  /** By how much they were ahead of UTC before, and are after. */
  readonly before: number
  readonly after: number
}

/** What they would have shown then, had nobody changed them. */
export function wallOf({ at, before }: ClockChange): WallTime {
  return at + before
}

/** In order. */
export function clockChangesOf(zone: string, from: number, to: number): ClockChange[] {
  const changes: ClockChange[] = []
  let before = offsetAt(from, zone)
  for (let start = from; start < to; start += step) {
    const end = Math.min(start + step, to)
    const after = offsetAt(end, zone)
    if (after === before) continue
    changes.push({ at: changeBetween(zone, start, end, before), before, after })
    before = after
  }
  return changes
}

/** Nowhere since 1970 were they changed and changed back within as few days, nor will they be, to 2100: in Gaza it is a week. */
const step = 6 * dayLength

function changeBetween(zone: string, start: number, end: number, before: number): number {
  let [early, late] = [start / 1000, end / 1000]
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2)
    if (offsetAt(middle * 1000, zone) === before) early = middle
    else late = middle
  }
  return late * 1000
}
