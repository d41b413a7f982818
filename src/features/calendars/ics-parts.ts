import ICAL from 'ical.js'
import type { WallTime } from '../../lib/zoned-time.ts'

/** As the library takes them (RFC 7265). */
export type Property = [name: string, parameters: Record<string, string>, type: string, ...values: (string | number | object)[]]
export type Component = [name: string, properties: Property[], components: Component[]]

/** As RFC 5545 has it: lines of at most 75 bytes, and text that cannot be taken for anything else. */
export function write(component: Component): string {
  return ICAL.stringify(component)
}

// Of 75 bytes: the library forgets the blank with which a line goes on.
ICAL.foldLength = 74

/** A rule of RFC 5545, each part as it is written and in that order. */
export function ruleProperty(text: string): Property {
  const parts = text.split(';').map((part) => part.split('=') as [string, string])
  const value = parts.map(([name, given]) => [name.toLowerCase(), name === 'UNTIL' ? extended(given) : given])
  return ['rrule', {}, 'recur', Object.fromEntries(value)]
}

const extended = (text: string) => text.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')

/** What a clock shows; to the second. */
export function clockText(wall: WallTime): string {
  return new Date(wall).toISOString().slice(0, 19)
}

export function instantText(instant: Date): string {
  return `${clockText(instant.getTime())}Z`
}

/** Calendars know one way to break a line, and no other control character than the tab. */
export function cleaned(text: string): string {
  return text.replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, '')
}

/** For values of properties that the library does not know: it writes them as they are. */
export function escaped(text: string): string {
  return text.replace(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n')
}
