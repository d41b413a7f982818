/** Where files are kept, as STORAGE_URL says it. */
export type Storage = DiskStorage | S3Storage

export interface DiskStorage {
  readonly kind: 'disk'
  readonly folder: string
}

export interface S3Storage {
  readonly kind: 's3'
  readonly bucket: string
  /** Of a store that is not Amazon's; clients reach it there too. */
  readonly endpoint: string | undefined
  readonly region: string
}

/** The store cannot be used as it is configured. In one line for the operator. */
export class StorageUnusable extends Error {
  constructor(sentence: string) {
    super(sentence)
    this.name = 'StorageUnusable'
  }
}

/** `file:FOLDER`, or `s3://BUCKET?endpoint=URL&region=REGION`; undefined for anything else. */
export function readStorage(text: string): Storage | undefined {
  const folder = /^file:(.+)$/.exec(text)?.[1]
  return folder === undefined ? readBucket(text) : { kind: 'disk', folder }
}

/** For people: where it is. */
export function describeStorage(storage: Storage): string {
  if (storage.kind === 'disk') return storage.folder
  return `the bucket ${storage.bucket} at ${storage.endpoint ?? `Amazon in ${storage.region}`}`
}

function readBucket(text: string): S3Storage | undefined {
  const [, bucket, asked = ''] = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])\/?(?:\?(.*))?$/.exec(text) ?? []
  if (bucket === undefined) return undefined
  const { endpoint, region = endpoint && 'us-east-1', ...others } = Object.fromEntries(new URLSearchParams(asked)) as Record<string, string>
  if (Object.keys(others).length > 0 || !region || !/^[a-z0-9-]+$/i.test(region)) return undefined
  if (endpoint !== undefined && !isEndpoint(endpoint)) return undefined
  return { kind: 's3', bucket, endpoint, region }
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search, hash } = new URL(text)
  return ['http:', 'https:'].includes(protocol) && `${username}${password}${search}${hash}` === ''
}
