import { createGate, createTurns, type Gate, type Turns } from '../../lib/gate.ts'
import { within } from '../../lib/within.ts'
import type { Database } from '../../store/database.ts'
import type { Files } from '../../store/files.ts'
import { namesOf } from './queries.ts'

declare module '../../graphql/context.ts' {
  interface Services {
    readonly uploads: Uploads
  }
}

/** What uploads need of their own. */
export interface Uploads {
  readonly files: Files
  /** Where clients reach this server. */
  readonly base: () => string
  /** How long links are good. */
  readonly linkMs: number
  /** How long what nobody uses is kept. */
  readonly unusedMs: number
  /** Files are looked at a few at a time: a picture that is opened takes memory and a core. */
  readonly inspecting: Gate
  /** Each person's one after another: whoever brings a hundred waits for themselves, and others for one of theirs. */
  readonly inTurn: Turns
  /**
   * Lets the bytes go of files that nothing uses, as their rows say, in the background. What fails, or is not done because this process ends,
   * the sweep does.
   */
  discard(fileIds: readonly string[]): void
  /** Waits for the bytes that are going, `closeMs` at most: where they lie nobody may answer. */
  close(): Promise<void>
}

export interface UploadsOptions {
  readonly base: () => string
  readonly linkMs: number
  readonly unusedUploadMs: number
  readonly inspectionsMost: number
  readonly closeMs: number
  readonly onTrouble: (error: unknown) => void
}

export function createUploads(database: Database, files: Files, options: UploadsOptions): Uploads {
  const { base, linkMs, unusedUploadMs: unusedMs, inspectionsMost, closeMs, onTrouble } = options
  const going = new Set<Promise<void>>()
  return {
    files,
    base,
    linkMs,
    unusedMs,
    inspecting: createGate(inspectionsMost),
    inTurn: createTurns(),
    discard(fileIds) {
      if (fileIds.length === 0) return
      const work = discardNow(database, files, fileIds)
        .catch(onTrouble)
        .finally(() => going.delete(work))
      going.add(work)
    },
    async close() {
      await within(Promise.all(going), closeMs)
    },
  }
}

/**
 * Of these files those that nothing uses, by what is committed: whoever names them may have begun anew since, and found them in use. The row
 * last: as long as there are bytes, something tells of them.
 */
export async function discardNow({ sql }: Database, files: Files, fileIds: readonly string[]): Promise<void> {
  const going = await sql<{ id: string }>('select id from kept_file where id = any($1::uuid[]) and goes_at is not null', [fileIds])
  const ids = going.map(({ id }) => id)
  await files.remove(ids.flatMap(namesOf))
  await sql('delete from kept_file where id = any($1::uuid[])', [ids])
}
