import { badInput, Refusal } from '../lib/refusal.ts'
import { isUuid } from '../lib/uuid.ts'

/** A place in a stream: everything up to and including `seq` has been seen. The epoch names the history that `seq` counts in. */
export interface Position {
  readonly streamId: string
  readonly epoch: string
  readonly seq: number
}

/** Opaque to clients, so that it may change; they only keep it and give it back. */
export function encodeCursor({ streamId, epoch, seq }: Position): string {
  return Buffer.from(`${seq}.${epoch}.${streamId}`).toString('base64url')
}

/**
 * The seq that a client's cursor names in this stream. One that is unreadable or of another stream is the client's mistake; one of another
 * epoch is a history that is gone.
 */
export function readCursor(cursor: string, streamId: string, epoch: string): number {
  const [seq, itsEpoch, itsStream, ...rest] = Buffer.from(cursor, 'base64url').toString('latin1').split('.')
  const isWhole = seq !== undefined && /^(0|[1-9]\d{0,9})$/.test(seq) && itsEpoch && itsStream && isUuid(itsStream) && rest.length === 0
  if (!isWhole) throw badInput('after', 'This is not a cursor of ours.')
  if (itsStream !== streamId) throw badInput('after', 'This cursor belongs to another stream.')
  if (itsEpoch !== epoch) throw cursorExpired()
  return Number(seq)
}

export function cursorExpired(): Refusal {
  return new Refusal(
    'CURSOR_EXPIRED',
    'Events after this position are no longer kept, or it is from another history: read again, and follow from the new cursor.',
  )
}
