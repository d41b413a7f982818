/**
 * Which people are there, on whichever node. What it promises, and `test/contract/whereabouts.ts` holds each to:
 *
 * - Somebody is there from when a node says so until it says that they have gone, or its lease is over: then nobody is there by it.
 * - A node's lease is one, however many people are there by it, and lasts until it is renewed no more.
 * - With Redis it is one for all nodes, in memory for this one. Nothing of a node outlives its lease.
 * - It never fails, and nobody waits for it: while it cannot be reached, `read` answers that it does not know.
 */
export interface Whereabouts {
  /** Said twice is said once. */
  arrive(personIds: readonly string[]): Promise<void>
  /** Resolves with who is still there, by other nodes: for each, in order. */
  leave(personIds: readonly string[]): Promise<readonly boolean[]>
  /** For each of them, in order; undefined when it is not known. */
  read(personIds: readonly string[]): Promise<readonly boolean[] | undefined>
  /** Prolongs the lease. Whoever of these was forgotten meanwhile is there again. */
  renew(here: () => readonly string[]): Promise<void>
  /** This node stops: whoever was there by it is for so long yet, and then only by others. Nothing of it may be called after that. */
  retire(ms: number): Promise<void>
}

/** For one node, whose end is the end of it. */
export function createMemoryWhereabouts(): Whereabouts {
  const there = new Set<string>()
  return {
    async arrive(personIds) {
      for (const id of personIds) there.add(id)
    },
    async leave(personIds) {
      return personIds.map((id) => {
        there.delete(id)
        return false
      })
    },
    read: async (personIds) => personIds.map((id) => there.has(id)),
    async renew() {},
    async retire() {
      there.clear()
    },
  }
}
