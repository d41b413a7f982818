import type { Child } from './child.ts'
import { type KeepAlive, openKeepAlive } from './keep-alive.ts'
import { type Figures, percentile } from './rounds.ts'

/** A server, and what it is asked: the connections take the requests in turn. */
export interface Asked {
  readonly child: Child
  readonly url: string
  readonly requests: readonly Buffer[]
}

export interface Asking {
  readonly connections: number
  readonly windowMs: number
}

/** Every answer is followed by the next request, so that each connection always waits for one. CPU is the server's, for each answer. */
export async function keepAsking({ child, url, requests }: Asked, { connections, windowMs }: Asking): Promise<Figures> {
  const open = await Promise.all(Array.from({ length: connections }, () => openKeepAlive(url)))
  const begin = performance.now() + settlingMs
  const end = begin + windowMs
  const latencies: number[] = []
  let all = 0
  const ask = async (connection: KeepAlive, lane: number): Promise<void> => {
    while (performance.now() < end) {
      const start = performance.now()
      await connection.ask(requests[lane % requests.length]!)
      all++
      const now = performance.now()
      if (now >= begin && now < end) latencies.push(now - start)
    }
  }
  const before = child.cpu()
  await Promise.all(open.map(ask))
  const cpuMs = child.cpu().ms - before.ms
  for (const connection of open) connection.close()
  return {
    perSecond: latencies.length / (windowMs / 1000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuUs: (cpuMs * 1000) / all,
  }
}

/** Answered, but not counted: what was under way when the window began. */
const settlingMs = 200
