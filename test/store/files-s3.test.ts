import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileName, Files } from '../../src/store/files.ts'
import { openS3Files, type S3Options } from '../../src/store/files-s3.ts'
import { createS3Client } from '../../src/store/s3-client.ts'
import { createS3Links } from '../../src/store/s3-links.ts'
import { filesContract, incoming, kept, pieces, textOf } from '../contract/files.ts'
import { describeWith } from '../support/services.ts'
import { type Bucket, sharedSwift, startSwift } from '../support/swift.ts'

const lentFolder = mkdtempSync(join(tmpdir(), 'parley-lent-'))
afterAll(() => rmSync(lentFolder, { recursive: true }))

const opened: Files[] = []
afterAll(async () => {
  for (const files of opened) await files.close()
})

async function openOn({ storage, keys }: Bucket, more: Partial<S3Options> = {}): Promise<Files> {
  const files = await openS3Files({ storage, ...keys, linkMs: 900_000, storagePatienceMs: 30_000, lentFolder, ...more })
  opened.push(files)
  return files
}

describeWith(['swift'], 'files in a bucket', () => {
  let bucket: Bucket
  const open = () => openOn(bucket)
  beforeAll(async () => {
    bucket = await (await sharedSwift()).createBucket()
  })

  filesContract(open)

  it('lend nothing for longer than it takes, also when it fails', async () => {
    const files = await open()
    const name = kept()
    await files.write(name, pieces('Hello'), 5)
    const failing = files.use(name, async () => {
      expect(readdirSync(lentFolder)).toHaveLength(1)
      throw new Error('cannot be opened')
    })
    await expect(failing).rejects.toThrow('cannot be opened')
    expect(readdirSync(lentFolder)).toEqual([])
  })

  it('that a process which died had borrowed go once they are old enough', async () => {
    const files = await open()
    const name = kept()
    await files.write(name, pieces('Hello'), 5)
    await files.use(name, async () => {
      await files.tidy(new Date(Date.now() - 60_000))
      expect(readdirSync(lentFolder)).toHaveLength(1)
      await files.tidy(new Date(Date.now() + 60_000))
      expect(readdirSync(lentFolder)).toEqual([])
    })
  })

  it('are listed and removed page by page', async () => {
    const files = await openOn(await (await sharedSwift()).createBucket(), { atOnce: 2 })
    const names = Array.from({ length: 5 }, kept)
    for (const name of names) await files.write(name, pieces('x'), 1)
    const listed = async () => {
      const found: FileName[] = []
      for await (const { name } of files.list('kept')) found.push(name)
      return found.sort()
    }
    expect(await listed()).toEqual([...names].sort())
    await files.remove(names)
    expect(await listed()).toEqual([])
  })

  it('of many mebibytes come and go in pieces, and of what breaks off there nothing is kept', async () => {
    const files = await open()
    const name = kept()
    const piece = Buffer.alloc(65536, 'abcdefgh')
    const many = (count: number) => pieces(...Array.from({ length: count }, () => piece))
    await files.write(name, many(64), 64 * 65536)
    expect(await textOf(files, name, { first: 65536 * 64 - 4, last: 65536 * 64 - 1 })).toBe('efgh')
    const other = kept()
    // The last of these is one too many: it comes when a store would have had them all.
    await expect(files.write(other, many(33), 32 * 65536)).rejects.toThrow('are not 2097152')
    await expect(files.write(other, many(31), 32 * 65536)).rejects.toThrow('are not 2097152')
    async function* breaking() {
      yield* many(20)
      throw new Error('the client is gone')
    }
    await expect(files.write(other, breaking(), 32 * 65536)).rejects.toThrow('the client is gone')
    expect(await files.sizeOf(other)).toBeUndefined()
  })

  it('wait for nobody who reads slowly, however many of these there are', async () => {
    const files = await open()
    const name = kept()
    await files.write(name, pieces(Buffer.alloc(4 * 1024 * 1024, 'x')), 4 * 1024 * 1024)
    const slow = await Promise.all(Array.from({ length: 70 }, () => files.read(name)))
    expect(await files.sizeOf(name)).toBe(4 * 1024 * 1024)
    for (const one of slow) one.destroy()
  })

  const send = (url: string, body: string, type: string) => fetch(url, { method: 'PUT', body, headers: { 'content-type': type } })
  const inAMinute = () => new Date(Date.now() + 60_000)

  it('come by a link that takes exactly the size and the type that it was made for, under one name', async () => {
    const files = await open()
    const [name, other] = [incoming(), incoming()]
    const { url, headers } = await files.links.toPut({ name, size: 5, mimeType: 'text/plain', expiresAt: inAMinute() })
    expect(headers).toEqual({ 'content-type': 'text/plain' })
    for (const [body, type] of [
      ['Hell', 'text/plain'],
      ['Hello!', 'text/plain'],
      ['Hello', 'text/html'],
      ['Hello', ''],
    ] as const)
      expect((await send(url, body, type)).status, `${body} ${type}`).toBe(403)
    const unmeasured = { method: 'PUT', headers, body: new Blob(['Hello']).stream(), duplex: 'half' } as RequestInit
    expect((await fetch(url, unmeasured)).status).toBe(403)
    expect((await send(url.replace(name, other), 'Hello', 'text/plain')).status).toBe(403)
    const others = kept()
    await files.write(others, pieces('theirs'), 6)
    const copying = { ...headers, 'x-amz-copy-source': `/${bucket.storage.bucket}/${others}` }
    expect((await fetch(url, { method: 'PUT', headers: copying, body: 'Hello' })).ok).toBe(false)
    expect((await fetch(url)).status).toBe(403)
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403)
    expect(await files.sizeOf(name)).toBeUndefined()
    expect((await send(url, 'Hello', 'text/plain')).status).toBe(200)
    expect((await send(url, 'World', 'text/plain')).status).toBe(200)
    expect(await textOf(files, name)).toBe('World')
    expect(await files.sizeOf(other)).toBeUndefined()
  })

  it('that are cut in the middle are never seen, and the link is good for another try', async () => {
    const files = await open()
    const name = incoming()
    const { url, headers } = await files.links.toPut({ name, size: 1_000_000, mimeType: 'text/plain', expiresAt: inAMinute() })
    const request = httpRequest(url, { method: 'PUT', headers: { ...headers, 'content-length': 1_000_000, expect: '100-continue' } })
    const cut = new Promise((resolve) => request.on('error', () => {}).once('close', resolve))
    // The store has begun to take them.
    await new Promise((resolve) => request.once('continue', resolve))
    await new Promise((resolve) => request.write('x'.repeat(500_000), resolve))
    expect(await files.sizeOf(name)).toBeUndefined()
    request.destroy()
    await cut
    expect(await files.sizeOf(name)).toBeUndefined()
    expect((await send(url, 'y'.repeat(1_000_000), 'text/plain')).status).toBe(200)
    expect(await files.sizeOf(name)).toBe(1_000_000)
  })

  it('go by a link as the type and with the disposition that it was made for, in parts too, and whatever they are called in the store', async () => {
    const files = await open()
    const name = kept()
    await files.write(name, pieces('<script>0</script>'), 18)
    const disposition = `attachment; filename="Gr__e _1+1_ 100_.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%2B1%22%20100%25.txt`
    const get = { name, mimeType: 'application/octet-stream', disposition, expiresAt: inAMinute() }
    const url = await files.links.toGet(get)
    const whole = await fetch(url)
    expect([whole.status, await whole.text()]).toEqual([200, '<script>0</script>'])
    expect(whole.headers.get('content-type')).toBe('application/octet-stream')
    expect(whole.headers.get('content-disposition')).toBe(disposition)
    const part = await fetch(url, { headers: { range: 'bytes=8-', 'if-range': whole.headers.get('etag')! } })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 8-17/18', '0</script>'])
    // As long as a name may be, in signs that are written longest.
    const long = `attachment; filename="${'_'.repeat(255)}"; filename*=UTF-8''${encodeURIComponent('🎉'.repeat(255))}`
    const named = await fetch(await files.links.toGet({ ...get, disposition: long }))
    expect([named.status, named.headers.get('content-disposition')]).toEqual([200, long])
    // Nobody makes it another thing than it was made for.
    for (const forged of [
      url.replace('application%2Foctet-stream', 'text%2Fhtml'),
      url.replace('attachment', 'inline'),
      url.replace(name, kept()),
      url.replace(/response-content-disposition=[^&]*&/, ''),
      `${url.slice(0, -1)}${url.endsWith('0') ? '1' : '0'}`,
    ])
      expect((await fetch(forged)).status, forged).toBe(403)
    // Amazon's answers 403, this one 400.
    const unsigned = await fetch(url.split('?')[0]!)
    expect([unsigned.ok, (await unsigned.text()).includes('script')]).toEqual([false, false])
    await files.remove([name])
    expect((await fetch(url)).status).toBe(404)
  })

  it('are called bytes for saving, unless a link says otherwise', async () => {
    const files = await open()
    const [from, to, written] = [incoming(), kept(), kept()]
    await files.write(written, pieces('x'), 1)
    const { url, headers } = await files.links.toPut({ name: from, size: 4, mimeType: 'text/html', expiresAt: inAMinute() })
    await fetch(url, { method: 'PUT', headers, body: '<b/>' })
    await files.adopt(from, to)
    const link = new URL(await files.links.toGet({ name: to, mimeType: 'text/html', disposition: 'inline', expiresAt: inAMinute() }))
    expect((await fetch(link)).headers.get('content-type')).toBe('text/html')
    const client = createS3Client({ storage: bucket.storage, ...bucket.keys, storagePatienceMs: 30_000 })
    for (const Key of [to, written]) {
      const { ContentType, ContentDisposition } = await client.send(new HeadObjectCommand({ Bucket: bucket.storage.bucket, Key }))
      expect([ContentType, ContentDisposition]).toEqual(['application/octet-stream', 'attachment'])
    }
    client.destroy()
  })

  it('are not to be had by a link that has lapsed, or that somebody else has signed', async () => {
    const files = await open()
    const name = kept()
    await files.write(name, pieces('Hello'), 5)
    const get = { name, mimeType: 'text/plain', disposition: 'inline' }
    const put = { name: incoming(), size: 5, mimeType: 'text/plain' }
    const lapsed = new Date(Date.now() - 2000)
    expect((await fetch(await files.links.toGet({ ...get, expiresAt: lapsed }))).status).toBe(403)
    expect((await send((await files.links.toPut({ ...put, expiresAt: lapsed })).url, 'Hello', 'text/plain')).status).toBe(403)
    // Of a link that is good, its life is signed too.
    const good = await files.links.toGet({ ...get, expiresAt: inAMinute() })
    expect((await fetch(good)).status).toBe(200)
    expect((await fetch(good.replace('X-Amz-Expires=900', 'X-Amz-Expires=9000'))).status).toBe(403)
    // Who knows all but the secret.
    const { storage } = bucket
    const client = createS3Client({ storage, ...bucket.keys, awsSecretAccessKey: 'guessed', storagePatienceMs: 30_000 })
    const forged = await createS3Links(client, storage.bucket, 900_000)
    expect((await fetch(await forged.toGet({ ...get, expiresAt: inAMinute() }))).status).toBe(403)
    expect((await send((await forged.toPut({ ...put, expiresAt: inAMinute() })).url, 'Hello', 'text/plain')).status).toBe(403)
    expect(await files.sizeOf(put.name)).toBeUndefined()
    client.destroy()
  })

  it('have the same link for all who ask for the same thing until the same time', async () => {
    const [files, others] = [await open(), await open()]
    const get = { name: kept(), mimeType: 'text/plain', disposition: 'inline', expiresAt: inAMinute() }
    expect(await others.links.toGet(get)).toBe(await files.links.toGet(get))
    const later = new Date(get.expiresAt.getTime() + 1000)
    expect(await files.links.toGet({ ...get, expiresAt: later })).not.toBe(await files.links.toGet(get))
  })
})

describeWith(['swift'], 'a bucket that cannot be used', () => {
  it('is told of in one line, without the secret', async () => {
    const swift = await startSwift()
    const { storage, keys, ...rest } = await swift.createBucket()
    const refusing = async (more: Partial<S3Options>) =>
      openOn({ storage, keys, ...rest }, more).then(
        () => expect.unreachable(),
        (error: Error) => `${error.name}: ${error.message}`,
      )
    const place = `STORAGE_URL: the bucket ${storage.bucket} at ${swift.endpoint}`
    expect(await refusing({ storage: { ...storage, bucket: 'nothing-here' } })).toBe(
      `StorageUnusable: STORAGE_URL: the bucket nothing-here at ${swift.endpoint} is not there: make it, or name another.`,
    )
    expect(await refusing({ awsSecretAccessKey: 'guessed' })).toBe(
      `StorageUnusable: ${place} is not open to these keys (403): see AWS_ACCESS_KEY_ID, and what they may.`,
    )
    // Of what goes wrong with TLS its library tells in two.
    const safe = await refusing({ storage: { ...storage, endpoint: swift.endpoint.replace('http', 'https') } })
    expect(safe.split('\n')).toEqual([expect.stringMatching(/ cannot be reached: .*wrong version number.*[^. ]\.$/)])
    await swift.kill()
    expect(await refusing({})).toMatch(/^StorageUnusable: .* cannot be reached: .*ECONNREFUSED/)
    await swift.stop()
  })

  it('fails what is asked of it, clearly and in time, and works again when it is back', async () => {
    const swift = await startSwift()
    const bucket = await swift.createBucket()
    const [files, patient] = [await openOn(bucket, { storagePatienceMs: 1000 }), await openOn(bucket)]
    const name = kept()
    await patient.write(name, pieces('Hello'), 5)
    swift.pause()
    // What has been sent to it may yet be done: what is removed is another file.
    const asked = [files.sizeOf(name), files.write(kept(), pieces('Hello'), 5), files.use(name, async () => {}), files.remove([kept()])]
    for (const answer of await Promise.allSettled<unknown>(asked))
      expect(answer).toMatchObject({ reason: { name: 'StoreFailed', message: expect.stringContaining('TimeoutError') } })
    swift.resume()
    expect(await patient.sizeOf(name)).toBe(5)
    expect(readdirSync(lentFolder)).toEqual([])
    await swift.stop()
  })
})

describe('a store that answers something else than it was asked for', () => {
  const storage = { kind: 's3', bucket: 'files', region: 'us-east-1' } as const
  const keys = { awsAccessKeyId: 'key', awsSecretAccessKey: 'secret', awsSessionToken: undefined }

  it.each<[string, (response: ServerResponse) => void]>([
    ['all of a file instead of a part of it', (response) => response.writeHead(200, { 'content-length': 10 }).end('0123456789')],
    ['a part of which nobody knows where it ends', (response) => response.writeHead(206).end('0')],
    ['a part that breaks off', (response) => response.writeHead(206, { 'content-length': 2 }).write('0', () => response.destroy())],
    ['that it is elsewhere', (response) => response.writeHead(307, { location: `http://${response.req.headers.host}/elsewhere` }).end()],
  ])('gives no file: %s', async (_what, answer) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url!)
      if (request.method === 'GET') answer(response)
      else response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const files = await openS3Files({ storage: { ...storage, endpoint }, ...keys, linkMs: 900_000, storagePatienceMs: 30_000, lentFolder })
    await expect(textOf(files, kept(), { first: 2, last: 3 })).rejects.toThrow(/./)
    expect(asked).not.toContain('/elsewhere')
    await files.close()
    server.closeAllConnections()
    server.close()
  })
})
