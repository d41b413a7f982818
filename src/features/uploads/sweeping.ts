import type { Sweepable } from '../../engine/sweep.ts'
import type { Database } from '../../store/database.ts'
import type { FileName, Files, Folder } from '../../store/files.ts'
import type { Transact } from '../../store/transact.ts'
import { incomingOf } from './queries.ts'
import { releaseIn } from './releasing.ts'
import { discardNow, type Uploads } from './services.ts'

export interface Sweeping {
  readonly database: Database
  readonly transact: Transact
  readonly uploads: Uploads
}

/**
 * What nobody uses, whatever became of the process that began it: attachments that were never sent; files whose last use is gone; bytes of
 * which no row tells; what was half written. It decides by rows alone what goes, and by their times, not by the days that it is told.
 */
export function unusedOf(parts: Sweeping): Sweepable {
  const { uploads, database } = parts
  return {
    async sweep(_days, most) {
      const forgotten = await sweepAttachments(parts, most)
      const unused = await database.sql<{ id: string }>('select id from kept_file where goes_at <= now() order by goes_at limit $1', [most])
      if (unused.length > 0)
        await discardNow(
          database,
          uploads.files,
          unused.map(({ id }) => id),
        )
      if (forgotten === most || unused.length === most) return most
      const before = new Date(Date.now() - uploads.unusedMs)
      // Who puts has a row before: what lies there without one is for nobody, and counts as nobody's.
      await sweepStrays(parts, 'incoming')
      await sweepStrays(parts, 'kept', before)
      await uploads.files.tidy(before)
      return 0
    },
  }
}

/** Each under its owner's lock: who is about to send it is not overtaken. */
async function sweepAttachments({ database, transact, uploads }: Sweeping, most: number): Promise<number> {
  const rows = await database.sql<{ id: string; ownerId: string }>(
    'select id, owner_id as "ownerId" from attachment where goes_at <= now() order by goes_at limit $1',
    [most],
  )
  for (const { id, ownerId } of rows) {
    const released = await transact([ownerId], async (tx) => {
      const { count } = await tx.rows.attachment.updateMany({ where: { id, goesAt: { lte: tx.at } }, data: { goesAt: tx.at } })
      return count === 0 ? [] : releaseIn(tx, [id])
    })
    await uploads.files.remove([incomingOf(id)])
    uploads.discard(released)
  }
  return rows.length
}

/** Bytes of which no row tells: put again after they were completed, or left by a crash. */
async function sweepStrays({ database, uploads: { files } }: Sweeping, folder: Folder, before?: Date): Promise<void> {
  const isTold = {
    incoming: `select id from attachment where id = any($1::uuid[]) and state = 'PENDING'`,
    kept: 'select id from kept_file where id = any($1::uuid[])',
  }[folder]
  for await (const names of oldOnes(files, folder, before)) {
    const told = new Set((await database.sql<{ id: string }>(isTold, [[...new Set(names.map(idOf))]])).map(({ id }) => id))
    await files.remove(names.filter((name) => !told.has(idOf(name))))
  }
}

async function* oldOnes(files: Files, folder: Folder, before: Date | undefined): AsyncIterable<FileName[]> {
  let names: FileName[] = []
  for await (const { name, changedAt } of files.list(folder)) {
    if (before && changedAt >= before) continue
    names.push(name)
    if (names.length < atOnce) continue
    yield names
    names = []
  }
  if (names.length > 0) yield names
}

const idOf = (name: FileName) => name.split('/')[1]!.slice(0, 36)
const atOnce = 1000
