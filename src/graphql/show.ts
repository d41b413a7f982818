import { type ExecutionResult, execute, type GraphQLSchema } from 'graphql'
import type { Rendering } from '../engine/live-stream.ts'
import { Rendered } from '../engine/sink.ts'
import { isLostConnection } from '../store/failures.ts'
import { type Actor, Audience } from './actor.ts'
import { type Client, createContext, type Services } from './context.ts'
import { type Mask, rootOf } from './errors.ts'
import type { Known } from './loaders.ts'
import type { LiveOperation } from './shape.ts'

/** What a subscription is executed about: an event or a state, and rows that showing it needs. */
export interface Shown {
  readonly event: unknown
  readonly rows?: unknown
}

/** Rejects when the database could not be reached: an event half shown would count as delivered, and never be shown whole. */
export type Show = (operation: LiveOperation, shown: Shown, as: Actor, client?: Client) => Promise<Rendered<ExecutionResult>>

export interface ShowOptions {
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly mask: Mask
}

/** A context of its own for every execution: nothing that one found out is there for the next. */
export function createShow({ schema, services, mask }: ShowOptions): Show {
  return async (operation, { event, rows }, actor, client) => {
    const contextValue = createContext(services, actor, client, rows as readonly Known[] | undefined)
    try {
      const result = await execute({
        schema,
        document: operation.document,
        operationName: operation.operationName ?? null,
        variableValues: operation.variables ?? null,
        rootValue: event,
        contextValue,
      })
      const lost = result.errors?.map(rootOf).find(isLostConnection)
      if (lost !== undefined) throw lost
      // An answer that the audience was asked for is thrown away: its errors are nobody's.
      const isForNobody = actor.kind === 'audience' && actor.askedFor !== undefined
      return new Rendered(isForNobody ? result : mask.result(result), contextValue.staleAt)
    } catch (error) {
      if (isLostConnection(error)) throw error
      return new Rendered({ errors: [mask.error(error)] })
    } finally {
      contextValue.loaders.close()
    }
  }
}

/** Once for everybody who may follow that stream, or 'personal' where it turned out to depend on who looks. */
export async function showToAll(show: Show, operation: LiveOperation, shown: Shown, streamId: string): Promise<Rendering> {
  const audience = new Audience(streamId)
  const rendered = await show(operation, shown, audience)
  // Serialising is part of it: whatever asks does so before the flag is read.
  void rendered.json
  return audience.askedFor === undefined ? rendered : 'personal'
}
