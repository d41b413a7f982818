import type { FileLinks, Files } from './files.ts'
import { openDiskFiles } from './files-disk.ts'
import type { S3Keys } from './s3-client.ts'
import type { Storage } from './storage-url.ts'

export interface FilesOptions extends S3Keys {
  readonly storage: Storage
  readonly linkMs: number
}

/** Files on disk, with links to this server; or in a bucket, with its own. */
export async function openFiles({ storage, ...options }: FilesOptions, links: FileLinks): Promise<Files> {
  if (storage.kind === 'disk') return openDiskFiles(storage.folder, links)
  // Its library is large, and most nodes need none of it.
  const { openS3Files } = await import('./files-s3.ts')
  return openS3Files({ ...options, storage })
}
