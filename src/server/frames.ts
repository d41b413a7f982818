import type { Rendered } from '../engine/sink.ts'

/**
 * The beginning of a `next` message as a whole WebSocket frame: header, then everything up to the id, which is each one's own and comes
 * last. Built once for all who get the same result and have ids of the same length.
 */
export function frameOf(rendered: Rendered, tailBytes: number): Buffer {
  // Those who get it are handed it one after the other.
  if (rendered !== last?.rendered || tailBytes !== last.tailBytes) last = { rendered, tailBytes, frame: find(rendered, tailBytes) }
  return last.frame
}

let last: { readonly rendered: Rendered; readonly tailBytes: number; readonly frame: Buffer } | undefined

function find(rendered: Rendered, tailBytes: number): Buffer {
  let frames = built.get(rendered)
  if (!frames) {
    frames = new Map()
    built.set(rendered, frames)
  }
  const found = frames.get(tailBytes)
  if (found) return found
  const { json } = rendered
  const frame = Buffer.concat([header(opening.length + json.length + tailBytes), opening, json])
  // Ids are as long as a client likes: a few lengths are worth remembering, all of them would be a way to fill the memory.
  if (frames.size < mostLengths) frames.set(tailBytes, frame)
  return frame
}

/** A message as a whole WebSocket frame. */
export function wholeFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text)
  const start = header(bytes)
  const frame = Buffer.allocUnsafe(start.length + bytes)
  start.copy(frame)
  frame.write(text, start.length)
  return frame
}

/** The end of each `next` message of one operation. */
export function tailOf(operationId: string): Buffer {
  return Buffer.from(`,"id":${JSON.stringify(operationId)}}`)
}

const built = new WeakMap<Rendered, Map<number, Buffer>>()
const opening = Buffer.from('{"type":"next","payload":')
const mostLengths = 4

/** Of a whole, unmasked text frame (RFC 6455, 5.2). */
function header(bytes: number): Buffer {
  if (bytes < 126) return Buffer.from([wholeText, bytes])
  if (bytes < 65_536) {
    const short = Buffer.from([wholeText, 126, 0, 0])
    short.writeUInt16BE(bytes, 2)
    return short
  }
  const long = Buffer.from([wholeText, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  long.writeUIntBE(bytes, 4, 6)
  return long
}

const wholeText = 0x81
