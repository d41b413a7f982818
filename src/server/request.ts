import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'

export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/'
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/**
 * Where a request came from, as anonymous attempts are counted by: the proxy's word counts only where it is trusted. Of IPv6 the first half,
 * since whoever has one address has all that begin so.
 */
export function addressOf(request: IncomingMessage, trustProxy: 'on' | 'off'): string {
  const forwarded = trustProxy === 'on' ? String(request.headers['x-forwarded-for'] ?? '') : ''
  // The last is what our own proxy saw; those before it are what anybody may claim.
  return readAddress(forwarded.split(',').at(-1)!) ?? readAddress(request.socket.remoteAddress ?? '') ?? 'unknown'
}

/** Some proxies write the port beside it, which is another one each time. */
function readAddress(text: string): string | undefined {
  const address = /^\[([^\]]+)\](?::\d+)?$/.exec(text.trim())?.[1] ?? text.trim().replace(/^([\d.]+):\d+$/, '$1')
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  if (isIPv4(mapped ?? address)) return mapped ?? address
  if (!isIPv6(address)) return undefined
  // Written as URLs write it, so in one way; what a double colon stands for is written out.
  const [head = '', tail] = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1).split('::')
  const groups = (part: string | undefined) => (part ? part.split(':') : [])
  const missing = Array.from({ length: tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length }, () => '0')
  return `${[...groups(head), ...missing, ...groups(tail)].slice(0, 4).join(':')}::/64`
}

/** Whether the client has it, by the entity tag of what it was given before. */
export function hasAlready({ headers: { 'if-none-match': known } }: IncomingMessage, etag: string): boolean {
  return known?.split(',').some((one) => ['*', etag].includes(one.trim().replace(/^W\//, ''))) ?? false
}

export function wantsEvents(request: IncomingMessage): boolean {
  return /text\/event-stream/i.test(request.headers.accept ?? '')
}

/**
 * What such a client accepts, with events as the only kind of stream, for Yoga would write the last kind that is acceptable. Where JSON is
 * acceptable too, it remains what everything else than a subscription is answered with.
 */
export function eventsOrJson(accept: string): string {
  const kinds = accept.split(',').filter((kind) => /text\/event-stream|json/i.test(kind))
  return kinds.join(',')
}
