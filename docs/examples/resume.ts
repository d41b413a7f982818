import type { Client, ExecutionResult, Sink } from 'graphql-ws'

/** A subscription with a variable `after`, whose field selects `cursor` and, where it has one, `seq`. */
export interface Resumable {
  readonly query: string
  readonly operationName?: string
  readonly variables: Record<string, unknown>
}

/**
 * Follows a stream through every lost connection: each event once, in order, none missing. A stock client repeats its old variables when it
 * reconnects, so this keeps `after` at the last event received. What ends it for good comes as `sink.error`. Make the client with
 * `retryAttempts: Infinity`, `shouldRetry: () => true` and a `retryWait` that does not grow for ever: by default it gives up after five
 * attempts, and at the first refused connection.
 */
export function resume<Data extends Record<string, unknown>>(
  client: Client,
  { query, operationName, variables }: Resumable,
  sink: Sink<ExecutionResult<Data>>,
): () => void {
  const payload = { query, ...(operationName ? { operationName } : {}), variables: { ...variables } }
  let lastSeq = -1
  return client.subscribe<Data>(payload, {
    ...sink,
    next(result) {
      const event = Object.values(result.data ?? {})[0] as { cursor?: string; seq?: number } | null | undefined
      // Already seen: a server may show an event twice, and showing it again changes nothing.
      if (event?.seq !== undefined && event.seq <= lastSeq) return
      if (event?.seq !== undefined) lastSeq = event.seq
      if (event?.cursor) payload.variables.after = event.cursor
      sink.next(result as ExecutionResult<Data>)
    },
    error: (reason) => sink.error(reason),
    complete: () => sink.complete(),
  })
}
