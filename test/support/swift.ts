import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { createS3Client } from '../../src/store/s3-client.ts'
import { readStorage, type S3Storage } from '../../src/store/storage-url.ts'
import { createFolder, findProgram, freePort, removeFolder, startProgram } from './program.ts'

/** An OpenStack Swift of our own, which speaks S3 and believes signatures of version 4 alone. It ends with this process, however that ends. */
export interface Swift {
  readonly endpoint: string
  /** An empty bucket, and what a node is to be told of it. */
  createBucket(): Promise<Bucket>
  /** SIGKILL: every connection is cut. */
  kill(): Promise<void>
  /** Stops serving without cutting a connection. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

export interface Bucket {
  readonly storage: S3Storage
  readonly keys: { readonly awsAccessKeyId: string; readonly awsSecretAccessKey: string; readonly awsSessionToken: undefined }
  readonly env: { readonly STORAGE_URL: string; readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string }
}

let found: { readonly python: string | undefined } | undefined

/** The Python that has Swift, where one does. */
export function findSwift(): string | undefined {
  found ??= { python: lookForSwift() }
  return found.python
}

function lookForSwift(): string | undefined {
  // Debian's own first: what it packages, no other Python sees.
  const python = findProgram('python3', ['/usr/bin'])
  return python && spawnSync(python, ['-c', 'import swift.common.middleware.s3api']).status === 0 ? python : undefined
}

export async function startSwift(): Promise<Swift> {
  const command = findSwift()
  if (!command) throw new Error("Swift is not installed: no swift module for /usr/bin/python3. Debian's package is python3-swift.")
  const folder = createFolder('swift')
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const [awsAccessKeyId, awsSecretAccessKey] = ['parley:tests', randomBytes(20).toString('hex')]
  const program = await startProgram({
    command,
    args: [server, folder, String(port), awsAccessKeyId, awsSecretAccessKey],
    folder,
    ready: () => answers(endpoint),
  })
  return {
    endpoint,
    async createBucket() {
      const url = `s3://files-${randomBytes(6).toString('hex')}?endpoint=${endpoint}`
      const storage = readStorage(url) as S3Storage
      const keys = { awsAccessKeyId, awsSecretAccessKey, awsSessionToken: undefined }
      const client = createS3Client({ storage, ...keys, storagePatienceMs: 30_000 })
      await client.send(new CreateBucketCommand({ Bucket: storage.bucket }))
      client.destroy()
      return { storage, keys, env: { STORAGE_URL: url, AWS_ACCESS_KEY_ID: awsAccessKeyId, AWS_SECRET_ACCESS_KEY: awsSecretAccessKey } }
    },
    kill: () => program.end('SIGKILL'),
    pause: () => program.signal('SIGSTOP'),
    resume: () => program.signal('SIGCONT'),
    async stop() {
      await program.end('SIGKILL')
      await removeFolder(folder)
    },
  }
}

let shared: Promise<Swift> | undefined

/** One server for all test files of this process, each with buckets of its own; for whoever neither kills, pauses nor stops it. */
export function sharedSwift(): Promise<Swift> {
  shared ??= startSwift()
  return shared
}

const server = fileURLToPath(new URL('swift-server.py', import.meta.url))

async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    async (response) => {
      await response.text()
      return response.status === 404
    },
    () => false,
  )
}
