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

/** Lets run what is of different keys at once, and of each key one at a time, in the order in which they come. */
export type Turns = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>

export function createTurns(): Turns {
  const gates = new Map<string, { readonly gate: Gate; count: number }>()
  return async (key, work) => {
    const mine = gates.get(key) ?? { gate: createGate(1), count: 0 }
    gates.set(key, mine)
    mine.count++
    try {
      return await mine.gate(work)
    } finally {
      mine.count--
      if (mine.count === 0) gates.delete(key)
    }
  }
}
