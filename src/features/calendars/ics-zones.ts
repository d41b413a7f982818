import { type Component, clockText, type Property, ruleProperty } from './ics-parts.ts'
import { type Observance, observancesOf } from './zone-rules.ts'

/** How the clocks of a zone go from an instant on. */
export function zoneComponent(zone: string, from: Date): Component {
  return ['vtimezone', [['tzid', {}, 'text', zone]], observancesOf(zone, from).map(observanceComponent)]
}

function observanceComponent({ before, after, starts, yearly }: Observance): Component {
  const [first, ...more] = starts
  return [
    after > before ? 'daylight' : 'standard',
    [
      ['dtstart', {}, 'date-time', clockText(first)],
      ['tzoffsetfrom', {}, 'utc-offset', offsetText(before)],
      ['tzoffsetto', {}, 'utc-offset', offsetText(after)],
      ...(yearly === null ? [] : [ruleProperty(yearly)]),
      // One by one: some readers look at no more than the first of a list, and at none but these where there are any.
      ...(more.length === 0 ? [] : starts.map((start): Property => ['rdate', {}, 'date-time', clockText(start)])),
    ],
    [],
  ]
}

function offsetText(offset: number): string {
  const text = new Date(Math.abs(offset)).toISOString().slice(11, 19)
  return `${offset < 0 ? '-' : '+'}${text.replace(/:00$/, '')}`
}
