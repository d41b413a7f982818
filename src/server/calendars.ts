import type { IncomingMessage, ServerResponse } from 'node:http'
import { readCalendar } from '../features/calendars/reading.ts'
import type { Services } from '../graphql/context.ts'
import { sha256 } from '../lib/hash.ts'
import { Refusal } from '../lib/refusal.ts'
import { HttpRefused, refuse } from './http-refused.ts'
import { hasAlready, pathOf } from './request.ts'

/**
 * Calendars, by links that are all the right that is asked for. Answers false for a path that leads to none: which of them once did cannot be
 * told apart.
 */
export function createCalendarRoute({ services }: { readonly services: Services }) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const token = /^\/calendars\/([^/]+)\.ics$/.exec(pathOf(request))?.[1]
    if (token === undefined) return false
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(request, response, new HttpRefused(405, 'Only GET, HEAD, please.', { allow: 'GET, HEAD' }))
      return true
    }
    try {
      const calendar = await readCalendar(services, token)
      if (calendar === undefined) return false
      give(request, response, calendar)
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'RATE_LIMITED') throw error
      const seconds = Math.ceil((error.extensions.retryAfterMs ?? 0) / 1000)
      refuse(request, response, new HttpRefused(429, error.message, { 'retry-after': String(seconds) }))
    }
    return true
  }
}

function give(request: IncomingMessage, response: ServerResponse, calendar: string): void {
  const etag = `"${sha256(calendar)}"`
  // Looked at anew each time, since rights end, and kept by nobody on the way.
  const headers = { etag, 'cache-control': 'private, no-cache', 'content-security-policy': "default-src 'none'; sandbox" }
  if (hasAlready(request, etag)) return void response.writeHead(304, headers).end()
  response.writeHead(200, {
    ...headers,
    'content-type': 'text/calendar; charset=utf-8',
    'content-disposition': 'attachment; filename="meetings.ics"',
    'content-length': Buffer.byteLength(calendar),
  })
  response.end(request.method === 'HEAD' ? undefined : calendar)
}
