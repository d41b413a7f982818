import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Loss } from '../engine/sink.ts'
import { type Client, type Context, createContext } from '../graphql/context.ts'
import { isOperation, type Operation } from '../graphql/operations.ts'
import { badInput, Refusal } from '../lib/refusal.ts'
import { Device } from './device.ts'
import type { Outbox } from './outbox.ts'
import type { ServerParts } from './parts.ts'
import { SocketSubscription } from './socket-subscription.ts'
import { Visitor } from './visitor.ts'

/** What an operation is executed with, as graphql-ws hands it on. */
export interface SocketArgs extends ExecutionArgs {
  readonly connection: Connection
  readonly operationId: string
  readonly operation: Operation
}

export interface ConnectionOptions {
  readonly ws: WebSocket
  readonly outbox: Outbox
  readonly client: Omit<Client, 'prolong' | 'device'>
}

/** Takes a message; resolves when all that it led to is over: for an operation, when it has ended. */
export type Receive = (message: string) => Promise<void>

/** One socket: who it is, what runs on it, and how it ends. graphql-ws keeps the protocol. Nothing that an operation does closes it. */
export class Connection {
  readonly #parts: ServerParts
  readonly #options: ConnectionOptions
  readonly #client: Client
  readonly #visitor: Visitor
  readonly #device = new Device()
  /** By the id that the client gave it. */
  readonly #operations = new Map<string, Running>()
  #count = 0
  /** Of the messages that asked for them: documents and variables are held for as long as they run. */
  #characters = 0
  #pinging: NodeJS.Timeout
  #hasPong = true

  constructor(parts: ServerParts, options: ConnectionOptions) {
    this.#parts = parts
    this.#options = options
    const prolong = (sessionId: string, expiresAt: Date) => this.#visitor.prolong(sessionId, expiresAt)
    this.#client = { ...options.client, prolong, device: this.#device }
    this.#visitor = new Visitor(parts, {
      reaches: (streamId, seq) => this.#reaches(streamId, seq),
      onEnd: (reason) => this.close(4403, reason.message),
      onLoss: (loss) => this.#recheck(loss),
    })
    this.#pinging = setInterval(() => this.#ping(), parts.settings.pingMs)
    options.ws.on('pong', () => {
      this.#hasPong = true
    })
    options.ws.once('close', () => {
      clearInterval(this.#pinging)
      this.#visitor.leave()
      this.#device.leave()
    })
  }

  /** For connection_init. False closes the socket with 4403. */
  async enter(connectionParams: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    try {
      await this.#visitor.enter(authorizationIn(connectionParams))
      return true
    } catch (error) {
      if (error instanceof Refusal && error.code === 'UNAUTHENTICATED') return false
      // Its client comes back after a while, as for all codes but those that say that it never may.
      if (error instanceof Refusal) this.close(1013, 'Too many sockets')
      else this.close(1013, this.#parts.mask.error(error).message)
      return false
    }
  }

  /**
   * Hands a message to the protocol. An id that its client has completed and uses again waits until its former operation is over: the
   * protocol would take the end of the one for the end of the other.
   */
  async receive(text: string, protocol: Receive): Promise<void> {
    const { type, id } = parse(text)
    if (type === 'complete' && id !== undefined) {
      const running = this.#operations.get(id)
      if (running) running.isLeft = true
      if (running?.isWaiting) return
    }
    if (type !== 'subscribe' || id === undefined) return protocol(text)
    const former = this.#operations.get(id)
    if (former && !former.isLeft) return protocol(text)
    const running = new Running(former !== undefined)
    running.isOver = this.#operate(running, former?.isOver, () => protocol(text))
    this.#operations.set(id, running)
    this.#characters += text.length
    await running.isOver.finally(() => {
      this.#characters -= text.length
      if (this.#operations.get(id) === running) this.#operations.delete(id)
    })
  }

  /** Whether an operation may run: what to run, or what to tell the client instead. Never rejects. */
  async prepare(operationId: string, payload: SubscribePayload): Promise<SocketArgs | readonly GraphQLError[]> {
    const { operations, mask, schema, services, settings } = this.#parts
    try {
      if (operationId.length > mostIdCharacters) throw badInput('id', `At most ${mostIdCharacters} characters, please.`)
      if (this.#count > settings.subscriptionsPerSocket)
        throw new Refusal('RATE_LIMITED', `At most ${settings.subscriptionsPerSocket} operations at once on a socket: end others first.`)
      if (this.#characters > settings.operationCharacters)
        throw new Refusal(
          'RATE_LIMITED',
          `At most ${settings.operationCharacters} characters of operations at once on a socket: end others first.`,
        )
      await this.#visitor.requireAlive()
      const operation = operations.prepare(payload)
      if (!isOperation(operation)) return operation
      return {
        schema,
        document: operation.document,
        operationName: operation.operationName ?? null,
        variableValues: operation.variables ?? null,
        contextValue: createContext(services, this.#visitor.actor, this.#client),
        connection: this,
        operationId,
        operation,
      }
    } catch (error) {
      return [mask.error(error)]
    }
  }

  /** Runs a query or a mutation. */
  execute({ operation, contextValue }: SocketArgs): Promise<ExecutionResult> {
    return this.#parts.operations.run(operation, contextValue as Context)
  }

  /** Follows. What refuses it ends this operation alone, as what ends it later does. */
  async subscribe({ operation, operationId, contextValue }: SocketArgs): Promise<SocketSubscription> {
    const subscription = new SocketSubscription(operationId, this.#options.outbox)
    const running = this.#operations.get(operationId)
    if (running) {
      running.settle()
      // Before its right is asked for: what takes it meanwhile finds it.
      running.subscription = subscription
    }
    const { operations, live } = this.#parts
    try {
      operations.admit(operation, contextValue as Context)
      subscription.follow(await live.open(operation, contextValue as Context, subscription))
    } catch (error) {
      subscription.end(error instanceof Error ? error : new Error(String(error)))
    }
    return subscription
  }

  /** Closes once the queries and mutations that were asked for have been answered. */
  async drain(): Promise<void> {
    await Promise.all([...this.#operations.values()].map(({ isSettled }) => isSettled))
    this.close(1012, 'Restarting')
  }

  close(code: number, reason: string): void {
    // What a close frame can hold.
    this.#options.outbox.close(
      code,
      Buffer.from(reason)
        .subarray(0, 120)
        .toString()
        .replace(/\ufffd$/, ''),
    )
  }

  async #operate(running: Running, former: Promise<void> | undefined, protocol: () => Promise<void>): Promise<void> {
    await former
    running.isWaiting = false
    // Completed while it waited: it never began.
    if (running.isLeft) return running.settle()
    this.#count++
    try {
      await protocol()
    } finally {
      this.#count--
      running.settle()
    }
  }

  async #reaches(streamId: string, seq: number): Promise<void> {
    await Promise.all([...this.#operations.values()].map(({ subscription }) => subscription?.reaches(streamId, seq)))
  }

  #recheck(loss: Loss): void {
    for (const { subscription } of this.#operations.values()) subscription?.recheck(loss)
  }

  #ping(): void {
    const { ws, outbox } = this.#options
    if (!outbox.isOpen) return
    if (this.#hasPong) ws.ping()
    else ws.terminate()
    this.#hasPong = false
  }
}

/** An operation, from the message that asks for it to its end. */
class Running {
  /** The client has completed it. */
  isLeft = false
  /** For the end of the one that had its id before. */
  isWaiting: boolean
  isOver: Promise<void> = Promise.resolve()
  /** It has been answered, or turned out to be a subscription, which ends when its client wants. */
  readonly isSettled: Promise<void>
  settle: () => void = () => {}
  subscription: SocketSubscription | undefined

  constructor(isWaiting: boolean) {
    this.isWaiting = isWaiting
    this.isSettled = new Promise((resolve) => {
      this.settle = resolve
    })
  }
}

/** Ids are echoed in every message. */
const mostIdCharacters = 256

/** Only what is needed to tell operations apart: whether the message is any good is for the protocol to say. */
function parse(text: string): { type?: unknown; id?: string } {
  try {
    const message = JSON.parse(text)
    return { type: message?.type, ...(typeof message?.id === 'string' && { id: message.id }) }
  } catch {
    return {}
  }
}

function authorizationIn(connectionParams: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const found = Object.entries(connectionParams ?? {}).find(([name]) => name.toLowerCase() === 'authorization')
  if (found === undefined || found[1] == null) return undefined
  // What is no text is no token, and not the same as none.
  return typeof found[1] === 'string' ? found[1] : 'no text'
}
