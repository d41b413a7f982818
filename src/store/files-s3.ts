import { createWriteStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { type ByteRange, type FileName, type Files, isFileName, NoSuchFile, requireFileName, WrongSize } from './files.ts'
import { openLentFiles } from './lent-files.ts'
import { createS3Client, heard, requireBucket, type S3ClientOptions, StoreFailed } from './s3-client.ts'
import { createS3Links } from './s3-links.ts'

export interface S3Options extends S3ClientOptions {
  /** The longest life of a link. */
  readonly linkMs: number
  /** Where files lie while they are lent. */
  readonly lentFolder?: string
  /** Names in a request: a thousand is what stores take. */
  readonly atOnce?: number
}

/**
 * Files in a bucket, under their names: of a store that speaks as Amazon's S3 does. Such a store shows what was put whole, or nothing. What it
 * keeps is called bytes for saving, whatever it is: only a link says otherwise, for its own answer.
 */
export async function openS3Files(options: S3Options): Promise<Files> {
  const { storage, linkMs, lentFolder = join(tmpdir(), `parley-${process.getuid?.() ?? 'files'}`), atOnce = 1000 } = options
  const { bucket } = storage
  const client = createS3Client(options)
  const at = (name: FileName) => ({ Bucket: bucket, Key: requireFileName(name) })
  try {
    await requireBucket(client, storage)
    const [lent, links] = [await openLentFiles(lentFolder), await createS3Links(client, bucket, linkMs)]
    return {
      links,
      async write(name, bytes, size) {
        const target = { ...at(name), ...plain, ContentLength: size }
        const pieces = exactly(name, bytes, size)
        if (size > heldBytes) return putStream(client, target, pieces)
        const held: Uint8Array[] = []
        for await (const piece of pieces) held.push(piece)
        await heard('write', client.send(new PutObjectCommand({ ...target, Body: Buffer.concat(held) })))
      },
      async sizeOf(name) {
        const found = await heard('look for a file', client.send(new HeadObjectCommand(at(name)))).catch(missing)
        return found?.ContentLength
      },
      read,
      async adopt(from, to) {
        const copy = { ...at(to), ...plain, MetadataDirective: 'REPLACE', CopySource: `${bucket}/${at(from).Key}` } as const
        if (!(await heard('copy', client.send(new CopyObjectCommand(copy))).catch(missing))) throw new NoSuchFile(from)
      },
      use: (name, work) =>
        lent.lend(async (path) => {
          await pipeline(await read(name), createWriteStream(path, { flags: 'wx', mode: 0o600 }))
          return work(path)
        }),
      async remove(names) {
        const left = [...new Set(names)].map((name) => ({ Key: at(name).Key }))
        while (left.length > 0) {
          const Delete = { Objects: left.splice(0, atOnce), Quiet: true }
          const { Errors = [] } = await heard('remove', client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete })))
          const [first] = Errors.filter(({ Code }) => Code !== 'NoSuchKey')
          if (first) throw new StoreFailed('remove', { name: first.Code ?? '', message: first.Message ?? '', status: undefined })
        }
      },
      async *list(folder) {
        let next: string | undefined
        do {
          const page = { Bucket: bucket, Prefix: `${folder}/`, MaxKeys: atOnce, ...(next && { ContinuationToken: next }) }
          const answer = await heard('list', client.send(new ListObjectsV2Command(page)))
          for (const { Key: name = '', LastModified: changedAt } of answer.Contents ?? [])
            if (isFileName(name) && changedAt) yield { name, changedAt }
          next = answer.IsTruncated ? answer.NextContinuationToken : undefined
        } while (next)
      },
      tidy: lent.tidy,
      close: async () => client.destroy(),
    }
  } catch (error) {
    client.destroy()
    throw error
  }

  async function read(name: FileName, range?: ByteRange): Promise<Readable> {
    const part = { ...at(name), ...(range && { Range: `bytes=${range.first}-${range.last}` }) }
    const found = await heard('read', client.send(new GetObjectCommand(part))).catch(missing)
    if (!found) throw new NoSuchFile(name)
    const { Body, ContentLength: length } = found
    // Of what has no length it cannot be told whether it came to its end.
    if (length !== undefined && (!range || length === range.last - range.first + 1)) return Body as Readable
    ;(Body as Readable).destroy()
    throw new StoreFailed('read', { name: 'WrongLength', message: `${length ?? 'an unknown number of'} bytes came`, status: undefined })
  }
}

/** Bytes that are not held are sent once: whoever brings them has to try again. */
async function putStream(client: S3Client, target: { Bucket: string; Key: string }, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const body = Readable.from(pieces, { objectMode: false })
  // What does not come to its end is cut: a store keeps nothing of it.
  const cut = new AbortController()
  body.once('error', () => cut.abort())
  try {
    await heard('write', client.send(new PutObjectCommand({ ...target, Body: body }), { abortSignal: cut.signal }))
  } catch (error) {
    throw body.errored ?? error
  } finally {
    body.destroy()
  }
}

/** The last piece only once it is known that nothing follows: a store that has got the number of bytes it was told takes them for the file. */
async function* exactly(name: FileName, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, size: number) {
  let last: Uint8Array | undefined
  let count = 0
  for await (const piece of bytes) {
    if (piece.length === 0) continue
    count += piece.length
    if (count > size) throw new WrongSize(name, size)
    if (last) yield last
    last = piece
  }
  if (count < size) throw new WrongSize(name, size)
  if (last) yield last
}

function missing(error: unknown): undefined {
  if (!(error instanceof StoreFailed) || error.status !== 404) throw error
}

/** What is called by its type would be run by a browser that came upon it. */
const plain = { ContentType: 'application/octet-stream', ContentDisposition: 'attachment' }
/** Previews and pictures of people are less. */
const heldBytes = 1024 * 1024
