/** How many connections each person has on this node. */
export interface Crowd {
  /** Lets one more in and answers how it leaves again; undefined when the person has enough. */
  enter(personId: string): (() => void) | undefined
}

export function createCrowd(mostPerPerson: number): Crowd {
  const counts = new Map<string, number>()
  return {
    enter(personId) {
      const count = counts.get(personId) ?? 0
      if (count >= mostPerPerson) return undefined
      counts.set(personId, count + 1)
      let isIn = true
      return () => {
        if (!isIn) return
        isIn = false
        const left = counts.get(personId)! - 1
        if (left > 0) counts.set(personId, left)
        else counts.delete(personId)
      }
    },
  }
}
