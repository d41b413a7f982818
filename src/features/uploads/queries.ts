import { defineLoader, inOrder } from '../../graphql/loaders.ts'
import { groupBy } from '../../lib/group-by.ts'
import { type Database, runBy } from '../../store/database.ts'
import type { FileName } from '../../store/files.ts'
import type { Attachment, Prisma } from '../../store/generated/prisma/client.ts'

export const attachmentById = defineLoader<string, Attachment>('attachmentById', async ({ prisma }, ids) =>
  inOrder(ids, await prisma.attachment.findMany({ where: { id: { in: [...ids] } } }), ({ id }) => id),
)

/** What is attached to each message, in its order. To be asked only of those that have an `attachedKind`. */
export const attachmentsOf = defineLoader<string, Attachment[]>('attachmentsOf', async ({ prisma }, messageIds) => {
  const rows = await prisma.attachment.findMany({
    where: { messageId: { in: [...messageIds] } },
    orderBy: [{ messageId: 'asc' }, { place: 'asc' }],
  })
  const found = groupBy(rows, ({ messageId }) => messageId!)
  return messageIds.map((id) => found.get(id) ?? [])
})

/** Whether somebody is to put the bytes of an attachment: it was announced, and not completed. */
export async function isAwaited({ sql }: Database, name: FileName): Promise<boolean> {
  const rows = await sql(`select from attachment where id = $1 and state = 'PENDING'`, [name.slice('incoming/'.length)])
  return rows.length > 0
}

/** What a person's files have together: those that are kept, each once however often it was forwarded, and those that are to come. */
export async function ownedBytes(rows: Prisma.TransactionClient, person: string): Promise<number> {
  const [owned] = await runBy(rows)<{ bytes: number }>(
    `select ((select coalesce(sum(size), 0) from (select distinct file_id, size from attachment where owner_id = $1 and file_id is not null) kept)
       + (select coalesce(sum(size), 0) from attachment where owner_id = $1 and goes_at is not null and state = 'PENDING'))::float8 as bytes`,
    [person],
  )
  return owned!.bytes
}

/** Whether a file is somebody's or some room's picture. */
export async function isAvatar({ sql }: Database, fileId: string): Promise<boolean> {
  return (await sql('select from avatar where file_id = $1', [fileId])).length > 0
}

/** Where the bytes of an attachment lie before they were looked at. */
export const incomingOf = (attachmentId: string): FileName => `incoming/${attachmentId}`

export const variants = ['', '.preview', '.small', '.large'] as const

/** Everything that may be kept of a file. */
export const namesOf = (fileId: string): FileName[] => variants.map((variant): FileName => `kept/${fileId}${variant}`)
