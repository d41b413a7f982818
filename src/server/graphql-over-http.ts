import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ExecutionResult, GraphQLError } from 'graphql'
import { createYoga, type GraphQLParams, type Plugin } from 'graphql-yoga'
import { authenticate } from '../features/accounts/authenticate.ts'
import { createContext } from '../graphql/context.ts'
import { clientError, placed } from '../graphql/errors.ts'
import { reasons } from '../graphql/live.ts'
import { isOperation, type Operation } from '../graphql/operations.ts'
import { type ErrorCode, Refusal } from '../lib/refusal.ts'
import { EventStream } from './event-stream.ts'
import { graphiql, renderPage } from './graphiql.ts'
import type { ServerParts } from './parts.ts'
import { addressOf, wantsEvents } from './request.ts'
import { Visitor } from './visitor.ts'

/** What Yoga carries along with a request. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Why it is not to be looked at any further. */
  readonly refusal?: Refusal
}

export interface HttpParts extends ServerParts {
  /** Told of an answer that will be an event stream, before anything of it is written. */
  readonly onStream: (response: ServerResponse) => void
}

/**
 * GraphQL over HTTP: Yoga reads requests and writes answers and event streams; what happens in between is `operations` and `live`, as on the
 * socket. Credentials come in the `Authorization` header of every request.
 */
export function createGraphQLOverHttp(parts: HttpParts) {
  const { schema, mask, settings } = parts
  return createYoga<Exchange>({
    schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    logging: false,
    batching: false,
    multipart: false,
    parserAndValidationCache: false,
    maskedErrors: { errorMessage: '', maskError: (error) => mask.error(error) },
    cors: (request) => {
      const origin = request.headers.get('origin') ?? ''
      return settings.corsOrigins.includes(origin)
        ? { origin: [origin], methods: ['GET', 'POST'], credentials: false, maxAge: 3600 }
        : false
    },
    graphiql: () => graphiql(),
    renderGraphiQL: renderPage,
    plugins: [gate(), road(parts)],
  })
}

/** Refuses what must not be executed before it is read, and says in our codes what is wrong with a request. */
function gate(): Plugin<object, Exchange> {
  return {
    onRequestParse({ request, requestParser, setRequestParser, serverContext }) {
      if (serverContext.refusal) throw withStatus(serverContext.refusal, statusOf[serverContext.refusal.code] ?? 400)
      if (!isDeliberate(request.headers)) throw withStatus(new Refusal('FORBIDDEN', crossSite), 403)
      if (!requestParser) return
      setRequestParser(async (read) => {
        try {
          return await requestParser(read)
        } catch (error) {
          // Whatever its client accepts: what cannot be read is no GraphQL request yet.
          const sentence = error instanceof GraphQLError ? error.message : 'The request cannot be read: its JSON is not whole.'
          throw withStatus(clientError('BAD_USER_INPUT', sentence), 400)
        }
      })
    },
    onResultProcess({ result, setResult }) {
      if (!('errors' in result) || Array.isArray(result)) return
      const { errors } = result as ExecutionResult
      if (errors?.some(hasForeignCode)) setResult({ ...result, errors: errors.map(withOurCode) })
    },
  }
}

/** From a request that has been read to its result, past Yoga's own parsing and executing. */
function road(parts: HttpParts): Plugin<object, Exchange> {
  return {
    onParams({ request, setParamsHandler }) {
      setParamsHandler(({ params, context }) => answer(parts, request, params, context as unknown as Exchange))
    },
  }
}

async function answer(parts: HttpParts, request: Request, params: GraphQLParams, { req, res }: Exchange) {
  const { operations, services, mask, settings } = parts
  if (params.operationName != null && typeof params.operationName !== 'string')
    return { errors: [withStatus(clientError('BAD_USER_INPUT', 'The operationName must be a string.'), 400)] }
  const operation = operations.prepare({ query: params.query!, operationName: params.operationName, variables: params.variables })
  if (!isOperation(operation)) return { errors: operation.map((error) => withStatus(error, 400, true)) }
  if (operation.kind === 'mutation' && request.method === 'GET')
    return { errors: [withStatus(clientError('BAD_USER_INPUT', 'Mutations are sent by POST.'), 405, false, { Allow: 'POST' })] }
  const authorization = req.headers.authorization
  const client = { userAgent: req.headers['user-agent'] ?? null, address: addressOf(req, settings.trustProxy) }
  try {
    if (operation.kind === 'subscription') return await follow(parts, operation, { req, res }, client)
    const { actor } = await authenticate(services, authorization)
    const result = await operations.run(operation, createContext(services, actor, client))
    // Without data it was not executed: the request was at fault.
    return result.data === undefined ? { errors: (result.errors ?? []).map(shownWithStatus) } : result
  } catch (error) {
    return { errors: reasons(error).map((reason) => shownWithStatus(mask.error(reason))) }
  }
}

async function follow(
  parts: HttpParts,
  operation: Operation,
  { req, res }: Exchange,
  client: { userAgent: string | null; address: string },
) {
  if (!wantsEvents(req))
    return { errors: [withStatus(clientError('BAD_USER_INPUT', 'Subscriptions need Accept: text/event-stream, or a WebSocket.'), 406)] }
  const { services, operations, live, mask, settings, onStream } = parts
  onStream(res)
  const visitor = new Visitor(parts, {
    reaches: (streamId, seq) => stream.reaches(streamId, seq),
    onEnd: (reason) => stream.end(reason),
    onLoss: (loss) => stream.recheck(loss),
  })
  const stream = new EventStream({
    mostBytes: settings.slowBytes,
    stuckMs: settings.stuckMs,
    show: (reason) => ({ errors: reasons(reason).map((one) => mask.error(one)) }),
    onClose: () => visitor.leave(),
    abandon: () => res.destroy(),
  })
  // However the client goes, also while nothing happens.
  res.once('close', () => void stream.return())
  if (res.closed) void stream.return()
  try {
    await visitor.enter(req.headers.authorization)
    const context = createContext(services, visitor.actor, client)
    operations.admit(operation, context)
    stream.follow(await live.open(operation, context, stream))
    return stream
  } catch (error) {
    void stream.return()
    throw error
  }
}

/**
 * Pages of other sites can send what forms can send, without being asked for leave first. Whatever has a header that forms cannot set was
 * sent on purpose.
 */
function isDeliberate(headers: Headers): boolean {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type && !formTypes.has(type)) return true
  return deliberateHeaders.some((name) => headers.has(name))
}

const formTypes = new Set(['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'])
const deliberateHeaders = ['authorization', 'x-requested-with', 'apollo-require-preflight']
const crossSite =
  'Send Content-Type: application/json, or a header X-Requested-With: without them a page of another site could have sent this.'

const statusOf: Partial<Record<ErrorCode | 'INTERNAL_SERVER_ERROR', number>> = {
  UNAUTHENTICATED: 401,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
}

function shownWithStatus(error: GraphQLError): GraphQLError {
  const status = statusOf[error.extensions.code as ErrorCode]
  return status === undefined ? withStatus(error, 400, true) : withStatus(error, status)
}

/** `isRequest`: a fault of the request, for which clients of plain `application/json` expect a 200. Errors are shared: it makes a new one. */
function withStatus(error: GraphQLError | Refusal, status: number, isRequest = false, headers: Record<string, string> = {}): GraphQLError {
  const http = { status, headers, ...(isRequest && { spec: true }) }
  return placed(error instanceof GraphQLError ? error : undefined, error.message, { ...error.extensions, http })
}

/** Yoga's own words for a request that is not one. */
const foreignCodes = new Set<unknown>([undefined, 'BAD_REQUEST', 'GRAPHQL_PARSE_FAILED', 'OPERATION_RESOLUTION_FAILURE'])

function hasForeignCode({ extensions }: GraphQLError): boolean {
  return foreignCodes.has(extensions?.code)
}

function withOurCode(error: GraphQLError): GraphQLError {
  if (!hasForeignCode(error)) return error
  const { originalError: _, ...extensions } = error.extensions
  return new GraphQLError(error.message, { extensions: { ...extensions, code: 'BAD_USER_INPUT' } })
}
