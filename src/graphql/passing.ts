import type { ExecutionResult } from 'graphql'
import type { Rendering } from '../engine/live-stream.ts'
import type { Passing } from '../engine/passing.ts'
import { PassingReader } from '../engine/passing-reader.ts'
import type { Reader, Sink } from '../engine/sink.ts'
import type { Context } from './context.ts'
import { type LiveOperation, shapeOf } from './shape.ts'
import { type Show, showToAll } from './show.ts'

/** Subscriptions to what passes. A state that is told to many is executed and serialised once for all of them who ask the same. */
export function createPassing(show: Show) {
  /** Of each state, what was made of it. */
  const renderings = new WeakMap<object, Map<string, Promise<Rendering>>>()

  function renderForAll(key: string, state: object, render: () => Promise<Rendering>): Promise<Rendering> {
    const kept = renderings.get(state) ?? new Map<string, Promise<Rendering>>()
    renderings.set(state, kept)
    const found = kept.get(key)
    if (found) return found
    const rendering = render().catch((error) => {
      kept.delete(key)
      throw error
    })
    kept.set(key, rendering)
    return rendering
  }

  /** Resolves with a reader that gathers already, or rejects with the reason why it may not or cannot follow. */
  return async (operation: LiveOperation, { actor, client }: Context, passing: Passing, sink: Sink<ExecutionResult>): Promise<Reader> => {
    const { audience, mayFollow } = passing.options
    const key = audience && `${audience} ${shapeOf(operation)}`
    const reader = new PassingReader({
      passing,
      sink: sink as Sink,
      async render(state) {
        const shared = key && audience && (await renderForAll(key, state, () => showToAll(show, operation, { event: state }, audience)))
        if (shared && shared !== 'personal') return shared
        return show(operation, { event: state }, actor, client)
      },
    })
    await mayFollow()
    await reader.open()
    return reader
  }
}
