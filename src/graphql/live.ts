import { createSourceEventStream, type ExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql'
import { cursorExpired, readCursor } from '../engine/cursor.ts'
import { Following } from '../engine/following.ts'
import { Group, type Renderer } from '../engine/group.ts'
import type { Hub } from '../engine/hub.ts'
import type { Entry, LiveStream, Rendering } from '../engine/live-stream.ts'
import { Passing } from '../engine/passing.ts'
import { StreamReader } from '../engine/reader.ts'
import type { Reader, Sink } from '../engine/sink.ts'
import { notFound } from '../lib/refusal.ts'
import type { Context, Services } from './context.ts'
import { type Mask, rootOf } from './errors.ts'
import { createPassing } from './passing.ts'
import { type LiveOperation, shapeOf } from './shape.ts'
import { createShow, type Shown, showToAll } from './show.ts'

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
  const show = createShow({ schema, services, mask })
  const openPassing = createPassing(show)
  const groups = new Map<string, { group: Group; readers: number }>()

  async function open(operation: LiveOperation, context: Context, sink: Sink<ExecutionResult>): Promise<Reader> {
    const found = await source(operation, context)
    return found instanceof Passing ? openPassing(operation, context, found, sink) : openFollowing(operation, context, found, sink)
  }

  async function openFollowing(
    operation: LiveOperation,
    context: Context,
    following: Following,
    sink: Sink<ExecutionResult>,
  ): Promise<Reader> {
    const { streamId, mayFollow } = following.options
    const { stream, head, release } = await hub.hold(streamId)
    try {
      // The head was read; a removal that this does not see lies after it, and is met.
      await mayFollow()
      if (head === undefined) throw notFound('stream')
      const position = await positionOf(following, stream, head)
      if (position > head) throw cursorExpired()
      const next = position < head && !stream.inRing(position, 1) ? await stream.page(position) : undefined
      return join({ operation, context, following, stream, sink, position, next, release })
    } catch (error) {
      release()
      throw error
    }
  }

  async function positionOf({ options }: Following, stream: LiveStream, head: number): Promise<number> {
    const { streamId, after, beginsWith } = options
    if (after != null) return readCursor(after, streamId, services.epoch)
    return beginsWith === 'first kept' ? ((await stream.beforeFirstKept()) ?? head) : head
  }

  async function source({ document, operationName, variables }: LiveOperation, context: Context): Promise<Following | Passing> {
    const found = await createSourceEventStream({
      schema,
      document,
      operationName: operationName ?? null,
      variableValues: variables ?? null,
      contextValue: context,
    })
    if (found instanceof Following || found instanceof Passing) return found
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
    const toPerson = (shown: Shown) => show(operation, shown, actor.kind === 'person' ? actor.hearing(stream.id) : actor, client)
    let found = groups.get(key)
    if (!found || found.group.stream !== stream) {
      found = {
        group: new Group(
          key,
          stream,
          rendererOf(following, (entry) => showToAll(show, operation, entry, stream.id)),
        ),
        readers: 0,
      }
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
      renderForPerson: toPerson,
      renderState: ({ rows, ...state }, seq) => toPerson({ event: { ...state, streamId: stream.id, seq }, rows }),
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
  function rendererOf({ options }: Following, render: (entry: Entry) => Promise<Rendering>): Renderer {
    const personal = new Map<string, { left: number; readonly next: number }>()
    return {
      wants: ({ type }) => options.only === undefined || options.only.has(type),
      endsAccessOf: (event) => options.endsAccessOf?.(event),
      async render(entry) {
        const { type } = entry.event
        const known = personal.get(type)
        if (known && known.left-- > 0) return 'personal'
        const rendered = await render(entry)
        const left = known?.next ?? 1
        if (rendered === 'personal') personal.set(type, { left, next: Math.min(2 * left, mostUntried) })
        else personal.delete(type)
        return rendered
      },
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
