import type { Services } from '../../graphql/context.ts'
import { defineLoader } from '../../graphql/loaders.ts'
import { badInput, notFound } from '../../lib/refusal.ts'
import { NoSuchFile } from '../../store/files.ts'
import type { Prisma } from '../../store/generated/prisma/client.ts'
import type { Transaction } from '../../store/transact.ts'
import { requireUnused } from './attaching.ts'
import { pictures } from './file-types.ts'
import { type AvatarSize, cutAvatar, UnfitPicture } from './pictures.ts'
import { releaseIn } from './releasing.ts'

/** The file of a person's or a room's picture. */
export const avatarOf = defineLoader<string, string>('avatarOf', async ({ sql }, ids) => {
  const rows = await sql<{ id: string; fileId: string }>('select id, file_id as "fileId" from avatar where id = any($1::uuid[])', [ids])
  const found = new Map(rows.map(({ id, fileId }) => [id, fileId]))
  return ids.map((id) => found.get(id) ?? null)
})

/** Where anybody may see it, for as long as it is the picture of somebody. The file under an address never changes. */
export function avatarUrl({ uploads }: Services, fileId: string, size: AvatarSize): string {
  return `${uploads.base()}/avatars/${fileId}-${size}.webp`
}

/** What an input says of a picture: absent, it stays; null, there shall be none; else one's own file that is not in use, or is that picture. */
export type AvatarChange = string | null | undefined

/** Before the transaction: both sizes are made, so that the picture can be seen as soon as it is one. */
export async function prepareAvatar(services: Services, id: string, person: string, avatarId: AvatarChange): Promise<void> {
  if (avatarId == null) return
  const { database, uploads } = services
  const fileId = await requirePicture(database.prisma, id, person, avatarId)
  // Made already, when this is the picture: asking for what is there changes nothing.
  if ((await database.prisma.avatar.count({ where: { fileId } })) > 0) return
  const cut = () =>
    uploads.files.use(`kept/${fileId}`, async (path) => [
      ['small', await cutAvatar(path, 'small')] as const,
      ['large', await cutAvatar(path, 'large')] as const,
    ])
  const made = await uploads
    .inTurn(person, () => uploads.inspecting(cut))
    .catch((error) => {
      if (error instanceof UnfitPicture) throw badInput('avatarId', error.message)
      // Let go since it was looked for.
      throw error instanceof NoSuchFile ? notFound('attachment') : error
    })
  for (const [size, bytes] of made) await uploads.files.write(`kept/${fileId}.${size}`, [bytes], bytes.length)
}

export interface AvatarChanged {
  readonly hasChanged: boolean
  /** For `uploads.discard`, once it is committed. */
  readonly released: readonly string[]
}

/** Within a transaction that holds the person's inbox, and the stream of what is pictured. */
export async function changeAvatarIn(tx: Transaction, id: string, person: string, avatarId: AvatarChange): Promise<AvatarChanged> {
  if (avatarId === undefined) return { hasChanged: false, released: [] }
  const before = await tx.rows.avatar.findUnique({ where: { id } })
  if (avatarId === null) return { hasChanged: before !== null, released: await removeAvatarIn(tx, id) }
  const fileId = await requirePicture(tx.rows, id, person, avatarId)
  if (fileId === before?.fileId) return { hasChanged: false, released: [] }
  const released = await removeAvatarIn(tx, id)
  await tx.rows.attachment.update({ where: { id: avatarId }, data: { goesAt: null } })
  await tx.rows.avatar.create({ data: { id, fileId } })
  return { hasChanged: true, released }
}

/** Within such a transaction: there is no picture any more. Answers as `releaseIn`. */
export async function removeAvatarIn(tx: Transaction, id: string): Promise<string[]> {
  const before = await tx.rows.avatar.findUnique({ where: { id } })
  if (!before) return []
  await tx.rows.avatar.delete({ where: { id } })
  const attachments = await tx.rows.attachment.findMany({ where: { fileId: before.fileId }, select: { id: true } })
  return releaseIn(
    tx,
    attachments.map((attachment) => attachment.id),
  )
}

/** Its file: the picture of that person or room as it is, or one that is in no use. */
async function requirePicture(rows: Prisma.TransactionClient, id: string, person: string, avatarId: string): Promise<string> {
  const where = { id: avatarId, ownerId: person }
  const known = await rows.attachment.findUnique({ where, include: { file: { include: { avatar: true } } } })
  if (known?.file?.avatar?.id === id) return known.file.id
  const [attachment] = await requireUnused(rows, person, [avatarId], 'avatarId')
  if (!pictures.has(attachment!.mimeType)) throw badInput('avatarId', 'Only a picture can be that.')
  return attachment!.fileId!
}
