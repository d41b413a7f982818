import { constants, createReadStream } from 'node:fs'
import { copyFile, type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { uuid } from '../lib/uuid.ts'
import {
  type ByteRange,
  type FileLinks,
  type FileName,
  type Files,
  type Folder,
  isFileName,
  NoSuchFile,
  requireFileName,
  WrongSize,
} from './files.ts'

/**
 * Files in a folder of this machine, or one that several nodes share. What is being written lies in `partial` until it is whole and on the
 * disk; then it takes its name in one step.
 */
export async function openDiskFiles(root: string, links: FileLinks): Promise<Files> {
  const partial = join(root, 'partial')
  for (const folder of [partial, join(root, 'incoming'), join(root, 'kept')]) await mkdir(folder, { recursive: true })

  /** Under the last two digits, which are random: a folder of a million files is slow to walk. */
  function pathOf(name: FileName): string {
    const [folder, file] = requireFileName(name).split('/') as [Folder, string]
    return folder === 'incoming' ? join(root, folder, file) : join(root, folder, file.slice(34, 36), file)
  }

  /** Makes a file elsewhere, then moves it to its name; leaves nothing when that fails. */
  async function place(name: FileName, make: (path: string) => Promise<void>): Promise<void> {
    const made = join(partial, uuid())
    const path = pathOf(name)
    try {
      await make(made)
      await mkdir(dirname(path), { recursive: true })
      await rename(made, path)
      // What is promised after this shall not be lost with the power: names are kept by their folder.
      await sync(dirname(path))
    } catch (error) {
      await unlink(made).catch(() => {})
      throw error
    }
  }

  return {
    links,
    write: (name, bytes, size) =>
      place(name, async (path) => {
        const file = await open(path, 'wx')
        try {
          if ((await writeAll(file, bytes, size)) !== size) throw new WrongSize(name, size)
          await file.datasync()
        } finally {
          await file.close()
        }
      }),
    sizeOf: async (name) => (await stat(pathOf(name)).catch(missing))?.size,
    async read(name, range) {
      const file = await open(pathOf(name)).catch(missing)
      if (!file) throw new NoSuchFile(name)
      return readFrom(file, range)
    },
    async adopt(from, to) {
      // A second name for the same bytes: what is written under the first one later is another file.
      await place(to, (path) => link(pathOf(from), path).catch((error) => copied(pathOf(from), path, error))).catch((error) => {
        throw error.code === 'ENOENT' ? new NoSuchFile(from) : error
      })
    },
    async use(name, work) {
      const path = join(partial, uuid())
      // Removing the file takes its name, and this one stays.
      await link(pathOf(name), path)
        .catch((error) => copied(pathOf(name), path, error))
        .catch((error) => {
          throw error.code === 'ENOENT' ? new NoSuchFile(name) : error
        })
      return work(path).finally(() => unlink(path))
    },
    async remove(names) {
      for (const name of names) await unlink(pathOf(name)).catch(missing)
    },
    async *list(folder) {
      for await (const path of walk(join(root, folder))) {
        const name = `${folder}/${basename(path)}`
        // Network file systems, and people, leave files of their own.
        if (!isFileName(name) || path !== pathOf(name)) continue
        const found = await stat(path).catch(missing)
        if (found) yield { name, changedAt: found.mtime }
      }
    },
    async tidy(before) {
      for await (const path of walk(partial)) {
        const found = await stat(path).catch(missing)
        if (found && found.ctime < before) await unlink(path).catch(missing)
      }
    },
    async close() {},
  }
}

/** Answers how many bytes there were; stops at the first piece that is too much. */
async function writeAll(file: FileHandle, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, most: number): Promise<number> {
  let written = 0
  for await (const piece of bytes) {
    written += piece.length
    if (written > most) break
    for (let done = 0; done < piece.length; ) done += (await file.write(piece, done)).bytesWritten
  }
  return written
}

function readFrom(file: FileHandle, range: ByteRange | undefined): Readable {
  return createReadStream('', { fd: file, autoClose: true, ...(range && { start: range.first, end: range.last }) })
}

/** Some file systems know no second names. */
async function copied(from: string, to: string, error: NodeJS.ErrnoException): Promise<void> {
  if (error.code === 'ENOENT') throw error
  await copyFile(from, to, constants.COPYFILE_EXCL)
  await sync(to)
}

/** Writes what is there of a file or a folder to the disk. */
async function sync(path: string): Promise<void> {
  const file = await open(path)
  await file.sync().finally(() => file.close())
}

async function* walk(folder: string): AsyncIterable<string> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* walk(path)
    else yield path
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
