import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createServerLinks, makeLinkSecret } from '../../src/store/file-links.ts'
import type { FileName } from '../../src/store/files.ts'
import { openDiskFiles } from '../../src/store/files-disk.ts'
import { type AUser, aParley, type Parley, startParley } from '../support/parley.ts'
import { createFolder, removeFolder } from '../support/program.ts'
import { aPictureFile, putFile, takeFile, type Upload, upload } from '../support/uploads.ts'

let parley: Parley
let ada: AUser
beforeAll(async () => {
  parley = await aParley()
  ada = await parley.aUser('Ada')
})

const text = (content: string, mimeType = 'text/plain', filename = 'hello.txt') => ({ filename, mimeType, bytes: Buffer.from(content) })
const get = (url: string, headers: Record<string, string> = {}, method = 'GET') => fetch(url, { method, headers })
const codeOf = async (response: Response) =>
  ((await response.json()) as { errors: { extensions: { code: string } }[] }).errors[0]!.extensions.code

/** Half of 1,000,000 bytes, which the server is taking already. */
async function putHalf(url: string, headers: Record<string, string>) {
  const request = httpRequest(url, { method: 'PUT', headers: { ...headers, 'content-length': 1_000_000, expect: '100-continue' } })
  const status = new Promise<number>((resolve) => request.once('response', (response) => resolve(response.resume().statusCode!)))
  const cut = new Promise<void>((resolve) => request.once('error', () => resolve()))
  await new Promise((resolve) => request.once('continue', resolve))
  await new Promise((resolve) => request.write('z'.repeat(500_000), resolve))
  return {
    cut,
    finish(): Promise<number> {
      request.end('z'.repeat(500_000))
      return status
    },
  }
}

describe('putting bytes', () => {
  let announced: Upload
  const put = (body: string, headers: Record<string, string> = announced.headers, url = announced.uploadUrl) =>
    fetch(url, { method: 'PUT', body, headers })
  beforeAll(async () => {
    announced = await upload(ada, text('Hello'))
  })

  it('takes exactly the size and the type that the link is for', async () => {
    for (const wrong of ['Hell', 'Hello!']) expect((await put(wrong)).status).toBe(400)
    expect((await put('Hello', { 'content-type': 'text/html' })).status).toBe(400)
    expect((await put('Hello', {})).status).toBe(400)
    const chunked = { method: 'PUT', headers: announced.headers, body: new Blob(['Hello']).stream(), duplex: 'half' } as RequestInit
    expect((await fetch(announced.uploadUrl, chunked)).status).toBe(411)
    expect((await put('Hello')).status).toBe(204)
    // As often as it takes.
    expect((await put('World')).status).toBe(204)
    const attachment = await putFile.complete(ada, announced.attachment.id)
    expect(await (await get(attachment.url!)).text()).toBe('World')
    const late = await put('Hello')
    expect([late.status, await codeOf(late)]).toEqual([409, 'CONFLICT'])
  })

  it('is for whoever has the link, while it is good', async () => {
    const { uploadUrl } = await upload(ada, text('Hello'))
    const [place, token = ''] = [uploadUrl.slice(0, uploadUrl.lastIndexOf('/')), uploadUrl.split('/').at(-1)]
    const forged = [`${token.slice(0, -2)}xx`, token.replace('.', ''), 'x', `${token.split('.')[0]}.`]
    for (const one of forged) {
      const response = await put('Hello', announced.headers, `${place}/${one}`)
      expect([response.status, await codeOf(response)]).toEqual([403, 'FORBIDDEN'])
    }
  })

  it('lapses', async () => {
    const short = await startParley({ LINK_MS: '2000' })
    const ben = await short.aUser()
    const { uploadUrl, headers } = await upload(ben, text('Hello'))
    await expect.poll(async () => (await fetch(uploadUrl, { method: 'PUT', body: 'Hello', headers })).status, { timeout: 5000 }).toBe(403)
    const { url } = await takeFile(ben, text('Hello'))
    await expect.poll(async () => (await get(url!)).status, { timeout: 5000 }).toBe(403)
    await short.close()
  })

  it('that is cut in the middle leaves nothing, and may be tried again', async () => {
    const { uploadUrl, headers, attachment } = await upload(ada, text('x'.repeat(1_000_000)))
    const request = httpRequest(uploadUrl, { method: 'PUT', headers: { ...headers, 'content-length': 1_000_000 } })
    request.on('error', () => {})
    await new Promise((resolve) => request.write('x'.repeat(500_000), resolve))
    request.destroy()
    await new Promise((resolve) => request.once('close', resolve))
    expect(await putFile.code(ada, attachment.id)).toBe('BAD_USER_INPUT')
    expect((await fetch(uploadUrl, { method: 'PUT', headers, body: 'x'.repeat(1_000_000) })).status).toBe(204)
    expect((await putFile.complete(ada, attachment.id)).state).toBe('READY')
  })

  it('may take as long as its link is good, and nothing else may', async () => {
    const hasty = await startParley({ REQUEST_MS: '1000' })
    const ben = await hasty.aUser()
    const { uploadUrl, headers, attachment } = await upload(ben, text('z'.repeat(1_000_000)))
    const slow = await putHalf(uploadUrl, headers)
    const request = httpRequest(`${hasty.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 40 },
    })
    const answer = new Promise<number>((resolve) => request.once('response', (response) => resolve(response.resume().statusCode!)))
    const closed = new Promise<void>((resolve) => request.on('error', () => {}).once('close', () => resolve()))
    request.write('{"query":')
    expect(await answer).toBe(408)
    await closed
    const unwelcome = httpRequest(`${hasty.url}/uploads/x`, { method: 'PUT', headers: { 'content-length': 1000 } })
    const refused = new Promise<number>((resolve) => unwelcome.once('response', (response) => resolve(response.resume().statusCode!)))
    const cut = new Promise<void>((resolve) => unwelcome.on('error', () => {}).once('close', () => resolve()))
    const trickling = setInterval(() => unwelcome.write('z'), 100)
    expect(await refused).toBe(403)
    await cut
    clearInterval(trickling)
    expect(await slow.finish()).toBe(204)
    expect((await putFile.complete(ben, attachment.id)).state).toBe('READY')
    await hasty.close()
  })

  it('that is tried again ends the try before: each file takes room once', async () => {
    const { uploadUrl, headers, attachment } = await upload(ada, text('x'.repeat(1_000_000)))
    const first = await putHalf(uploadUrl, headers)
    expect((await fetch(uploadUrl, { method: 'PUT', headers, body: 'y'.repeat(1_000_000) })).status).toBe(204)
    await first.cut
    const { url } = await putFile.complete(ada, attachment.id)
    expect((await (await get(url!)).text())[0]).toBe('y')
  })

  it('that comes to its end after the file was completed is told so, and leaves nothing', async () => {
    const { uploadUrl, headers, attachment } = await upload(ada, text('x'.repeat(1_000_000)))
    expect((await fetch(uploadUrl, { method: 'PUT', headers, body: 'x'.repeat(1_000_000) })).status).toBe(204)
    const late = await putHalf(uploadUrl, headers)
    await putFile.complete(ada, attachment.id)
    expect(await late.finish()).toBe(409)
    const { state, url } = await putFile.complete(ada, attachment.id)
    expect([state, (await (await get(url!)).text())[0]]).toEqual(['READY', 'x'])
  })

  it('is refused by any other method, and elsewhere there is nothing', async () => {
    const { uploadUrl } = await upload(ada, text('Hello'))
    expect((await get(uploadUrl)).status).toBe(405)
    expect((await get(`${parley.url}/uploads/`)).status).toBe(404)
    expect((await get(`${parley.url}/files/../package.json`)).status).toBe(404)
    expect((await get(`${parley.url}/constructor/x`)).status).toBe(404)
    expect((await get(`${parley.url}/avatars/..%2f..%2fpackage.json`)).status).toBe(404)
  })
})

// As root, who may mount: a disk of 1 MiB.
describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('putting bytes on a disk that is full', () => {
  it('is refused with 507, leaves nothing, and works again when there is room', async () => {
    const small = createFolder('small-disk')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
    const cramped = await startParley({ STORAGE_URL: `file:${small}` })
    try {
      const ben = await cramped.aUser()
      const { uploadUrl, headers, attachment } = await upload(ben, text('x'.repeat(3_000_000)))
      const response = await fetch(uploadUrl, { method: 'PUT', headers, body: 'x'.repeat(3_000_000) })
      expect([response.status, await codeOf(response)]).toEqual([507, 'INTERNAL_SERVER_ERROR'])
      expect(readdirSync(join(small, 'partial'))).toEqual([])
      expect(await putFile.code(ben, attachment.id)).toBe('BAD_USER_INPUT')
      expect((await takeFile(ben, text('Hello'))).state).toBe('READY')
    } finally {
      await cramped.close()
      execFileSync('umount', [small])
      await removeFolder(small)
    }
  })
})

describe('getting bytes', () => {
  it('is whole, in parts, or not at all when they are had already', async () => {
    const { url } = await takeFile(ada, text('0123456789'))
    const whole = await get(url!)
    expect(whole.status).toBe(200)
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-length': '10',
      'content-type': 'text/plain; charset=utf-8',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-disposition': `inline; filename="hello.txt"; filename*=UTF-8''hello.txt`,
      'content-security-policy': "default-src 'none'; sandbox",
    })
    expect(whole.headers.get('cache-control')).toMatch(/^private, max-age=\d+, immutable$/)
    expect(await whole.text()).toBe('0123456789')
    const etag = whole.headers.get('etag')!
    const parts: [string, number, string | null, string][] = [
      ['bytes=0-3', 206, 'bytes 0-3/10', '0123'],
      ['bytes=7-', 206, 'bytes 7-9/10', '789'],
      ['bytes=-2', 206, 'bytes 8-9/10', '89'],
      ['bytes=5-500', 206, 'bytes 5-9/10', '56789'],
      ['bytes=-500', 206, 'bytes 0-9/10', '0123456789'],
      ['bytes=0-1,4-5', 200, null, '0123456789'],
      ['bytes=5-2', 200, null, '0123456789'],
      ['nonsense', 200, null, '0123456789'],
    ]
    for (const [range, status, part, content] of parts) {
      const response = await get(url!, { range })
      expect([range, response.status, response.headers.get('content-range'), await response.text()]).toEqual([range, status, part, content])
    }
    for (const range of ['bytes=10-', 'bytes=-0']) {
      const beyond = await get(url!, { range })
      expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10'])
    }
    expect((await get(url!, { 'if-none-match': etag })).status).toBe(304)
    expect((await get(url!, { 'if-none-match': `"x", W/${etag}` })).status).toBe(304)
    expect((await get(url!, { range: 'bytes=1-2', 'if-range': etag })).status).toBe(206)
    expect((await get(url!, { range: 'bytes=1-2', 'if-range': '"another"' })).status).toBe(200)
    const head = await get(url!, {}, 'HEAD')
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', ''])
    // A range is of getting alone.
    expect((await get(url!, { range: 'bytes=10-' }, 'HEAD')).status).toBe(200)
    expect((await get(url!, { 'if-none-match': '*' })).status).toBe(304)
  })

  it('is resumed by a range where it broke off', async () => {
    const content = Buffer.alloc(3_000_000, 'abcdefghij')
    const { url } = await takeFile(ada, { filename: 'long.bin', mimeType: 'application/octet-stream', bytes: content })
    const cut = new AbortController()
    const response = await fetch(url!, { signal: cut.signal })
    const reader = response.body!.getReader()
    const first = (await reader.read()).value!
    cut.abort()
    const rest = await get(url!, { range: `bytes=${first.length}-`, 'if-range': response.headers.get('etag')! })
    expect(rest.status).toBe(206)
    expect(Buffer.concat([first, Buffer.from(await rest.arrayBuffer())]).equals(content)).toBe(true)
  })

  it('never is what a browser would run in our origin', async () => {
    const pages: [string, string, string][] = [
      ['text/html', 'page.html', '<script>alert(document.domain)</script>'],
      ['image/svg+xml', 'drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
      ['application/xhtml+xml', 'page.xhtml', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>'],
      ['text/javascript', 'code.js', 'alert(1)'],
    ]
    for (const [mimeType, filename, content] of pages) {
      const { url } = await takeFile(ada, text(content, mimeType, filename))
      const { headers } = await get(url!)
      expect(headers.get('content-type'), filename).toBe('application/octet-stream')
      expect(headers.get('content-disposition')).toMatch(/^attachment; /)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
    // Called plain, it is shown as plain.
    const { url } = await takeFile(ada, text('<script>alert(1)</script>'))
    expect((await get(url!)).headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })

  it('names the file as its owner did, in every alphabet, and breaks no header', async () => {
    const filename = 'Grüße "an" 100% 🎉\'s;.txt'
    const { url } = await takeFile(ada, text('Hello', 'text/plain', filename))
    const disposition = (await get(url!)).headers.get('content-disposition')!
    expect(disposition).toBe(
      `inline; filename="Gr__e _an_ 100_ __'s;.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%22an%22%20100%25%20%F0%9F%8E%89%27s%3B.txt`,
    )
  })

  it('is for pages of the sites that are configured', async () => {
    const open = await startParley({ CORS_ORIGINS: 'https://app.example.org' })
    const ben = await open.aUser()
    const { uploadUrl } = await upload(ben, text('Hello'))
    const from = (origin: string) => fetch(uploadUrl, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } })
    const welcome = await from('https://app.example.org')
    expect([welcome.status, welcome.headers.get('access-control-allow-origin')]).toEqual([204, 'https://app.example.org'])
    expect(welcome.headers.get('access-control-allow-methods')).toBe('PUT')
    expect((await from('https://evil.example.org')).headers.get('access-control-allow-origin')).toBeNull()
    // What a page without any rights has got is not what a cache then gives to one that has them.
    const { url } = await takeFile(ben, text('Hello'))
    expect((await get(url!)).headers.get('vary')).toBe('origin')
    await open.close()
  })
})

describe('pictures of people', () => {
  const update = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { avatarUrl } } }'
  type Updated = { updateProfile: { user: { avatarUrl: string | null } } }
  const setting = (input: object) => ada.post<Updated>(update, { input })

  it('are for everybody, and kept for ever', async () => {
    const { id } = await takeFile(ada, await aPictureFile())
    const url = (await setting({ avatarId: id })).data!.updateProfile.user.avatarUrl!
    const { status, headers } = await get(url)
    expect([status, headers.get('content-type')]).toEqual([200, 'image/webp'])
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await setting({ avatarId: null })).errors).toBeUndefined()
    expect((await get(url)).status).toBe(404)
  })

  it('are none of what did not become one: who was shown it in a message finds it there no longer than by its link', async () => {
    const folder = createFolder('cut-picture')
    const shown = await startParley({ STORAGE_URL: `file:${folder}` })
    const { url } = await takeFile(await shown.aUser(), await aPictureFile())
    const { name } = JSON.parse(Buffer.from(url!.split('/').at(-1)!.split('.')[0]!, 'base64url').toString())
    // As if it was cut, and then sent by another device before it became a picture of anybody.
    const files = await openDiskFiles(folder, createServerLinks({ secret: makeLinkSecret(), base: () => shown.url }))
    await files.write(`${name}.small` as FileName, [Buffer.from('picture')], 7)
    expect((await get(`${shown.url}/avatars/${name.slice('kept/'.length)}-small.webp`)).status).toBe(404)
    await shown.close()
    await removeFolder(folder)
  })
})
