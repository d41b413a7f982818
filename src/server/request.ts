import type { IncomingMessage } from 'node:http'

export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/'
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/** Where a request came from, as anonymous attempts are counted by: the proxy's word counts only where it is trusted. */
export function addressOf(request: IncomingMessage, trustProxy: 'on' | 'off'): string {
  const forwarded = trustProxy === 'on' ? String(request.headers['x-forwarded-for'] ?? '') : ''
  // The last is what our own proxy saw; those before it are what anybody may claim.
  return forwarded.split(',').at(-1)?.trim() || request.socket.remoteAddress || 'unknown'
}

export function wantsEvents(request: IncomingMessage): boolean {
  return /text\/event-stream/i.test(request.headers.accept ?? '')
}
