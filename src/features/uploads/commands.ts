import { randomUUID } from 'node:crypto'
import type { Services } from '../../graphql/context.ts'
import { badInput, conflict, notFound } from '../../lib/refusal.ts'
import { requireName } from '../../lib/text.ts'
import { uuid } from '../../lib/uuid.ts'
import { type FileName, NoSuchFile, type PutTo } from '../../store/files.ts'
import type { Attachment } from '../../store/generated/prisma/client.ts'
import { isForbidden, readMimeType } from './file-types.ts'
import { inspect } from './inspecting.ts'
import { incomingOf, ownedBytes } from './queries.ts'

export interface CreateUpload {
  readonly filename: string
  readonly mimeType: string
  readonly size: number
}

export interface Upload {
  readonly attachment: Attachment
  readonly putTo: PutTo
  readonly expiresAt: Date
}

/** Announces a file, and says where its bytes are to be put. Nothing of it is anybody else's to see. */
export async function createUpload(services: Services, person: string, { size, ...input }: CreateUpload): Promise<Upload> {
  const { limits, uploads } = services
  const filename = requireFilename(input.filename, limits.filenameCharacters)
  const mimeType = readMimeType(input.mimeType)
  if (mimeType === undefined) throw badInput('mimeType', 'This is no media type, such as image/png.')
  if (isForbidden(mimeType)) throw badInput('mimeType', 'Programs are not taken.')
  if (size < 1 || size > limits.uploadBytes) throw badInput('size', `From 1 to ${limits.uploadBytes} bytes, please.`)
  const id = uuid()
  const attachment = await services.transact([person], async ({ rows, at }) => {
    const unused = await rows.attachment.count({ where: { ownerId: person, goesAt: { not: null } } })
    if (unused >= limits.unusedUploadsMost)
      throw conflict(`At most ${limits.unusedUploadsMost} files can wait to be sent: send some, or wait until tomorrow.`)
    if ((await ownedBytes(rows, person)) + size > limits.ownedBytesMost)
      throw conflict(`All your files may have ${limits.ownedBytesMost} bytes together: delete messages with files of yours first.`, 'size')
    const goesAt = new Date(at.getTime() + uploads.unusedMs)
    return rows.attachment.create({ data: { id, ownerId: person, filename, mimeType, size, createdAt: at, goesAt } })
  })
  const expiresAt = new Date(Date.now() + uploads.linkMs)
  const putTo = await uploads.files.links.toPut({ name: incomingOf(id), size, mimeType, expiresAt })
  return { attachment, putTo, expiresAt }
}

/**
 * Looks at what was put, and believes nothing else. What was decided once stays: completing again changes nothing, and may be done when the
 * answer was lost. The bytes are looked at under a name of their own, to which nobody has a link.
 */
export async function completeUpload(services: Services, person: string, attachmentId: string): Promise<Attachment> {
  const announced = await requireOwn(services, person, attachmentId)
  if (announced.state !== 'PENDING') return announced
  return services.uploads.inTurn(person, () => decide(services, person, attachmentId))
}

/** In the person's turn: of one file that is completed many times at once, the bytes are looked at once. */
async function decide(services: Services, person: string, attachmentId: string): Promise<Attachment> {
  const { database, transact, uploads } = services
  const { files, inspecting, discard } = uploads
  const announced = await requireOwn(services, person, attachmentId)
  if (announced.state !== 'PENDING') return announced
  const fileId = randomUUID()
  const name: FileName = `kept/${fileId}`
  // A row before there are bytes: whatever happens from here on, the sweep knows of them.
  await database.prisma.keptFile.create({ data: { id: fileId, goesAt: new Date(Date.now() + uploads.unusedMs) } })
  let mayGo = true
  try {
    await files.adopt(incomingOf(attachmentId), name)
    const found = await inspecting(() => inspect(files, name, announced))
    const preview = 'because' in found ? null : found.preview
    if (preview) await files.write(`${name}.preview`, [preview], preview.length)
    // Where the answer of a commit is lost, it may yet be made: then the sweep decides what goes.
    mayGo = false
    let isUsed = false
    const decided = await transact([person], async ({ rows }) => {
      const now = await rows.attachment.findUnique({ where: { id: attachmentId } })
      if (!now) throw notFound('attachment')
      isUsed = now.state === 'PENDING' && !('because' in found)
      if (now.state !== 'PENDING') return now
      const where = { id: attachmentId }
      if ('because' in found) return rows.attachment.update({ where, data: { state: 'REJECTED', rejectedBecause: found.because } })
      const { preview: _, ...measures } = found
      await rows.keptFile.update({ where: { id: fileId }, data: { goesAt: null } })
      return rows.attachment.update({ where, data: { ...measures, state: 'READY', fileId, hasPreview: preview !== null } })
    })
    mayGo = !isUsed
    await files.remove([incomingOf(attachmentId)])
    return decided
  } catch (error) {
    if (!(error instanceof NoSuchFile)) throw error
    // Completed on two nodes at once: the other one was faster.
    const now = await requireOwn(services, person, attachmentId)
    if (now.state !== 'PENDING') return now
    throw badInput('attachmentId', 'Nothing has been put to its link yet.')
  } finally {
    if (mayGo) discard([fileId])
  }
}

/** Somebody else's is like none. */
async function requireOwn({ database }: Services, person: string, id: string): Promise<Attachment> {
  const attachment = await database.prisma.attachment.findUnique({ where: { id, ownerId: person } })
  if (!attachment) throw notFound('attachment')
  return attachment
}

/** Names are for people: they lead nowhere here, and shall lead nowhere where the file is saved. */
function requireFilename(text: string, most: number): string {
  const name = requireName(text, 'filename', most)
  if (/[/\\]/.test(name) || /^\.+$/.test(name)) throw badInput('filename', 'A name without a path, please.')
  return name
}
