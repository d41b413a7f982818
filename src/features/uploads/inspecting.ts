import { open } from 'node:fs/promises'
import { fileTypeFromFile, supportedMimeTypes } from 'file-type'
import type { FileName, Files } from '../../store/files.ts'
import { agree, isForbidden, kindOf, pictures } from './file-types.ts'
import { measureMedia } from './media.ts'
import { lookAtPicture } from './pictures.ts'

/** What the bytes of a file are, whatever was said of them. */
export interface Found {
  readonly mimeType: string
  readonly width: number | null
  readonly height: number | null
  readonly durationMs: number | null
  /** A smaller picture, as WebP. */
  readonly preview: Buffer | null
}

/** Why a file is not taken, for its owner to read. */
export interface Rejected {
  readonly because: string
}

export interface Announced {
  readonly mimeType: string
  readonly size: number
}

/** Reads the bytes that are kept under that name, and decides by them alone. */
export async function inspect(files: Files, name: FileName, announced: Announced): Promise<Found | Rejected> {
  const size = await files.sizeOf(name)
  if (size !== announced.size) return { because: `${announced.size} bytes were announced, and ${size ?? 0} came.` }
  return files.use(name, (path) => inspectAt(path, announced.mimeType))
}

async function inspectAt(path: string, announced: string): Promise<Found | Rejected> {
  const found = (await fileTypeFromFile(path))?.mime
  if (found && isForbidden(found)) return { because: `Programs are not taken: this is ${found}.` }
  if (found && !agree(announced, found)) return { because: `This was announced as ${announced}, and is ${found}.` }
  if (!found && (supportedMimeTypes as ReadonlySet<string>).has(announced) && !isWritten(announced))
    return { because: `This was announced as ${announced}, and is not.` }
  if (announced.startsWith('text/') && (await holdsNul(path))) return { because: `This was announced as ${announced}, and is no text.` }
  if (await isScript(path)) return { because: 'Programs are not taken: this is a script.' }
  const nothing = { width: null, height: null, durationMs: null, preview: null }
  const mimeType = announced === 'image/jpg' || announced === 'image/pjpeg' ? 'image/jpeg' : announced
  if (pictures.has(mimeType)) {
    const picture = await lookAtPicture(path)
    return picture ? { ...nothing, ...picture, mimeType } : { because: 'This picture is broken: it cannot be opened.' }
  }
  const isMedia = ['VIDEO', 'AUDIO'].includes(kindOf(mimeType))
  return { ...nothing, mimeType, durationMs: isMedia ? await measureMedia(path) : null }
}

/** Types of text are told by a beginning that need not be there. */
function isWritten(mimeType: string): boolean {
  return /^text\/|xml$/.test(mimeType)
}

async function holdsNul(path: string): Promise<boolean> {
  return (await beginning(path, 65536)).includes(0)
}

/** What a shell would run. */
async function isScript(path: string): Promise<boolean> {
  return (await beginning(path, 2)).toString('latin1') === '#!'
}

async function beginning(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
