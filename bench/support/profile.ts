import { readFileSync } from 'node:fs'

/** A function, and its share of the samples that were not idle. */
export interface Frame {
  readonly name: string
  readonly place: string
  readonly share: number
}

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

/** By the time spent in the function itself, the most first. */
export function readProfile(file: string): Frame[] {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, { name: string; place: string; time: number }>()
  let busy = 0
  samples.forEach((id, index) => {
    const { functionName, url, lineNumber } = frames.get(id)!
    // Waiting, and starting and stopping the profile, are no work of the program's.
    if (url === '' && (functionName === '(idle)' || functionName === 'dispatch')) return
    const name = functionName || '(anonymous)'
    const place = url === '' ? '' : `${url.replace(/^.*\/(?=node_modules\/|src\/|dist\/)/, '')}:${lineNumber + 1}`
    const found = times.get(`${name} ${place}`) ?? { name, place, time: 0 }
    times.set(`${name} ${place}`, found)
    found.time += timeDeltas[index]!
    busy += timeDeltas[index]!
  })
  return [...times.values()]
    .sort((one, other) => other.time - one.time)
    .map(({ name, place, time }) => ({ name, place, share: time / busy }))
}

export function printProfile(title: string, frames: readonly Frame[], most = 25): void {
  console.log(`\n${title}: self time of what was not idle`)
  for (const { name, place, share } of frames.slice(0, most)) console.log(`${(100 * share).toFixed(1).padStart(6)} %  ${name}  ${place}`)
}
