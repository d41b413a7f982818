import type { Bus } from './bus.ts'
import type { Log } from './log.ts'

/** A stream of which this node may have missed the newest events. */
export interface Checked {
  readonly id: string
  /** Looked at each second: it has moved since then, by this node's clock. */
  isBusy(recently: number): boolean
  /** Looked at each second while the bus is down. */
  readonly isUrgent: boolean
  /** The log's head. */
  notice(head: number): void
}

export interface HeadCheckOptions {
  readonly bus: Bus
  readonly log: Log
  readonly headCheckMs: number
  readonly headCheckAllMs: number
  /** Whether other processes write too: then what the bus may have lost is looked for in the log. */
  readonly checksHeads: boolean
  readonly onTrouble: (error: unknown) => void
}

/**
 * What the bus lost last, no gap shows: so heads are compared with the log, those that may have moved each second, the rest every ten, all at
 * once when the bus is heard again. `find` answers the streams of the moment; one of them may be there several times.
 */
export function startHeadCheck(options: HeadCheckOptions, find: () => Iterable<Checked>): { close(): void } {
  const { bus, log } = options
  let isChecking = false
  /** All were to be checked while others were: it is done right after. */
  let isAllOwed = false
  let isClosed = false
  // By a clock that nobody sets back.
  let lastFullCheck = performance.now()

  async function check(due: ReadonlyMap<string, readonly Checked[]>): Promise<void> {
    const ids = [...due.keys()]
    for (let from = 0; from < ids.length; from += mostHeads) {
      const heads = await log.heads(ids.slice(from, from + mostHeads))
      for (const [id, head] of heads) for (const stream of due.get(id) ?? []) stream.notice(head)
    }
  }

  function checkHeads(all: boolean): void {
    if (isChecking) {
      isAllOwed ||= all
      return
    }
    const isFull = all || performance.now() - lastFullCheck >= options.headCheckAllMs
    const recently = Date.now() - recentMs
    const due = new Map<string, Checked[]>()
    for (const stream of find()) {
      if (!isFull && !stream.isBusy(recently) && (bus.isUp || !stream.isUrgent)) continue
      const same = due.get(stream.id)
      if (same) same.push(stream)
      else due.set(stream.id, [stream])
    }
    if (isFull) lastFullCheck = performance.now()
    if (due.size === 0) return
    isChecking = true
    check(due)
      .catch(options.onTrouble)
      .finally(() => {
        isChecking = false
        if (!isAllOwed || isClosed) return
        isAllOwed = false
        checkHeads(true)
      })
  }

  const ticking = options.checksHeads ? setInterval(() => checkHeads(false), options.headCheckMs) : undefined
  const stopListening = bus.onReturn(() => checkHeads(true))
  return {
    close() {
      isClosed = true
      clearInterval(ticking)
      stopListening()
    },
  }
}

const mostHeads = 2000
const recentMs = 60_000
