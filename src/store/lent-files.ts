import { lstat, mkdir, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { uuid } from '../lib/uuid.ts'
import { StorageUnusable } from './storage-url.ts'

/** Files of this machine that are there for as long as some work takes. */
export interface LentFiles {
  /** Calls `work` with a path at which there is nothing yet; whatever is there when it settles goes. */
  lend<Result>(work: (path: string) => Promise<Result>): Promise<Result>
  /** Lets go what processes that died have left there before that time. */
  tidy(before: Date): Promise<void>
}

/**
 * In a folder that is ours alone: in one that everybody may write to, somebody else could have made it first. Rejects with StorageUnusable, which
 * says what to set.
 */
export async function openLentFiles(folder: string): Promise<LentFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new StorageUnusable(`TMPDIR: the folder ${folder} cannot be made (${code}): set TMPDIR to another.`)
  })
  const { uid, mode } = await lstat(folder).then((found) => (found.isDirectory() ? found : { uid: undefined, mode: 0 }))
  const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0)
  if (uid === undefined || !isOurs)
    throw new StorageUnusable(`TMPDIR: ${folder} is not a folder that this user alone may write to: remove it, or set TMPDIR to another.`)
  return {
    async lend(work) {
      const path = join(folder, uuid())
      try {
        return await work(path)
      } finally {
        await unlink(path).catch(missing)
      }
    },
    async tidy(before) {
      for (const name of await readdir(folder)) {
        const path = join(folder, name)
        const found = await stat(path).catch(missing)
        if (found && found.mtime < before) await unlink(path).catch(missing)
      }
    },
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
