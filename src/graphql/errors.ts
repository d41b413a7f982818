import { randomUUID } from 'node:crypto'
import { type ExecutionResult, GraphQLError } from 'graphql'
import { type ErrorCode, errorCodes, Refusal } from '../lib/refusal.ts'

/** Makes errors fit to be shown to anybody. What it has made it leaves as it is. */
export interface Mask {
  /** Answers an error with a code; whatever was not foreseen is told to the operator, and to nobody else. */
  error(error: unknown): GraphQLError
  result<Result extends ExecutionResult>(result: Result): Result
}

/** Hears of what was not foreseen: the id that the client was given, and the error with its stack. */
export type Report = (id: string, error: unknown) => void

/**
 * Refusals are shown with their code, however deep GraphQL has wrapped them. GraphQL's own complaints about a document or its variables are
 * the client's: BAD_USER_INPUT. All others are bugs, or a broken neighbour: the client gets an id that stands beside the stack in the log.
 */
export function createMask(report: Report): Mask {
  const shown = new WeakSet<GraphQLError>()
  const show = (error: unknown): GraphQLError => {
    const known = error instanceof GraphQLError && shown.has(error) ? error : showable(error)
    const finished = known ?? unforeseen(error, report)
    shown.add(finished)
    return finished
  }
  return {
    error: show,
    result: (result) => (result.errors?.length ? { ...result, errors: result.errors.map(show) } : result),
  }
}

/** An error of the client's making, outside of any field. */
export function clientError(code: ErrorCode, sentence: string, details: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(sentence, { extensions: { code, ...details } })
}

function showable(error: unknown): GraphQLError | undefined {
  const root = rootOf(error)
  const place = error instanceof GraphQLError ? error : undefined
  if (root instanceof Refusal) return placed(place, place?.message ?? root.message, root.extensions)
  if (!(root instanceof GraphQLError)) return undefined
  const { code } = root.extensions
  if (typeof code === 'string' && codes.has(code)) return placed(place, root.message, root.extensions)
  // What a resolver answered could not be written as its type says: that has a path, and no place in the document of its own.
  if (place?.path && !root.nodes) return undefined
  const { originalError: _, ...extensions } = root.extensions
  return placed(place, (place ?? root).message, { ...extensions, code: 'BAD_USER_INPUT' })
}

/** What was thrown, under what GraphQL has wrapped around it. */
export function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError) root = root.originalError
  return root
}

/** An error at the same place. Without the original error: whoever serialises it shall have nothing to leak. */
export function placed(place: GraphQLError | undefined, message: string, extensions: Record<string, unknown>): GraphQLError {
  if (!place) return new GraphQLError(message, { extensions })
  const { nodes, source, positions, path } = place
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  })
}

function unforeseen(error: unknown, report: Report): GraphQLError {
  const id = randomUUID()
  report(id, rootOf(error))
  const place = error instanceof GraphQLError ? error : undefined
  return placed(place, `Something went wrong here (id ${id}).`, { code: 'INTERNAL_SERVER_ERROR' })
}

const codes: ReadonlySet<string> = new Set([...errorCodes, 'INTERNAL_SERVER_ERROR'])
