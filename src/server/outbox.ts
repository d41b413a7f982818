import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { Rendered } from '../engine/sink.ts'
import { frameOf } from './frames.ts'

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
 * All that goes to one socket, in its order. The frames of a tick go out in one write, beside ws, as whole frames; every other message goes
 * through ws, after what is queued. A socket that does not drain is closed with 1013: its client comes back and reads on from its cursors.
 */
export class Outbox {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #options: OutboxOptions
  #recipients: Recipient[] = []
  #frames: Buffer[] = []
  #queuedBytes = 0
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
    return this.#queuedBytes + this.#ws.bufferedAmount
  }

  get isFull(): boolean {
    return this.isOpen && this.unsentBytes >= this.#options.slowBytes
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
    if (!this.isOpen) return
    const frame = frameOf(rendered, recipient.tail.length)
    this.#recipients.push(recipient)
    this.#frames.push(frame)
    this.#queuedBytes += frame.length + recipient.tail.length
    schedule(this)
  }

  /** Sends a message of the protocol's own, after everything queued. */
  send(text: string): void {
    this.flush()
    if (this.isOpen) this.#ws.send(text)
    this.#look()
  }

  /** Closes the socket, after everything queued. */
  close(code: number, reason: string): void {
    this.flush()
    this.#ws.close(code, reason)
  }

  /** Writes what is queued. With `last`, sockets that are owed the same frames share one buffer. */
  flush(last?: LastWrite): void {
    const recipients = this.#recipients
    const frames = this.#frames
    if (frames.length === 0) return
    this.#recipients = []
    this.#frames = []
    this.#queuedBytes = 0
    if (!this.isOpen) return
    const wanted = recipients.some(({ isGone }) => isGone) ? withoutGone(recipients, frames) : { recipients, frames }
    if (wanted.frames.length === 0) {
      // Nobody wants any of it.
    } else if (last) last.write(this.#socket, wanted.frames, wanted.recipients)
    else this.#socket.write(assemble(wanted.frames, wanted.recipients))
    this.#look()
  }

  /** After every write, and when the kernel has taken everything. */
  #look(): void {
    if (!this.isFull) {
      clearTimeout(this.#stuck)
      this.#stuck = undefined
      this.#wake()
      return
    }
    if (this.unsentBytes >= this.#options.stuckBytes) this.#ws.close(1013, 'Too much is unsent')
    else this.#stuck ??= setTimeout(() => this.#ws.close(1013, 'Too slow'), this.#options.stuckMs)
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #forget(): void {
    clearTimeout(this.#stuck)
    this.#recipients = []
    this.#frames = []
    this.#queuedBytes = 0
    dirty.delete(this)
    this.#wake()
  }
}

const dirty = new Set<Outbox>()
let isScheduled = false

/** One immediate for all sockets that are owed something in this tick. */
function schedule(outbox: Outbox): void {
  dirty.add(outbox)
  if (isScheduled) return
  isScheduled = true
  setImmediate(() => {
    isScheduled = false
    const last = new LastWrite()
    for (const one of dirty) {
      dirty.delete(one)
      one.flush(last)
    }
  })
}

/**
 * Most sockets of a tick are owed the same frames, so the last buffer is used again and only the tails are overwritten: as long as the
 * kernel took it whole. Node hands a buffer to the kernel before `write` returns, or keeps it and says so by `writableLength`.
 */
class LastWrite {
  #frames: readonly Buffer[] | undefined
  #buffer: Buffer | undefined

  write(socket: Socket, frames: readonly Buffer[], recipients: readonly Recipient[]): void {
    let buffer = this.#isSame(frames) ? this.#buffer : undefined
    if (buffer) writeTails(buffer, frames, recipients)
    else buffer = assemble(frames, recipients)
    this.#frames = frames
    this.#buffer = buffer
    socket.write(buffer)
    if (socket.writableLength !== 0) this.#buffer = undefined
  }

  /** Frames are built for a length of tail: the same frames have their tails in the same places. */
  #isSame(frames: readonly Buffer[]): boolean {
    return frames.length === this.#frames?.length && frames.every((frame, index) => frame === this.#frames?.[index])
  }
}

function assemble(frames: readonly Buffer[], recipients: readonly Recipient[]): Buffer {
  let bytes = 0
  for (let index = 0; index < frames.length; index++) bytes += frames[index]!.length + recipients[index]!.tail.length
  const buffer = Buffer.allocUnsafe(bytes)
  let at = 0
  for (let index = 0; index < frames.length; index++) {
    buffer.set(frames[index]!, at)
    at += frames[index]!.length + recipients[index]!.tail.length
  }
  writeTails(buffer, frames, recipients)
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

function withoutGone(recipients: readonly Recipient[], frames: readonly Buffer[]): { recipients: Recipient[]; frames: Buffer[] } {
  const isWanted = recipients.map(({ isGone }) => !isGone)
  return { recipients: recipients.filter((_, index) => isWanted[index]), frames: frames.filter((_, index) => isWanted[index]) }
}
