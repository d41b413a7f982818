import type { StoredEvent } from '../store/transact.ts'
import type { Arrival } from './live-stream.ts'

/** Where the bus carries a stream's events. */
export function topicOf(streamId: string): string {
  return `parley:stream:${streamId}`
}

/** An event on its way: the topic names its stream, and JSON knows no dates. */
export interface Rung {
  seq: number
  type: string
  data: StoredEvent['data']
  at: string
  snapshot?: unknown
}

export function strip({ seq, type, data, at, snapshot }: Arrival): Rung {
  return { seq, type, data, at: at.toISOString(), ...(snapshot === undefined ? {} : { snapshot }) }
}

/** What is no event was rung by no version of ours: undefined. If it stands for one, the log has that. */
export function revive(streamId: string, message: object | null): Arrival | undefined {
  if (!isRung(message)) return undefined
  const { at, ...rest } = message
  return { streamId, ...rest, at: new Date(at) }
}

function isRung(message: object | null): message is Rung {
  const { seq, type, data, at } = (message ?? {}) as Partial<Record<keyof Rung, unknown>>
  const isWhole = Number.isSafeInteger(seq) && typeof type === 'string' && typeof data === 'object' && data !== null
  return isWhole && typeof at === 'string' && !Number.isNaN(Date.parse(at))
}
