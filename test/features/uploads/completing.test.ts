import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { completeUpload } from '../../../src/features/uploads/commands.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { aGroup, named } from '../../support/rooms.ts'
import { aFilm, announce, aPicture, aReadyFile, aSound, aText, completing, fileOf, putBytes } from './support.ts'

let domain: Domain
let ann: APerson
let ben: APerson
beforeAll(async () => {
  domain = await aDomain()
  ann = await domain.aPerson('Ann')
  ben = await domain.aPerson('Ben')
})

const files = () => domain.services.uploads.files
const bytesOf = async (name: Parameters<ReturnType<typeof files>['read']>[0]) => buffer(await files().read(name))
const refusal = (answer: { errors?: readonly { extensions: unknown }[] | undefined }) => answer.errors?.[0]?.extensions

/** Announced as it says, and these bytes put. */
async function judge(mimeType: string, bytes: Buffer) {
  return aReadyFile(domain, ann, { filename: 'file', mimeType, bytes })
}

describe('announcing a file', () => {
  it('tells where to put it, until when, and with which headers', async () => {
    const before = Date.now()
    const { data } = await announce(ann, aText())
    const { attachment, uploadUrl, headers, expiresAt } = data!.createUpload
    expect(attachment).toMatchObject({ state: 'PENDING', filename: 'hello.txt', mimeType: 'text/plain', size: 5, url: null })
    expect(uploadUrl).toMatch(/^https:\/\/chat\.example\.org\/uploads\//)
    expect(headers).toEqual({ 'content-type': 'text/plain' })
    const life = Date.parse(expiresAt) - before
    expect(life).toBeGreaterThan(14.9 * 60_000)
    expect(life).toBeLessThan(15.1 * 60_000)
  })

  it('refuses sizes that are none, and files that are too large', async () => {
    for (const size of [0, -1, 50 * 1024 * 1024 + 1])
      expect(refusal(await announce(ann, { size }))).toEqual({ code: 'BAD_USER_INPUT', field: 'size' })
    expect((await announce(ann, { size: 50 * 1024 * 1024 })).errors).toBeUndefined()
  })

  it('refuses names that lead somewhere, hide something, or are none', async () => {
    for (const filename of [
      '../../etc/passwd',
      'a/b',
      'C:\\autoexec.bat',
      '..',
      '.',
      '',
      '  ',
      'a\0b',
      'photo\u202egnp.exe',
      'x'.repeat(256),
    ])
      expect(refusal(await announce(ann, { filename })), filename).toEqual({ code: 'BAD_USER_INPUT', field: 'filename' })
    expect((await announce(ann, { filename: 'Überraschung 🎉 (2).tar.gz' })).data!.createUpload.attachment.filename).toBe(
      'Überraschung 🎉 (2).tar.gz',
    )
  })

  it('refuses what is no type, and programs', async () => {
    for (const mimeType of ['', 'png', 'image/', 'image/png\r\nx: y', 'application/x-msdownload', 'application/x-sh'])
      expect(refusal(await announce(ann, { mimeType })), mimeType).toEqual({ code: 'BAD_USER_INPUT', field: 'mimeType' })
    expect((await announce(ann, { mimeType: 'Text/Plain; charset=utf-8' })).data!.createUpload.attachment.mimeType).toBe('text/plain')
  })

  it('bounds what somebody has together: each file once, until it is gone', async () => {
    const cid = await domain.aPerson('Cid')
    const narrow = { ...cid, run: domain.as(cid.actor, { limits: { ...domain.services.limits, ownedBytesMost: 12 } }) }
    const [room, elsewhere] = [await aGroup(cid), await aGroup(cid)]
    const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
    const forward = 'mutation ($input: ForwardMessageInput!) { forwardMessage(input: $input) { message { id } } }'
    const remove = 'mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }'
    const { id } = await aReadyFile(domain, narrow, aText())
    const sent = await cid.run<{ sendMessage: { message: { id: string } } }>(send, {
      input: { roomId: room.globalId, content: '', attachmentIds: [id] },
    })
    const messageId = sent.data!.sendMessage.message.id
    const again = await cid.run<{ forwardMessage: { message: { id: string } } }>(forward, {
      input: { messageId, toRoomId: elsewhere.globalId },
    })
    expect((await announce(narrow, { size: 5 })).errors).toBeUndefined()
    const tooMuch = { code: 'CONFLICT', field: 'size' }
    expect(refusal(await announce(narrow, { size: 3 }))).toEqual(tooMuch)
    expect((await announce(narrow, { size: 2 })).errors).toBeUndefined()
    // The forward has it still.
    await cid.run(remove, { id: messageId })
    expect(refusal(await announce(narrow, { size: 1 }))).toEqual(tooMuch)
    await cid.run(remove, { id: again.data!.forwardMessage.message.id })
    expect((await announce(narrow, { size: 5 })).errors).toBeUndefined()
    expect(refusal(await announce(narrow, { size: 1 }))).toEqual(tooMuch)
  })

  it('lets a bounded number wait', async () => {
    const cid = await domain.aPerson('Cid')
    for (let number = 0; number < 100; number++) expect((await announce(cid, {})).errors).toBeUndefined()
    expect(refusal(await announce(cid, {}))).toEqual({ code: 'CONFLICT' })
  })
})

describe('completing a file', () => {
  it('counts its bytes: fewer or more than announced are not taken, and go', async () => {
    for (const bytes of ['Hell', 'Hello!']) {
      const { id } = (await announce(ann, aText())).data!.createUpload.attachment
      await putBytes(domain, id, Buffer.from(bytes))
      const { attachment } = (await completing(ann, id)).data!.completeUpload
      expect(attachment).toMatchObject({ state: 'REJECTED', url: null })
      expect(attachment.rejectedBecause).toBe(`5 bytes were announced, and ${bytes.length} came.`)
      expect(await files().sizeOf(`incoming/${named(id).id}`)).toBeUndefined()
    }
    await domain.services.uploads.close()
    const left = await domain.database.prisma.keptFile.findMany({ where: { goesAt: { not: null } } })
    expect(left).toEqual([])
  })

  it('refuses while nothing was put, and takes it afterwards', async () => {
    const { id } = (await announce(ann, aText())).data!.createUpload.attachment
    expect(refusal(await completing(ann, id))).toEqual({ code: 'BAD_USER_INPUT', field: 'attachmentId' })
    await putBytes(domain, id, Buffer.from('Hello'))
    expect((await completing(ann, id)).data!.completeUpload.attachment.state).toBe('READY')
  })

  it('gives the same answer again, also to two who complete at once', async () => {
    const { id } = (await announce(ann, aText())).data!.createUpload.attachment
    await putBytes(domain, id, Buffer.from('Hello'))
    const answers = await Promise.all([completing(ann, id), completing(ann, id), completing(ann, id)])
    for (const { data, errors } of answers) expect([errors, data?.completeUpload.attachment.state]).toEqual([undefined, 'READY'])
    const name = await fileOf(domain, id)
    // Whatever is put later under the old link is not what was looked at.
    await putBytes(domain, id, Buffer.from('Other'))
    expect((await completing(ann, id)).data!.completeUpload.attachment.state).toBe('READY')
    expect((await bytesOf(name)).toString()).toBe('Hello')
    await domain.services.uploads.close()
    expect(await domain.database.prisma.keptFile.count({ where: { goesAt: { not: null } } })).toBe(0)
  })

  it('keeps the bytes of what may yet be decided, when the answer of its commit is lost', async () => {
    const { id } = (await announce(ann, aText())).data!.createUpload.attachment
    await putBytes(domain, id, Buffer.from('Hello'))
    const { services } = domain
    let commit = (): Promise<unknown> => Promise.reject(new Error('Nothing was begun.'))
    const losing: typeof services.transact = async (...parts) => {
      commit = () => services.transact(...parts)
      throw new Error('The connection was lost.')
    }
    await expect(completeUpload({ ...services, transact: losing }, ann.id, named(id).id)).rejects.toThrow('lost')
    await services.uploads.close()
    await commit()
    expect((await completing(ann, id)).data!.completeUpload.attachment.state).toBe('READY')
    const name = await fileOf(domain, id)
    expect((await bytesOf(name)).toString()).toBe('Hello')
  })

  it('keeps nobody waiting for all that somebody else has brought', async () => {
    const { bytes } = await aPicture({ width: 1600, height: 1600 })
    const put = async (person: APerson, file: Buffer, mimeType: string) => {
      const { id } = (await announce(person, { bytes: file, mimeType })).data!.createUpload.attachment
      await putBytes(domain, id, file)
      return id
    }
    const many: string[] = []
    for (let number = 0; number < 12; number++) many.push(await put(ann, bytes, 'image/png'))
    const one = await put(ben, Buffer.from('Hello'), 'text/plain')
    const done: string[] = []
    await Promise.all(
      [...many.map((id) => [ann, id] as const), [ben, one] as const].map(([person, id]) =>
        completing(person, id).then(() => done.push(id)),
      ),
    )
    expect(done.indexOf(one)).toBeLessThan(4)
  })

  it("is for its owner: somebody else's is like none", async () => {
    const { id } = (await announce(ann, aText())).data!.createUpload.attachment
    await putBytes(domain, id, Buffer.from('Hello'))
    expect(refusal(await completing(ben, id))).toEqual({ code: 'NOT_FOUND' })
    expect(refusal(await completing(ann, Buffer.from('Attachment:x').toString('base64url')))).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'attachmentId',
    })
    expect(refusal(await completing(ann, ann.globalId))).toEqual({ code: 'NOT_FOUND' })
    const see = 'query ($id: ID!) { node(id: $id) { ... on Attachment { state } } }'
    expect((await ben.run(see, { id })).data).toEqual({ node: null })
    expect((await ann.run(see, { id })).data).toEqual({ node: { state: 'PENDING' } })
  })

  it('believes the bytes and not what was said of them', async () => {
    const { bytes: png } = await aPicture()
    const jpeg = await sharp(png).jpeg().toBuffer()
    const elf = Buffer.concat([Buffer.from('7f454c46020101', 'hex'), Buffer.alloc(64)])
    const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(512)])
    const because = async (mimeType: string, bytes: Buffer) => (await judge(mimeType, bytes)).rejectedBecause
    expect(await because('image/jpeg', png)).toBe('This was announced as image/jpeg, and is image/png.')
    expect(await because('application/pdf', jpeg)).toBe('This was announced as application/pdf, and is image/jpeg.')
    expect(await because('text/plain', png)).toBe('This was announced as text/plain, and is image/png.')
    expect(await because('image/png', Buffer.from('<html><script>alert(1)</script>'))).toBe('This was announced as image/png, and is not.')
    expect(await because('text/plain', Buffer.from('half\0text'))).toBe('This was announced as text/plain, and is no text.')
    for (const program of [elf, exe]) expect(await because('application/octet-stream', program)).toMatch(/^Programs are not taken/)
    expect(await because('text/plain', Buffer.from('#!/bin/sh\nrm -r /'))).toMatch(/^Programs are not taken/)
    expect(await because('image/png', png.subarray(0, 60))).toBe('This picture is broken: it cannot be opened.')
    expect(await because('image/png', png)).toBeNull()
    expect(await because('image/jpg', jpeg)).toBeNull()
    expect(await because('application/octet-stream', png)).toBeNull()
    expect(await because('text/csv', Buffer.from('a,b\n1,2\n'))).toBeNull()
    expect(await because('application/json', Buffer.from('{}'))).toBeNull()
    expect(await because('image/svg+xml', Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'))).toBeNull()
  })

  it('measures sounds, and takes films that do not say how long they are', async () => {
    expect(await aReadyFile(domain, ann, aSound(2))).toMatchObject({ state: 'READY', durationMs: 2000, width: null })
    expect(await aReadyFile(domain, ann, aFilm())).toMatchObject({ state: 'READY', durationMs: null })
  })

  it('gives up on sounds and films of very many parts that say nothing, and keeps what was said before', async () => {
    const manyTimes = (hex: string) => Buffer.alloc(2_000_000, hex, 'hex')
    const sound = aSound(2).bytes.subarray(0, 44 + 16_000)
    const kinds: [string, Buffer, number | null][] = [
      ['video/mp4', Buffer.concat([aFilm().bytes.subarray(0, 28), manyTimes('0000000866726565')]), null],
      ['audio/flac', Buffer.concat([Buffer.from('fLaC'), manyTimes('01000000')]), null],
      ['audio/wav', Buffer.concat([sound, manyTimes('6a756e6b00000000')]), 2000],
    ]
    const begun = performance.now()
    for (const [mimeType, bytes, durationMs] of kinds)
      expect(await judge(mimeType, bytes), mimeType).toMatchObject({ state: 'READY', durationMs })
    // All of their parts take it half a minute.
    expect(performance.now() - begun).toBeLessThan(15_000)
  }, 60_000)
})

describe('a picture', () => {
  const preview = async (id: string) => bytesOf(`${await fileOf(domain, id)}.preview`)

  it('gets its measures and a preview that shows what it shows', async () => {
    const attachment = await aReadyFile(domain, ann, await aPicture({ width: 1600, height: 800 }))
    expect(attachment).toMatchObject({ state: 'READY', width: 1600, height: 800, mimeType: 'image/png' })
    expect(attachment.previewUrl).toMatch(/^https:\/\/chat\.example\.org\/files\//)
    const { data, info } = await sharp(await preview(attachment.id))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width: 640, height: 320, format: 'raw' })
    expectColour(data, info, 160, 160, [0, 0, 255])
    expectColour(data, info, 480, 160, [255, 0, 0])
  })

  it('is not made larger', async () => {
    const { id } = await aReadyFile(domain, ann, await aPicture({ width: 60, height: 40 }))
    expect(await sharp(await preview(id)).metadata()).toMatchObject({ width: 60, height: 40, format: 'webp' })
  })

  it('is shown the way up that its camera was held, and its preview tells nothing of where it was taken', async () => {
    const { bytes } = await aPicture({ width: 400, height: 200 })
    const gps = { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 12/1', GPSLongitudeRef: 'E', GPSLongitude: '13/1 24/1 18/1' }
    const photo = await sharp(bytes)
      .withExif({ IFD0: { Model: 'SpyCam' }, IFD3: gps })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    expect(photo.includes('SpyCam')).toBe(true)
    const attachment = await aReadyFile(domain, ann, { filename: 'photo.jpg', mimeType: 'image/jpeg', bytes: photo })
    expect(attachment).toMatchObject({ width: 200, height: 400 })
    const small = await preview(attachment.id)
    const { exif, iptc, xmp } = await sharp(small).metadata()
    expect([exif, iptc, xmp]).toEqual([undefined, undefined, undefined])
    expect(small.includes('SpyCam')).toBe(false)
    const { data, info } = await sharp(small).raw().toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width: 200, height: 400 })
    // A quarter turn to the right: what was left is on top.
    expectColour(data, info, 100, 100, [0, 0, 255])
    expectColour(data, info, 100, 300, [255, 0, 0])
  })

  it('of more pixels than can be opened is taken, without a preview', async () => {
    const bytes = await sharp({ create: { width: 16_000, height: 8000, channels: 3, background: '#ffffff' } })
      .png({ compressionLevel: 9 })
      .toBuffer()
    expect(bytes.length).toBeLessThan(1024 * 1024)
    expect(await judge('image/png', bytes)).toMatchObject({ state: 'READY', width: 16_000, height: 8000, previewUrl: null })
  })

  it('that would be unpacked as a whole is taken without a preview when that takes more memory than there is for it', async () => {
    const white = sharp({ create: { width: 9000, height: 9000, channels: 3, background: '#ffffff' } })
    const packed: [string, Promise<Buffer>, boolean][] = [
      ['image/png', white.clone().png({ progressive: true }).toBuffer(), false],
      ['image/jpeg', white.clone().jpeg({ progressive: true }).toBuffer(), false],
      ['image/webp', white.clone().webp({ effort: 0 }).toBuffer(), false],
      ['image/jpeg', white.clone().jpeg().toBuffer(), true],
    ]
    for (const [mimeType, bytes, hasPreview] of packed) {
      const { id, state, previewUrl } = await judge(mimeType, await bytes)
      expect([mimeType, state, previewUrl !== null]).toEqual([mimeType, 'READY', hasPreview])
      const set = 'mutation ($id: ID!) { updateProfile(input: { avatarId: $id }) { user { id } } }'
      expect(refusal(await ann.run(set, { id }))).toEqual(hasPreview ? undefined : { code: 'BAD_USER_INPUT', field: 'avatarId' })
    }
  }, 60_000)
})

function expectColour(data: Buffer, info: { width: number; channels: number }, x: number, y: number, colour: number[]) {
  const start = (y * info.width + x) * info.channels
  const shown = [...data.subarray(start, start + 3)]
  for (const [channel, value] of colour.entries()) expect(Math.abs(shown[channel]! - value), `${shown}`).toBeLessThan(12)
}
