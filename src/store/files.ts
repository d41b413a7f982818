import type { Readable } from 'node:stream'

/**
 * Where the bytes of files are kept: whole, under names that we make.
 *
 * - A name shows nothing, or all of its bytes: half of a file is never seen, also after a process was killed in the middle of writing it. What
 *   is written under a name that is there takes its place at once.
 * - Bytes pass through in pieces: however large a file is, and however many are written and read at once, a bounded part of each is in memory.
 * - Removing what is not there, or twice, is no failure. Whoever reads a file while it is removed gets it to its end, or a failure, and never
 *   something else.
 * - Links are good until they lapse, for one thing each, and for whoever has them. A link to put takes exactly the size and the type that it
 *   was made for. A link to get is answered as the type and with the disposition that it was made for, whatever the file is.
 */
export interface Files {
  /** Rejects with WrongSize, and leaves nothing, when the bytes are not of that size; with whatever keeps it from writing, likewise. */
  write(name: FileName, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, size: number): Promise<void>
  /** Of what is there; undefined for what is not. */
  sizeOf(name: FileName): Promise<number | undefined>
  /** All of it, or from the first to the last byte, both included and both within it. Rejects with NoSuchFile. */
  read(name: FileName, range?: ByteRange): Promise<Readable>
  /** Gives what `from` holds the name `to` as well: whatever is written to `from` later, `to` stays. Rejects with NoSuchFile. */
  adopt(from: FileName, to: FileName): Promise<void>
  /** Calls `work` with the path of a file with the same bytes, which nobody changes meanwhile and which is there until `work` settles. */
  use<Result>(name: FileName, work: (path: string) => Promise<Result>): Promise<Result>
  remove(names: readonly FileName[]): Promise<void>
  /** Everything in a folder, in no order, as it is found. */
  list(folder: Folder): AsyncIterable<FoundFile>
  /** Lets go what was begun before that time and never became a file. */
  tidy(before: Date): Promise<void>
  readonly links: FileLinks
  close(): Promise<void>
}

/** `incoming`: what clients put. `kept`: what was looked at. */
export type Folder = 'incoming' | 'kept'
export type FileName = `${Folder}/${string}`

export interface ByteRange {
  readonly first: number
  readonly last: number
}

export interface FoundFile {
  readonly name: FileName
  readonly changedAt: Date
}

export interface FileLinks {
  toPut(put: PutLink): Promise<PutTo>
  toGet(get: GetLink): Promise<string>
}

export interface PutLink {
  readonly name: FileName
  readonly size: number
  readonly mimeType: string
  readonly expiresAt: Date
}

export interface PutTo {
  readonly url: string
  /** To be sent with the bytes. */
  readonly headers: Readonly<Record<string, string>>
}

export interface GetLink {
  readonly name: FileName
  readonly mimeType: string
  /** As in the header `content-disposition`. */
  readonly disposition: string
  readonly expiresAt: Date
}

export class NoSuchFile extends Error {
  constructor(name: string) {
    super(`There is no file ${name}.`)
    this.name = 'NoSuchFile'
  }
}

export class WrongSize extends Error {
  constructor(name: string, size: number) {
    super(`The bytes of ${name} are not ${size}.`)
    this.name = 'WrongSize'
  }
}

/** Every name that is used, and none that leads anywhere else. */
const namePattern = /^(incoming|kept)\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.[a-z]{1,16})?$/

export function isFileName(text: string): text is FileName {
  return namePattern.test(text)
}

/** Whatever a caller may have mistaken for a name goes no further. */
export function requireFileName(name: string): FileName {
  if (!isFileName(name)) throw new Error('This is not the name of a file.')
  return name
}
