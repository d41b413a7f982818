import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionResult } from 'graphql'
import type { Resumable } from './resume.ts'

export interface ResumeEventsOptions {
  readonly url: string
  /** Asked anew for every connection. */
  readonly headers: () => Record<string, string>
  readonly signal: AbortSignal
}

/**
 * The same over Server-Sent Events: each event once, in order, none missing, through every lost connection. Throws the errors that end it
 * for good.
 */
export async function* resumeEvents<Data extends Record<string, unknown>>(
  { url, headers, signal }: ResumeEventsOptions,
  { query, operationName, variables }: Resumable,
): AsyncGenerator<ExecutionResult<Data>> {
  let after = variables.after
  for (let waitMs = 100; !signal.aborted; waitMs = Math.min(2 * waitMs, 10_000)) {
    const body = JSON.stringify({ query, operationName, variables: { ...variables, after } })
    const accept = { 'content-type': 'application/json', accept: 'text/event-stream' }
    try {
      const response = await fetch(url, { method: 'POST', headers: { ...headers(), ...accept }, body, signal })
      for await (const result of readResults<Data>(response)) {
        // An event may have errors of its own; without data it is the last word.
        if (result.data === undefined) throw new Ended(result.errors ?? [])
        const event = Object.values(result.data ?? {})[0] as { cursor?: string } | null | undefined
        after = event?.cursor ?? after
        waitMs = 100
        yield result
      }
    } catch (error) {
      const code = error instanceof Ended ? error.errors[0]?.extensions?.code : undefined
      if (error instanceof Ended && code !== 'TOO_SLOW') throw error
    }
    await sleep(waitMs / 2 + (Math.random() * waitMs) / 2, undefined, { signal }).catch(() => {})
  }
}

export class Ended extends Error {
  readonly errors: NonNullable<ExecutionResult['errors']>

  constructor(errors: NonNullable<ExecutionResult['errors']>) {
    super(errors.map(({ message }) => message).join('\n'))
    this.errors = errors
  }
}

/** A request that was refused is answered in JSON; what a proxy answers for a server that is away is worth another try. */
async function* readResults<Data>(response: Response): AsyncGenerator<ExecutionResult<Data>> {
  if (response.status >= 500 || !response.body) return
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return yield await response.json()
  let text = ''
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + part).split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const data = /^event: next\ndata: (.*)/.exec(block)?.[1]
      if (data) yield JSON.parse(data)
    }
  }
}
