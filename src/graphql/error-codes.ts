import type { ErrorCode } from '../lib/refusal.ts'
import { builder } from './builder.ts'

// No field is of this type: it is in the schema so that generated clients know every code by name.
builder.enumType('ErrorCode', {
  description:
    'What programs tell failures apart by: every error carries one of these in `extensions.code`. `extensions.field` names the argument at fault, `extensions.retryAfterMs` says when to try again.',
  values: {
    BAD_USER_INPUT: { description: 'The document, a variable or an argument is wrong.' },
    UNAUTHENTICATED: { description: 'There are no credentials, bad ones, ended ones, or a wrong password.' },
    FORBIDDEN: { description: 'It may be seen, but not done.' },
    NOT_FOUND: { description: 'It does not exist, or the viewer may not see it: the two cannot be told apart.' },
    CONFLICT: { description: 'It is taken, or over, or at its bound; or a nonce was used before, for something else.' },
    RATE_LIMITED: { description: 'Too often: try again after `extensions.retryAfterMs`.' },
    CURSOR_EXPIRED: {
      description:
        'Events after this position are no longer kept, or it is beyond the head, or from another history: read again, then follow from the new cursor.',
    },
    TOO_SLOW: { description: 'This reader was too slow: follow again from the last cursor it received.' },
    QUERY_TOO_COMPLEX: { description: 'The document is too deep, too long, has too many aliases, or is too dear.' },
    PAYLOAD_TOO_LARGE: { description: 'The request is larger than is taken.' },
    INTERNAL_SERVER_ERROR: { description: 'A bug, or a broken neighbour: the message holds an id that stands in the log of the server.' },
  } satisfies Record<ErrorCode | 'INTERNAL_SERVER_ERROR', { description: string }>,
})
