import { rmSync } from 'node:fs'
import { createFolder } from './program.ts'

let shared: string | undefined

/** A folder for the files of this worker's Parleys, which goes with the worker. As several nodes would, they share it. */
export function storageUrl(): string {
  if (shared === undefined) {
    const folder = createFolder('files')
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    shared = folder
  }
  return `file:${shared}`
}
