import sharp from 'sharp'
import type { AUser } from './parley.ts'

/** What a client has of a file. */
export interface ClientFile {
  readonly filename: string
  readonly mimeType: string
  readonly bytes: Buffer
}

export interface Attached {
  readonly id: string
  readonly state: string
  readonly rejectedBecause: string | null
  readonly url: string | null
  readonly previewUrl: string | null
}

export interface Upload {
  readonly attachment: Attached
  readonly uploadUrl: string
  readonly headers: Record<string, string>
}

type Asking = Pick<AUser, 'post'>

const parts = 'id state rejectedBecause url previewUrl'
const create = `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { attachment { ${parts} } uploadUrl headers } }`
const complete = `mutation ($id: ID!) { completeUpload(input: { attachmentId: $id }) { attachment { ${parts} } } }`

/** A red rectangle. */
export async function aPictureFile({ width = 60, height = 40 } = {}): Promise<ClientFile> {
  const bytes = await sharp({ create: { width, height, channels: 3, background: '#ff0000' } })
    .png()
    .toBuffer()
  return { filename: 'red.png', mimeType: 'image/png', bytes }
}

/** Announces it. */
export async function upload(user: Asking, { bytes, ...file }: ClientFile): Promise<Upload> {
  const { data, errors } = await user.post<{ createUpload: Upload }>(create, { input: { ...file, size: bytes.length } })
  if (errors) throw new Error(errors[0]!.message)
  return data!.createUpload
}

export const putFile = {
  async complete(user: Asking, id: string): Promise<Attached> {
    const { data, errors } = await user.post<{ completeUpload: { attachment: Attached } }>(complete, { id })
    if (errors) throw new Error(errors[0]!.message)
    return data!.completeUpload.attachment
  },
  /** The code with which completing is refused. */
  async code(user: Asking, id: string): Promise<string | undefined> {
    return (await user.post(complete, { id })).errors?.[0]?.extensions.code
  },
}

/** The whole way in, as any client goes it. */
export async function takeFile(user: Asking, file: ClientFile): Promise<Attached> {
  const { uploadUrl, headers, attachment } = await upload(user, file)
  const response = await fetch(uploadUrl, { method: 'PUT', headers, body: new Uint8Array(file.bytes) })
  if (!response.ok) throw new Error(`The bytes were not taken: ${response.status} ${await response.text()}`)
  return putFile.complete(user, attachment.id)
}
