import { createHash } from 'node:crypto'
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { describeStorage, type S3Storage, StorageUnusable } from './storage-url.ts'

/** Undefined: as the library finds them, such as in the role of a machine. */
export interface S3Keys {
  readonly awsAccessKeyId: string | undefined
  readonly awsSecretAccessKey: string | undefined
  readonly awsSessionToken: string | undefined
}

/** The store refused something, or was silent. The library's own errors repeat the answer, and with it what was signed: none is passed on. */
export class StoreFailed extends Error {
  readonly status: number | undefined

  constructor(what: string, { name, message, status }: Failure) {
    super(`The file store failed to ${what}: ${name}${status === undefined ? '' : ` (${status})`}: ${message}`)
    this.name = 'StoreFailed'
    this.status = status
  }
}

export interface S3ClientOptions extends S3Keys {
  readonly storage: S3Storage
  /** How long a store may say nothing. What is not a stream is asked three times. */
  readonly storagePatienceMs: number
}

export function createS3Client({ storage, storagePatienceMs, ...keys }: S3ClientOptions): S3Client {
  // It would say of versions to come that they need a newer Node: ours is the one that is installed.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey, awsSessionToken: sessionToken } = keys
  const client = new S3Client({
    region: storage.region,
    ...(storage.endpoint !== undefined && { endpoint: storage.endpoint, forcePathStyle: true }),
    ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }),
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: Math.min(storagePatienceMs, 5000),
      socketTimeout: storagePatienceMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
    // Stores other than Amazon's do not know its newer sums, or take them for a part of the file.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    // What goes wrong is told by its failure; on the console it would break the log's lines.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  client.middlewareStack.add(addMd5, { step: 'build', priority: 'low', name: 'parleyContentMd5' })
  return client
}

/** What the store answers; in its place a StoreFailed. */
export async function heard<Answer>(what: string, asked: Promise<Answer>): Promise<Answer> {
  return asked.catch((error) => {
    throw new StoreFailed(what, failureOf(error))
  })
}

/** Rejects with StorageUnusable, which says what to set. */
export async function requireBucket(client: S3Client, storage: S3Storage): Promise<void> {
  await client.send(new HeadBucketCommand({ Bucket: storage.bucket })).catch((error) => {
    const { name, message, status } = failureOf(error)
    const place = describeStorage(storage)
    if (status === 404) throw new StorageUnusable(`STORAGE_URL: ${place} is not there: make it, or name another.`)
    if (status === 301) throw new StorageUnusable(`STORAGE_URL: ${place} is in another region: set region=….`)
    if (status === 400 || status === 403)
      throw new StorageUnusable(`STORAGE_URL: ${place} is not open to these keys (${status}): see AWS_ACCESS_KEY_ID, and what they may.`)
    if (/Credential/.test(name))
      throw new StorageUnusable(`STORAGE_URL: there are no keys for ${place}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`)
    throw new StorageUnusable(`STORAGE_URL: ${place} cannot be reached: ${message || name}${status === undefined ? '' : ` (${status})`}.`)
  })
}

interface Failure {
  readonly name: string
  /** In one line, without a full stop. */
  readonly message: string
  readonly status: number | undefined
}

function failureOf(error: Error & { code?: string; $metadata?: { httpStatusCode?: number } }): Failure {
  const { name, message, code, $metadata } = error
  const line = message.replaceAll(/\s+/g, ' ').replace(/[. ]+$/, '')
  return { name: name === 'Error' && code !== undefined ? code : name, message: line, status: $metadata?.httpStatusCode }
}

/** How every store knows that a list of names came whole. */
type Build = { request: unknown }
const addMd5 =
  <Input extends Build, Output>(next: (call: Input) => Promise<Output>) =>
  async (call: Input): Promise<Output> => {
    const request = call.request as { query?: Record<string, unknown>; headers: Record<string, string>; body?: string }
    if (request.query && 'delete' in request.query && typeof request.body === 'string')
      request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64')
    return next(call)
  }

/** Without a bound of its own: whoever reads slowly holds a connection, for as long as one request, and everybody else would wait behind them, in vain. */
const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY }
