import { afterAll, beforeAll, expect, it } from 'vitest'
import { unusedOf } from '../../src/features/uploads/sweeping.ts'
import type { FileName, Files } from '../../src/store/files.ts'
import { startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { type Bucket, type Swift, startSwift } from '../support/swift.ts'
import { until } from '../support/until.ts'
import { type Attached, aPictureFile, putFile, takeFile, upload } from '../support/uploads.ts'
import { startDyingNode } from './dying.ts'
import { orThrow, type Person } from './person.ts'
import { write } from './place.ts'
import { startNodes, type World } from './world.ts'

const see = 'query ($id: ID!) { node(id: $id) { ... on Attachment { id url previewUrl } } }'
const secret = { filename: 'secret.txt', mimeType: 'text/plain', bytes: Buffer.from('The secret') }

describeWith(['postgres', 'redis', 'swift'], 'files in a bucket, on two nodes', () => {
  let swift: Swift
  let bucket: Bucket
  let world: World
  let env: Record<string, string>
  let ada: Person
  let ben: Person
  let roomId: string
  beforeAll(async () => {
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    swift = await startSwift()
    bucket = await swift.createBucket()
    env = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url, ...bucket.env }
    world = await startNodes({ count: 2, env })
    ada = await world.aPerson('Ada', world.nodes[0]!)
    ben = await world.aPerson('Ben', world.nodes[1]!)
    roomId = await ada.make(ben)
  })
  afterAll(async () => {
    await world?.close()
    await swift?.stop()
  })

  const files = (): Files => world.nodes[0]!.app.services.uploads.files
  const names = async () => {
    const found: FileName[] = []
    for (const folder of ['incoming', 'kept'] as const) for await (const { name } of files().list(folder)) found.push(name)
    return found.sort()
  }
  const statusOf = async (url: string) => (await fetch(url)).status

  async function send(...fileIds: string[]) {
    const input = { roomId, content: '', attachmentIds: fileIds }
    const answer = await write<{ message: { id: string; attachments: Attached[] } }>(
      ada,
      'sendMessage',
      input,
      'message { id attachments { id url previewUrl } }',
    )
    return answer.message
  }
  /** The same person, whose every request goes to that node. */
  const through = (person: Person, node: { url: string }) => ({ post: person.on(node).ask })
  const shownTo = async (person: Person, id: string) => orThrow(await person.ask<{ node: Attached | null }>(see, { id })).node

  it('are put to the store past both nodes, and got from it, whole and in parts, by who may see them', async () => {
    const picture = await aPictureFile({ width: 900, height: 300 })
    const { uploadUrl, headers, attachment } = await upload(ada, picture)
    expect(uploadUrl.startsWith(`${swift.endpoint}/${bucket.storage.bucket}/incoming/`)).toBe(true)
    const put = await fetch(uploadUrl, { method: 'PUT', headers, body: new Uint8Array(picture.bytes) })
    expect(put.status).toBe(200)
    // On the node that did not announce it.
    expect((await putFile.complete(through(ada, world.nodes[1]!), attachment.id)).state).toBe('READY')
    const message = await send(attachment.id)
    const { url, previewUrl } = (await shownTo(ben, message.attachments[0]!.id))!
    expect(url!.startsWith(`${swift.endpoint}/${bucket.storage.bucket}/kept/`)).toBe(true)
    const whole = await fetch(url!)
    expect(whole.headers.get('content-type')).toBe('image/png')
    expect(whole.headers.get('content-disposition')).toBe(`inline; filename="red.png"; filename*=UTF-8''red.png`)
    expect(Buffer.from(await whole.arrayBuffer()).equals(picture.bytes)).toBe(true)
    const rest = await fetch(url!, { headers: { range: 'bytes=100-', 'if-range': whole.headers.get('etag')! } })
    expect(rest.status).toBe(206)
    expect(Buffer.from(await rest.arrayBuffer()).equals(picture.bytes.subarray(100))).toBe(true)
    expect((await fetch(previewUrl!)).headers.get('content-type')).toBe('image/webp')
    // What was put is at its new name alone.
    expect(await names()).toEqual([expect.stringMatching(/^kept\/[0-9a-f-]{36}$/), expect.stringMatching(/^kept\/.*\.preview$/)])
    // The same link for both nodes and both people: browsers keep what they have.
    expect((await shownTo(ada, message.attachments[0]!.id))!.url).toBe(url)
    await write(ada, 'deleteMessage', { messageId: message.id })
    await until(async () => (await statusOf(url!)) === 404, { what: 'the bytes to go' })
    await until(async () => (await names()).length === 0, { what: 'the preview to go' })
  })

  it('are rejected for what they are, whatever the store took them for', async () => {
    const { state, rejectedBecause } = await takeFile(ada, { ...secret, mimeType: 'image/png', filename: 'secret.png' })
    expect([state, rejectedBecause]).toEqual(['REJECTED', 'This was announced as image/png, and is not.'])
    const { attachment } = await upload(ada, secret)
    expect(await putFile.code(ada, attachment.id)).toBe('BAD_USER_INPUT')
    await until(async () => (await names()).length === 0, { what: 'nothing to be left' })
  })

  it('never are what a browser would run', async () => {
    const page = { filename: 'page.html', mimeType: 'text/html', bytes: Buffer.from('<script>alert(1)</script>') }
    const drawing = { filename: 'drawing.svg', mimeType: 'image/svg+xml', bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') }
    for (const file of [page, drawing]) {
      const { headers } = await fetch((await takeFile(ada, file)).url!)
      expect(headers.get('content-type')).toBe('application/octet-stream')
      expect(headers.get('content-disposition')).toMatch(/^attachment; /)
    }
  })

  it('are nothing to a stranger, whichever way they try', async () => {
    const cid = await world.aPerson('Cid')
    const { id, attachments } = await send((await takeFile(ada, secret)).id)
    expect(await shownTo(cid, attachments[0]!.id)).toBeNull()
    await expect(write(cid, 'completeUpload', { attachmentId: attachments[0]!.id })).rejects.toThrow('NOT_FOUND')
    // They know how a link looks, and even which name they want.
    const theirs = (await takeFile(cid, secret)).url!
    const wanted = /kept\/[0-9a-f-]{36}/.exec(attachments[0]!.url!)![0]
    expect(await statusOf(theirs.replace(/kept\/[0-9a-f-]{36}/, wanted))).toBe(403)
    for (const place of [`${swift.endpoint}/${bucket.storage.bucket}`, `${cid.url}/files`, cid.url])
      expect((await fetch(`${place}/${wanted}`)).ok, place).toBe(false)
    expect((await fetch(`${swift.endpoint}/${bucket.storage.bucket}?list-type=2`)).ok).toBe(false)
    expect(await statusOf(`${cid.url}/avatars/${wanted.slice('kept/'.length)}-small.webp`)).toBe(404)
    expect(await statusOf(theirs)).toBe(200)
    await ada.remove(roomId, ben)
    expect(await shownTo(ben, attachments[0]!.id)).toBeNull()
    await write(ada, 'deleteMessage', { messageId: id })
    await ada.add(roomId, ben)
  })

  it('that are pictures of people are served by every node, for ever the same', async () => {
    await write(ada, 'updateProfile', { avatarId: (await takeFile(ada, await aPictureFile())).id })
    const { user } = orThrow(
      await ben.ask<{ user: { avatarUrl: string } }>('query ($handle: String!) { user(handle: $handle) { avatarUrl } }', {
        handle: ada.handle,
      }),
    )
    const path = new URL(user.avatarUrl).pathname
    const [one, other] = await Promise.all(world.nodes.map(({ url }) => fetch(`${url}${path}`)))
    expect([one!.status, one!.headers.get('content-type'), one!.headers.get('cache-control')]).toEqual([
      200,
      'image/webp',
      'public, max-age=31536000, immutable',
    ])
    expect(one!.headers.get('x-content-type-options')).toBe('nosniff')
    expect(other!.headers.get('etag')).toBe(one!.headers.get('etag'))
    const bytes = Buffer.from(await one!.arrayBuffer())
    const part = await fetch(user.avatarUrl, { headers: { range: 'bytes=4-9' } })
    expect([part.status, Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(4, 10))]).toEqual([206, true])
    expect((await fetch(user.avatarUrl, { headers: { 'if-none-match': one!.headers.get('etag')! } })).status).toBe(304)
    await write(ada, 'updateProfile', { avatarId: null })
    expect(await statusOf(user.avatarUrl)).toBe(404)
  })

  it('whose node is killed while it completes them are completed by another, and what is left behind goes', async () => {
    const dying = await startDyingNode({ ...env, UNUSED_UPLOAD_MS: '1000' })
    const { uploadUrl, headers, attachment } = await upload(ada, secret)
    await fetch(uploadUrl, { method: 'PUT', headers, body: new Uint8Array(secret.bytes) })
    const { prisma } = world.nodes[0]!.app.services.database
    const before = new Set((await prisma.keptFile.findMany()).map(({ id }) => id))
    // The store says nothing more: the node waits between its row and the bytes.
    swift.pause()
    const completing = putFile.complete(through(ada, dying), attachment.id).catch((error: Error) => error)
    const begun = () => prisma.keptFile.findFirst({ where: { id: { notIn: [...before] } } })
    await until(async () => (await begun()) !== null, { what: 'a row' })
    const left = (await begun())!
    await dying.kill()
    expect(await completing).toBeInstanceOf(Error)
    swift.resume()
    expect((await putFile.complete(ada, attachment.id)).state).toBe('READY')
    const { attachments } = await send(attachment.id)
    // As if the store had copied them after all.
    await files().write(`kept/${left.id}`, [secret.bytes], secret.bytes.length)
    await until(() => left.goesAt!.getTime() < Date.now(), { what: 'its time' })
    await unusedOf(world.nodes[1]!.app.services).sweep(30, 5000)
    expect(await prisma.keptFile.count({ where: { id: left.id } })).toBe(0)
    expect(await files().sizeOf(`kept/${left.id}`)).toBeUndefined()
    expect(await (await fetch(attachments[0]!.url!)).text()).toBe('The secret')
  }, 60_000)

  it('are what the rows say, once the sweep has been there', async () => {
    const services = world.nodes[1]!.app.services
    const { url } = await takeFile(ada, secret)
    const kept = /kept\/[0-9a-f-]{36}/.exec(url!)![0] as FileName
    const { uploadUrl, headers, attachment } = await upload(ada, secret)
    const again = () => fetch(uploadUrl, { method: 'PUT', headers, body: new Uint8Array(secret.bytes) })
    await again()
    await putFile.complete(ada, attachment.id)
    // By a link that is still good, of which no row tells any more.
    expect((await again()).status).toBe(200)
    const stray = (await names()).filter((name) => name.startsWith('incoming/'))
    expect(stray).toHaveLength(1)
    const lone: FileName = 'kept/00000000-0000-4000-8000-000000000000'
    await files().write(lone, [secret.bytes], secret.bytes.length)
    await unusedOf(services).sweep(30, 5000)
    // For what was put nobody waits any more. What is kept may be about to be: it is not old.
    expect((await names()).filter((name) => name === lone || stray.includes(name))).toEqual([lone])
    const grown = { ...services.uploads, unusedMs: -60_000 }
    await unusedOf({ ...services, uploads: grown }).sweep(30, 5000)
    const rows = await services.database.prisma.keptFile.findMany({ include: { attachments: true } })
    const told = rows.flatMap(({ id, attachments }) => [`kept/${id}`, ...(attachments[0]?.hasPreview ? [`kept/${id}.preview`] : [])])
    expect(await names()).toEqual(told.sort())
    expect(told).toContain(kept)
  })

  it('do not keep a node from ending when the store says nothing, and those that were to go do so later', async () => {
    const node = await startParley({ ...env, UNUSED_UPLOAD_MS: '1000' })
    const cid = await node.aUser('Cid')
    const said = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id attachments { url } } } }`
    const input = { roomId: await node.aRoom(cid), content: '', attachmentIds: [(await takeFile(cid, secret)).id] }
    const { message } = orThrow(
      await cid.post<{ sendMessage: { message: { id: string; attachments: Attached[] } } }>(said, { input }),
    ).sendMessage
    swift.pause()
    orThrow(await cid.post('mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { __typename } }', { id: message.id }))
    await node.close()
    swift.resume()
    const gone = async () => (await statusOf(message.attachments[0]!.url!)) === 404
    await until(async () => {
      await unusedOf(world.nodes[1]!.app.services).sweep(30, 5000)
      return gone()
    })
  }, 30_000)

  it('that cannot be looked at are told of as any failure, and the keys are in no line of the log', async () => {
    const { uploadUrl, headers, attachment } = await upload(ada, secret)
    await fetch(uploadUrl, { method: 'PUT', headers, body: new Uint8Array(secret.bytes) })
    const picture = await takeFile(ada, await aPictureFile())
    await swift.kill()
    // The picture is not what is the matter.
    await expect(write(ada, 'updateProfile', { avatarId: picture.id })).rejects.toThrow('INTERNAL_SERVER_ERROR')
    expect(await putFile.code(ada, attachment.id)).toBe('INTERNAL_SERVER_ERROR')
    const logged = world.nodes.flatMap((node) => node.logged).join('\n')
    expect(logged).toContain('StoreFailed: The file store failed to copy: ECONNREFUSED')
    expect(logged).not.toContain(bucket.keys.awsSecretAccessKey)
  })
})
