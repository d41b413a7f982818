import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl, S3RequestPresigner } from '@aws-sdk/s3-request-presigner'
import { type FileLinks, type FileName, requireFileName } from './files.ts'

/**
 * Links that the store itself has to believe, signed here by its keys and without asking it. For `lifeMs` from when they are signed at most, and
 * the same for all who ask for the same thing until the same time: so browsers keep what they have.
 */
export async function createS3Links(client: S3Client, bucket: string, lifeMs: number): Promise<FileLinks> {
  const presigner = new S3RequestPresigner({ ...client.config, region: client.config.region })
  // Where the store has its files is the library's to say, once. Asking it for each link would take fifteen times as long.
  const sample = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: sampleName })))
  const folder = sample.pathname.slice(0, -sampleName.length)
  const place = { protocol: sample.protocol, hostname: sample.hostname, ...(sample.port && { port: Number(sample.port) }) }
  const lifeSeconds = Math.floor(lifeMs / 1000)

  async function sign({ method, name, expiresAt, headers = {}, query = {} }: Signed): Promise<string> {
    const path = `${folder}${requireFileName(name)}`
    const { query: signed } = await presigner.presign(
      { ...place, method, path, headers: { host: sample.host, ...headers }, query },
      { expiresIn: lifeSeconds, signingDate: new Date(expiresAt.getTime() - lifeSeconds * 1000), signableHeaders },
    )
    return `${sample.origin}${path}?${Object.entries(signed ?? {})
      .map(written)
      .join('&')}`
  }

  return {
    toPut: async ({ name, size, mimeType, expiresAt }) => ({
      url: await sign({ method: 'PUT', name, expiresAt, headers: { 'content-type': mimeType, 'content-length': String(size) } }),
      headers: { 'content-type': mimeType },
    }),
    toGet: ({ name, mimeType, disposition, expiresAt }) =>
      sign({
        method: 'GET',
        name,
        expiresAt,
        query: { 'response-content-type': mimeType, 'response-content-disposition': disposition },
      }),
  }
}

interface Signed {
  readonly method: 'PUT' | 'GET'
  readonly name: FileName
  readonly expiresAt: Date
  readonly headers?: Record<string, string>
  readonly query?: Record<string, string>
}

/** Which the library would leave out; the length it signs. */
const signableHeaders = new Set(['content-type'])
const sampleName = 'x'

function written([name, value]: [string, unknown]): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`
}
