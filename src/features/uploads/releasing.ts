import { runBy } from '../../store/database.ts'
import type { Transaction } from '../../store/transact.ts'

/** Within a transaction that holds its room: the message has no files any more. Answers as `releaseIn`. */
export async function detachIn(tx: Transaction, messageId: string): Promise<string[]> {
  const attachments = await tx.rows.attachment.findMany({ where: { messageId }, select: { id: true } })
  return releaseIn(
    tx,
    attachments.map(({ id }) => id),
  )
}

/**
 * Within a transaction that holds what the attachments belong to: they are gone. Answers the files of which these were the last uses, for
 * `uploads.discard` once it is committed. Of two who let go of one file at once, the later sees that it is the last.
 */
export async function releaseIn({ rows }: Transaction, attachmentIds: readonly string[]): Promise<string[]> {
  if (attachmentIds.length === 0) return []
  const run = runBy(rows)
  const held = await run<{ id: string }>(
    `select id::text from kept_file where id in (select file_id from attachment where id = any($1::uuid[])) order by id for update`,
    [attachmentIds],
  )
  await rows.attachment.deleteMany({ where: { id: { in: [...attachmentIds] } } })
  return letGoIn(
    run,
    held.map(({ id }) => id),
  )
}

/** Files that are locked, and may have lost a use. */
async function letGoIn(run: ReturnType<typeof runBy>, fileIds: readonly string[]): Promise<string[]> {
  if (fileIds.length === 0) return []
  const gone = await run<{ id: string }>(
    `update kept_file set goes_at = now() where id = any($1::uuid[]) and not exists (select from attachment where file_id = kept_file.id)
     returning id::text`,
    [fileIds],
  )
  return gone.map(({ id }) => id)
}
