import { createSourceEventStream, type ExecutionResult, execute, parse } from 'graphql'
import { Following } from '../../src/engine/following.ts'
import { schema } from '../../src/features/schema.ts'
import type { Actor } from '../../src/graphql/actor.ts'
import { createContext } from '../../src/graphql/context.ts'
import type { StoredEvent } from '../../src/store/transact.ts'
import type { Domain } from './domain.ts'

type Variables = Record<string, unknown>

/** One event, as a subscription would show it to that actor: without an engine, so without waiting. */
export async function showEvent<Data = Record<string, unknown>>(
  { services }: Domain,
  actor: Actor,
  document: string,
  event: StoredEvent,
  variableValues: Variables = {},
): Promise<ExecutionResult<Data>> {
  const contextValue = createContext(services, actor)
  return (await execute({ schema, document: parse(document), variableValues, contextValue, rootValue: event })) as ExecutionResult<Data>
}

/** What a subscription follows, and by what right; or why it does not begin. */
export async function followingOf(
  { services }: Domain,
  actor: Actor,
  document: string,
  variableValues: Variables = {},
): Promise<{ following?: Following; errors?: ExecutionResult['errors'] }> {
  const contextValue = createContext(services, actor)
  const found = await createSourceEventStream({ schema, document: parse(document), variableValues, contextValue })
  if (found instanceof Following) return { following: found }
  return { errors: (found as ExecutionResult).errors }
}
