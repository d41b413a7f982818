/** What a client's program can tell failures apart by. */
export const errorCodes = [
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'RATE_LIMITED',
  'CURSOR_EXPIRED',
  'TOO_SLOW',
  'QUERY_TOO_COMPLEX',
  'PAYLOAD_TOO_LARGE',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** A failure that is not a bug: it has a code for programs and a sentence for people, and may be shown to anybody. All others are masked. */
export class Refusal extends Error {
  /** GraphQL takes these over into `errors[].extensions`. */
  readonly extensions: { code: ErrorCode; field?: string; retryAfterMs?: number }

  constructor(code: ErrorCode, sentence: string, details: { field?: string; retryAfterMs?: number } = {}) {
    super(sentence)
    this.name = 'Refusal'
    this.extensions = { code, ...details }
  }

  get code(): ErrorCode {
    return this.extensions.code
  }
}

export const badInput = (field: string, sentence: string) => new Refusal('BAD_USER_INPUT', sentence, { field })
export const unauthenticated = (sentence = 'Sign in first.') => new Refusal('UNAUTHENTICATED', sentence)
export const forbidden = (sentence: string) => new Refusal('FORBIDDEN', sentence)
/** One sentence for "is not there" and "not to be seen": the two cannot be told apart. */
export const notFound = (what: string) => new Refusal('NOT_FOUND', `There is no such ${what}, or you may not see it.`)
export const conflict = (sentence: string, field?: string) => new Refusal('CONFLICT', sentence, field === undefined ? {} : { field })
export const rateLimited = (retryAfterMs: number) =>
  new Refusal('RATE_LIMITED', `Too many of these: try again in ${Math.ceil(retryAfterMs / 1000)} s.`, { retryAfterMs })
