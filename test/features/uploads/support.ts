import sharp from 'sharp'
import type { FileName } from '../../../src/store/files.ts'
import { pieces } from '../../contract/files.ts'
import type { APerson, Domain } from '../../support/domain.ts'
import { named } from '../../support/rooms.ts'

export interface AFile {
  readonly filename: string
  readonly mimeType: string
  readonly bytes: Buffer
}

export interface Shown {
  readonly id: string
  readonly state: 'PENDING' | 'READY' | 'REJECTED'
  readonly rejectedBecause: string | null
  readonly filename: string
  readonly mimeType: string
  readonly size: number
  readonly width: number | null
  readonly height: number | null
  readonly durationMs: number | null
  readonly url: string | null
  readonly previewUrl: string | null
}

export const attachmentParts = 'id state rejectedBecause filename mimeType size width height durationMs url previewUrl'
const create = `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { attachment { ${attachmentParts} } uploadUrl headers expiresAt } }`
const complete = `mutation ($id: ID!) { completeUpload(input: { attachmentId: $id }) { attachment { ${attachmentParts} } } }`

export const aText = (text = 'Hello'): AFile => ({ filename: 'hello.txt', mimeType: 'text/plain', bytes: Buffer.from(text) })

/** A red rectangle, its left half blue. */
export async function aPicture({ width = 60, height = 40 } = {}): Promise<AFile> {
  const left = { create: { width: width / 2, height, channels: 3 as const, background: '#0000ff' } }
  const bytes = await sharp({ create: { width, height, channels: 3, background: '#ff0000' } })
    .composite([{ input: await sharp(left).png().toBuffer(), left: 0, top: 0 }])
    .png()
    .toBuffer()
  return { filename: 'flag.png', mimeType: 'image/png', bytes }
}

/** So many seconds of silence. */
export function aSound(seconds = 2): AFile {
  const rate = 8000
  const data = Buffer.alloc(rate * seconds, 128)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0).toString()
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('data', 36)
  head.writeUInt32LE(data.length, 40)
  return { filename: 'silence.wav', mimeType: 'audio/wav', bytes: Buffer.concat([head, data]) }
}

/** What begins as a film does. */
export function aFilm(): AFile {
  const box = Buffer.from('0000001c667479706d703432000000006d7034326d70343169736f6d', 'hex')
  return { filename: 'film.mp4', mimeType: 'video/mp4', bytes: Buffer.concat([box, Buffer.from('00000008mdat', 'latin1')]) }
}

export async function announce(person: APerson, file: Partial<AFile> & { size?: number }) {
  const { filename = 'hello.txt', mimeType = 'text/plain', bytes = Buffer.from('Hello'), size = bytes.length } = file
  return person.run<{ createUpload: { attachment: Shown; uploadUrl: string; headers: Record<string, string>; expiresAt: string } }>(
    create,
    {
      input: { filename, mimeType, size },
    },
  )
}

/** Puts the bytes past the link: what the link lets through is another matter. */
export async function putBytes({ services }: Domain, attachmentId: string, bytes: Buffer): Promise<void> {
  const name: FileName = `incoming/${named(attachmentId).id}`
  await services.uploads.files.write(name, pieces(bytes), bytes.length)
}

export function completing(person: APerson, id: string) {
  return person.run<{ completeUpload: { attachment: Shown } }>(complete, { id })
}

/** Announced, put and completed. */
export async function aReadyFile(domain: Domain, person: APerson, file: AFile = aText()): Promise<Shown> {
  const announced = await announce(person, file)
  if (announced.errors) throw announced.errors[0]
  const { id } = announced.data!.createUpload.attachment
  await putBytes(domain, id, file.bytes)
  const { data, errors } = await completing(person, id)
  if (errors) throw errors[0]
  return data!.completeUpload.attachment
}

/** Of what is kept of an attachment. */
export async function fileOf({ database }: Domain, attachmentId: string): Promise<FileName> {
  const { fileId } = await database.prisma.attachment.findUniqueOrThrow({ where: { id: named(attachmentId).id } })
  return `kept/${fileId}`
}
