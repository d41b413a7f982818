import type { IncomingMessage } from 'node:http'

/**
 * Whether a page of this origin may open a socket. Browsers send the origin and let any page connect, so the server has to look; programs
 * send none. Pages of our own are welcome, and those of the sites that are configured.
 */
export function isWelcome(request: IncomingMessage, publicUrl: string | undefined, corsOrigins: readonly string[]): boolean {
  const { origin, host } = request.headers
  if (origin === undefined) return true
  if (corsOrigins.includes(origin)) return true
  if (!URL.canParse(origin)) return false
  return new URL(origin).host === host || (publicUrl !== undefined && new URL(publicUrl).origin === origin)
}
