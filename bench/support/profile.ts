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
    const place = url === '' ? '' : `${fileOf(url)}:${lineNumber + 1}`
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
  const parts = new Map<string, number>()
  for (const frame of frames) parts.set(partOf(frame), (parts.get(partOf(frame)) ?? 0) + frame.share)
  console.log(`\n${title}: self time of what was not idle`)
  for (const { name, place, share } of frames.slice(0, most)) print(share, `${name}  ${place}`)
  console.log('and whose code that is')
  for (const [part, share] of [...parts].sort(([, one], [, other]) => other - one).slice(0, 15)) print(share, part)
}

function print(share: number, what: string): void {
  console.log(`${(100 * share).toFixed(1).padStart(6)} %  ${what}`)
}

/** From the package it belongs to, or within the project. */
function fileOf(url: string): string {
  const modules = url.lastIndexOf('node_modules/')
  return modules === -1 ? url.replace(/^.*\/(?=(?:src|dist|bench)\/)/, '') : url.slice(modules)
}

/** A package, a folder of the project, Node's own library, or what has no file. */
function partOf({ name, place }: Frame): string {
  if (place === '') return name
  return /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(place)?.[1] ?? /^node:|^\w+\/\w+/.exec(place)?.[0] ?? place
}
