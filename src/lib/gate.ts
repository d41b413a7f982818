/** Lets a few run at a time, in the order in which they come. */
export type Gate = <Result>(work: () => Promise<Result>) => Promise<Result>

export function createGate(most: number): Gate {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // Whoever is next takes the place over.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
