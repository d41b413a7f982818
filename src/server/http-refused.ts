import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** What is asked for past GraphQL and not to be had: a status of HTTP, and a sentence. */
export class HttpRefused extends Error {
  readonly status: number
  readonly headers: OutgoingHttpHeaders

  constructor(status: number, sentence: string, headers: OutgoingHttpHeaders = {}) {
    super(sentence)
    this.name = 'HttpRefused'
    this.status = status
    this.headers = headers
  }
}

/** Tells it as GraphQL would, in its words and with one of its codes. */
export function refuse(request: IncomingMessage, response: ServerResponse, { status, message, headers }: HttpRefused): void {
  const body =
    request.method === 'HEAD'
      ? undefined
      : JSON.stringify({ errors: [{ message, extensions: { code: codeOf[status] ?? 'BAD_USER_INPUT' } }] })
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers }).end(body)
  // What is still coming is read and dropped, so that the answer arrives.
  request.resume()
}

const codeOf: Partial<Record<number, string>> = {
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  429: 'RATE_LIMITED',
  507: 'INTERNAL_SERVER_ERROR',
}
