import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Two processes on one embedded database would both acknowledge writes and lose them. Thrown in one line for the operator. */
export class FolderInUse extends Error {
  constructor(folder: string, processId: number) {
    super(`The database in ${folder} is in use by process ${processId}. Stop it first, or set DATABASE_URL=pglite:ANOTHER_FOLDER.`)
    this.name = 'FolderInUse'
  }
}

/**
 * Holds `FOLDER.lock` until the answered function is called. A lock left behind by a dead process is taken over; a process counts as
 * alive only if its start time is the one in the lock, since ids are used again (in a container every process is 1).
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = `${folder}.lock`
  const mine = JSON.stringify({ processId: process.pid, startedAt: startOf(process.pid), token: Math.random().toString(36).slice(2) })
  for (;;) {
    const found = await writeFile(path, mine, { flag: 'wx' }).then(
      () => undefined,
      async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
        return readFile(path, 'utf8').catch(() => '')
      },
    )
    if (found === undefined) break
    const holder = parse(found)
    if (holder && isAlive(holder)) throw new FolderInUse(folder, holder.processId)
    await unlink(path).catch(() => {})
    await writeFile(path, mine, { flag: 'wx' }).catch(() => {})
    // Another may have found the same dead lock and removed ours by mistake: whoever's stands after a moment has it.
    await sleep(100)
    const standing = await readFile(path, 'utf8').catch(() => '')
    if (standing === mine) break
  }
  return async () => {
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await unlink(path)
  }
}

interface Holder {
  processId: number
  startedAt: string
}

function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder
    return typeof holder.processId === 'number' ? holder : undefined
  } catch {
    return undefined
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.processId, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  // Where the system does not tell starts, both are empty, and the id has to do.
  return startOf(holder.processId) === holder.startedAt
}

/** When a process began, as its system tells it; empty where it does not, and for one that has ended. */
function startOf(processId: number): string {
  try {
    if (process.platform === 'linux') {
      const [state, ...rest] = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
      // One that nobody has waited for yet keeps its id and its start.
      return state === 'Z' || state === 'X' ? '' : rest[18]!
    }
    if (process.platform !== 'win32') return execFileSync('ps', ['-o', 'lstart=', '-p', String(processId)], { encoding: 'utf8' }).trim()
  } catch {
    // No such process, or a system that does not say.
  }
  return ''
}
