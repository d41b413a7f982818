import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { Rendered } from '../engine/sink.ts'
import { frameOf, wholeFrame } from './frames.ts'

/** An operation that gets frames. */
export interface Recipient {
  readonly tail: Buffer
  /** The client wants no more of it: what is queued for it is dropped. */
  readonly isGone: boolean
}

export interface OutboxOptions {
  readonly slowBytes: number
  readonly stuckBytes: number
  readonly stuckMs: number
}

/**
 * All messages that go to one socket, in their order. Those of a tick go out in one write, beside ws, as whole frames; only pings and the
 * close frame are ws's own. A socket that does not drain is closed with 1013: its client comes back and reads on from its cursors.
 */
export class Outbox {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #options: OutboxOptions
  /** What is queued: a frame, and beside it who gets it. The arrays are kept from tick to tick, so only `#count` says how much that is. */
  #frames: Buffer[] = []
  #recipients: Recipient[] = []
  #count = 0
  #queuedBytes = 0
  /** Whether the kernel had not taken everything when it was looked at last; then it is asked again. */
  #isBehind = false
  #waiting: (() => void)[] = []
  #stuck: NodeJS.Timeout | undefined

  constructor(ws: WebSocket, socket: Socket, options: OutboxOptions) {
    // Frames may be written beside ws only while ws itself writes whole frames at once: never with compression.
    if (ws.extensions !== '') throw new Error(`Extensions are off, but this socket has ${ws.extensions}.`)
    this.#ws = ws
    this.#socket = socket
    this.#options = options
    socket.on('drain', () => this.#look())
    ws.once('close', () => this.#forget())
  }

  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN
  }

  /** Bytes that the client has not taken yet, as far as this process can know. */
  get unsentBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength
  }

  get isFull(): boolean {
    const unsentBytes = this.#isBehind ? this.unsentBytes : this.#queuedBytes
    return unsentBytes >= this.#options.slowBytes && this.isOpen
  }

  /** Resolves when it is no longer full, or the socket is gone. */
  drained(): Promise<void> {
    if (!this.isFull) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** Queues a `next` message, to be written by the end of this tick. */
  deliver(rendered: Rendered, recipient: Recipient): void {
    this.#queue(frameOf(rendered, recipient.tail.length), recipient)
  }

  /** Queues a message of the protocol's own: answers that are due in one tick go out together. */
  send(text: string): void {
    if (this.isOpen) this.#queue(wholeFrame(text), everybody)
  }

  #queue(frame: Buffer, recipient: Recipient): void {
    this.#frames[this.#count] = frame
    this.#recipients[this.#count] = recipient
    if (this.#count++ === 0) schedule(this)
    this.#queuedBytes += frame.length + recipient.tail.length
  }

  /** Closes the socket, after everything queued. */
  close(code: number, reason: string): void {
    this.flush()
    this.#ws.close(code, reason)
  }

  /** Writes what is queued. With `last`, sockets that are owed the same frames share one buffer. */
  flush(last = new LastWrite()): void {
    const queued = this.#count
    if (queued === 0) return
    const wanted = this.#leaveOutGone()
    if (wanted > 0 && this.isOpen) last.write(this.#socket, this.#frames, this.#recipients, wanted)
    this.#empty()
    this.#look()
  }

  /** Moves what is wanted to the front, and answers how much that is. */
  #leaveOutGone(): number {
    let kept = 0
    for (let index = 0; index < this.#count; index++) {
      const recipient = this.#recipients[index]!
      if (recipient.isGone) continue
      this.#frames[kept] = this.#frames[index]!
      this.#recipients[kept++] = recipient
    }
    return kept
  }

  /** Also lets go of what it held. */
  #empty(): void {
    if (this.#count > mostKept) {
      this.#frames = []
      this.#recipients = []
    } else {
      for (let index = 0; index < this.#count; index++) {
        this.#frames[index] = nothing
        this.#recipients[index] = nobody
      }
    }
    this.#count = 0
    this.#queuedBytes = 0
  }

  /** After every write, and when the kernel has taken everything. */
  #look(): void {
    this.#isBehind = this.#socket.writableLength > 0
    if (!this.isFull) {
      if (this.#stuck) clearTimeout(this.#stuck)
      this.#stuck = undefined
      if (this.#waiting.length > 0) this.#wake()
      return
    }
    if (this.unsentBytes >= this.#options.stuckBytes) this.#ws.close(1013, 'Too much is unsent')
    else this.#stuck ??= setTimeout(() => this.#ws.close(1013, 'Too slow'), this.#options.stuckMs)
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #forget(): void {
    clearTimeout(this.#stuck)
    this.#empty()
    this.#wake()
  }
}

const nothing = Buffer.alloc(0)
const nobody: Recipient = { tail: nothing, isGone: true }
const everybody: Recipient = { tail: nothing, isGone: false }
const mostKept = 64

let dirty: Outbox[] = []

/** One immediate for all sockets that are owed something in this tick. */
function schedule(outbox: Outbox): void {
  if (dirty.push(outbox) === 1) setImmediate(flushAll)
}

function flushAll(): void {
  const due = dirty
  dirty = []
  const last = new LastWrite()
  for (const outbox of due) outbox.flush(last)
}

/**
 * Most sockets of a tick are owed the same frames, so the last buffer is used again and only the tails are overwritten: as long as the
 * kernel took it whole. Node hands a buffer to the kernel before `write` returns, or keeps it and says so by `writableLength`.
 */
class LastWrite {
  #frames: readonly Buffer[] = []
  #buffer: Buffer | undefined

  write(socket: Socket, frames: readonly Buffer[], recipients: readonly Recipient[], count: number): void {
    let buffer = this.#isSame(frames, count) ? this.#buffer : undefined
    if (!buffer) {
      this.#frames = frames.slice(0, count)
      buffer = assemble(this.#frames, recipients)
    }
    writeTails(buffer, this.#frames, recipients)
    socket.write(buffer)
    this.#buffer = socket.writableLength === 0 ? buffer : undefined
  }

  /** Frames are built for a length of tail: the same frames have their tails in the same places. */
  #isSame(frames: readonly Buffer[], count: number): boolean {
    if (count !== this.#frames.length) return false
    for (let index = 0; index < count; index++) if (frames[index] !== this.#frames[index]) return false
    return true
  }
}

/** With room for the tails. */
function assemble(frames: readonly Buffer[], recipients: readonly Recipient[]): Buffer {
  let bytes = 0
  for (let index = 0; index < frames.length; index++) bytes += frames[index]!.length + recipients[index]!.tail.length
  const buffer = Buffer.allocUnsafe(bytes)
  let at = 0
  for (let index = 0; index < frames.length; index++) {
    buffer.set(frames[index]!, at)
    at += frames[index]!.length + recipients[index]!.tail.length
  }
  return buffer
}

function writeTails(buffer: Buffer, frames: readonly Buffer[], recipients: readonly Recipient[]): void {
  let at = 0
  for (let index = 0; index < frames.length; index++) {
    const { tail } = recipients[index]!
    at += frames[index]!.length
    buffer.set(tail, at)
    at += tail.length
  }
}
