import { createSourceEventStream, type ExecutionResult, execute, GraphQLError, type GraphQLSchema } from 'graphql'
import { cursorExpired, readCursor } from '../engine/cursor.ts'
import { Following } from '../engine/following.ts'
import { Group, type Renderer } from '../engine/group.ts'
import type { Hub } from '../engine/hub.ts'
import type { Entry, LiveStream } from '../engine/live-stream.ts'
import { StreamReader } from '../engine/reader.ts'
import { type Reader, Rendered, type Sink } from '../engine/sink.ts'
import { notFound } from '../lib/refusal.ts'
import { isLostConnection } from '../store/failures.ts'
import { type Actor, Audience } from './actor.ts'
import { type Context, createContext, type Services } from './context.ts'
import { type Mask, rootOf } from './errors.ts'
import type { Known } from './loaders.ts'
import { type LiveOperation, shapeOf } from './shape.ts'

/** A subscription that did not begin: what GraphQL found wrong with its variables or its arguments. */
class ExecutionFailed extends Error {
  readonly errors: readonly GraphQLError[]

  constructor(errors: readonly GraphQLError[]) {
    super(errors.map(({ message }) => message).join('\n'))
    this.name = 'ExecutionFailed'
    this.errors = errors
  }
}

/** What ended an operation, as it was before a protocol wrapped it: GraphQL may have found several things wrong. */
export function reasons(error: unknown): readonly unknown[] {
  const root = rootOf(error)
  return root instanceof ExecutionFailed ? root.errors : [error]
}

/** Subscriptions as people ask for them, joined so that what is the same for many is executed once. */
export interface Live {
  /** Resolves with a reader that holds its place, or rejects with the reason why it may not or cannot follow. */
  open(operation: LiveOperation, context: Context, sink: Sink<ExecutionResult>): Promise<Reader>
  /** How many groups there are: for tests and metrics. */
  readonly groups: number
}

export interface LiveOptions {
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly hub: Hub
  readonly mask: Mask
}

export function createLive({ schema, services, hub, mask }: LiveOptions): Live {
  const groups = new Map<string, { group: Group; readers: number }>()

  async function open(operation: LiveOperation, context: Context, sink: Sink<ExecutionResult>): Promise<Reader> {
    const following = await source(operation, context)
    const { streamId, after, mayFollow } = following.options
    const { stream, head, release } = await hub.hold(streamId)
    try {
      // The head was read; a removal that this does not see lies after it, and is met.
      await mayFollow()
      if (head === undefined) throw notFound('stream')
      const position = after == null ? head : readCursor(after, streamId, services.epoch)
      if (position > head) throw cursorExpired()
      const next = position < head && !stream.inRing(position, 1) ? await stream.page(position) : undefined
      return join({ operation, context, following, stream, sink, position, next, release })
    } catch (error) {
      release()
      throw error
    }
  }

  async function source({ document, operationName, variables }: LiveOperation, context: Context): Promise<Following> {
    const found = await createSourceEventStream({
      schema,
      document,
      operationName: operationName ?? null,
      variableValues: variables ?? null,
      contextValue: context,
    })
    if (found instanceof Following) return found
    throw new ExecutionFailed('errors' in found ? (found.errors ?? []) : [new GraphQLError('This subscription cannot be followed.')])
  }

  interface Joining {
    operation: LiveOperation
    context: Context
    following: Following
    stream: LiveStream
    sink: Sink<ExecutionResult>
    position: number
    next: readonly Entry[] | undefined
    release: () => void
  }

  function join({ operation, context, following, stream, sink, position, next, release }: Joining): Reader {
    const key = `${stream.id} ${shapeOf(operation)}`
    // Not the context itself: what it has loaded would be kept for as long as the subscription.
    const { actor, client } = context
    const show: Show = (entry, as) => executeEvent(operation, entry, as, as.kind === 'person' ? client : undefined)
    let found = groups.get(key)
    if (!found || found.group.stream !== stream) {
      found = { group: new Group(key, stream, rendererOf(following, show)), readers: 0 }
      groups.set(key, found)
    }
    const mine = found
    mine.readers++
    return new StreamReader({
      group: mine.group,
      following,
      sink: sink as Sink,
      position,
      next,
      renderForPerson: async (entry) => new Rendered(await show(entry, actor.kind === 'person' ? actor.hearing(stream.id) : actor)),
      onClose() {
        release()
        if (--mine.readers > 0) return
        mine.group.close()
        if (groups.get(key) === mine) groups.delete(key)
      },
    })
  }

  /**
   * Tries every event for everybody at once, but for types of event that turned out to have another answer for each person. Those are tried
   * again, ever more rarely: what asked may have been one message among thousands, such as a forward.
   */
  function rendererOf({ options }: Following, show: Show): Renderer {
    const personal = new Map<string, { left: number; readonly next: number }>()
    return {
      wants: ({ type }) => options.only === undefined || options.only.has(type),
      endsAccessOf: (event) => options.endsAccessOf?.(event),
      async render(entry) {
        const { type, streamId } = entry.event
        const known = personal.get(type)
        if (known && known.left-- > 0) return 'personal'
        const audience = new Audience(streamId)
        const rendered = new Rendered(await show(entry, audience))
        // Serialising is part of it: whatever asks does so before the flag is read.
        void rendered.json
        if (audience.askedFor === undefined) {
          personal.delete(type)
          return rendered
        }
        const left = known?.next ?? 1
        personal.set(type, { left, next: Math.min(2 * left, mostUntried) })
        return 'personal'
      },
    }
  }

  type Show = (entry: Entry, as: Actor) => Promise<ExecutionResult>

  /**
   * A context of its own for every execution: nothing that one found out is there for the next. Rejects when the database could not be
   * reached: an event half shown would count as delivered, and never be shown whole.
   */
  async function executeEvent(operation: LiveOperation, entry: Entry, actor: Actor, client?: Context['client']): Promise<ExecutionResult> {
    const contextValue = createContext(services, actor, client, entry.rows as readonly Known[] | undefined)
    try {
      const result = await execute({
        schema,
        document: operation.document,
        operationName: operation.operationName ?? null,
        variableValues: operation.variables ?? null,
        rootValue: entry.event,
        contextValue,
      })
      const lost = result.errors?.map(rootOf).find(isLostConnection)
      if (lost !== undefined) throw lost
      // An answer that the audience was asked for is thrown away: its errors are nobody's.
      const isForNobody = actor.kind === 'audience' && actor.askedFor !== undefined
      return isForNobody ? result : mask.result(result)
    } catch (error) {
      if (isLostConnection(error)) throw error
      return { errors: [mask.error(error)] }
    } finally {
      contextValue.loaders.close()
    }
  }

  return {
    open,
    get groups() {
      return groups.size
    },
  }
}

/** Of a type of event that always asks, one in so many is executed in vain. */
const mostUntried = 64
