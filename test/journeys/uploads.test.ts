import { readdirSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startParley } from '../support/parley.ts'
import { sharedPostgres } from '../support/postgres.ts'
import { createFolder, removeFolder } from '../support/program.ts'
import { sharedRedis } from '../support/redis.ts'
import { describeWith } from '../support/services.ts'
import { until } from '../support/until.ts'
import { type Attached, aPictureFile, putFile, takeFile, upload } from '../support/uploads.ts'
import { startDyingNode } from './dying.ts'
import { aPerson, orThrow, type Person } from './person.ts'
import { write } from './place.ts'
import { inEachWorld, startNodes } from './world.ts'

const parts = 'id kind content attachments { id state filename mimeType size width height url previewUrl }'
const see = `query ($id: ID!) { node(id: $id) { ... on Attachment { id url previewUrl } ... on Message { ${parts} } } }`
const follow = `subscription ($roomId: ID!, $after: Cursor) { messageAdded(roomId: $roomId, after: $after) { cursor message { ${parts} } } }`

interface Sent {
  readonly id: string
  readonly kind: string
  readonly attachments: readonly Attached[]
}

async function send(person: Person, roomId: string, ...files: readonly { filename: string; mimeType: string; bytes: Buffer }[]) {
  const attachmentIds: string[] = []
  for (const file of files) attachmentIds.push((await takeFile(person, file)).id)
  return (await write<{ message: Sent }>(person, 'sendMessage', { roomId, content: '', attachmentIds }, `message { ${parts} }`)).message
}

const secret = { filename: 'secret.txt', mimeType: 'text/plain', bytes: Buffer.from('The secret') }
const statusOf = async (url: string) => (await fetch(url)).status

/** What is shown of new messages, from a place in the room. */
function hear(person: Person, roomId: string, after: string) {
  const client = person.connect()
  const heard: { cursor: string; message: Sent }[] = []
  client.subscribe<{ messageAdded: { cursor: string; message: Sent } }>(
    { query: follow, variables: { roomId, after } },
    { next: ({ data }) => data && heard.push(data.messageAdded), error: () => {}, complete: () => {} },
  )
  return {
    heard,
    first: async () => {
      await until(() => heard.length > 0, { what: 'a message' })
      return heard[0]!.message
    },
    stop: async () => client.dispose(),
  }
}

inEachWorld('files', (world) => {
  const people = async () => {
    const [here, there = here] = world().nodes
    const [ada, ben] = [await world().aPerson('Ada', here), await world().aPerson('Ben', there)]
    return { ada, ben, roomId: await ada.make(ben) }
  }

  it('are put on one node, heard of and got on another, byte for byte', async () => {
    const { ada, ben, roomId } = await people()
    const listening = hear(ben, roomId, await ben.cursorOf(roomId))
    const picture = await aPictureFile({ width: 900, height: 300 })
    const sent = await send(ada, roomId, picture)
    const heard = await listening.first()
    expect(heard).toMatchObject({ id: sent.id, kind: 'IMAGE', attachments: [{ filename: 'red.png', width: 900, height: 300 }] })
    const { url, previewUrl } = heard.attachments[0]!
    expect(Buffer.from(await (await fetch(url!)).arrayBuffer()).equals(picture.bytes)).toBe(true)
    expect((await fetch(previewUrl!)).headers.get('content-type')).toBe('image/webp')
    await listening.stop()
  })

  it('are nothing to a stranger, whichever way they try', async () => {
    const { ada, roomId } = await people()
    const cid = await world().aPerson('Cid')
    const { id, attachments } = await send(ada, roomId, secret)
    const file = attachments[0]!
    expect(orThrow(await cid.ask(see, { id: file.id }))).toEqual({ node: null })
    expect(orThrow(await cid.ask(see, { id }))).toEqual({ node: null })
    expect(orThrow(await cid.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [file.id] }))).toEqual({ nodes: [null] })
    const mine = await cid.make()
    for (const [mutation, input] of [
      ['completeUpload', { attachmentId: file.id }],
      ['sendMessage', { roomId: mine, content: '', attachmentIds: [file.id] }],
      ['forwardMessage', { messageId: id, toRoomId: mine }],
      ['updateProfile', { avatarId: file.id }],
      ['updateRoom', { roomId: mine, avatarId: file.id }],
    ] as const)
      await expect(write(cid, mutation, input), mutation).rejects.toThrow('NOT_FOUND')
    // Of a link that they do not have they know the form, and of another file how it is signed.
    const theirs = (await send(cid, mine, secret)).attachments[0]!.url!
    const [claims, signature] = theirs.split('/').at(-1)!.split('.')
    const wanted = Buffer.from(file.url!.split('/').at(-1)!.split('.')[0]!, 'base64url')
    const base = theirs.slice(0, theirs.indexOf('/files/'))
    expect(await statusOf(`${base}/files/${wanted.toString('base64url')}.${signature}`)).toBe(403)
    expect(await statusOf(`${base}/files/${claims}`)).toBe(403)
    const { name } = JSON.parse(wanted.toString())
    for (const path of [`files/${name}`, name, `avatars/${name.slice(5)}-small.webp`, `avatars/${name.slice(5)}`])
      expect(await statusOf(`${base}/${path}`), path).toBe(404)
    expect(await statusOf(theirs)).toBe(200)
  })

  it('are no longer shown to a member who was removed, and the links they had end with the message', async () => {
    const { ada, ben, roomId } = await people()
    const { id, attachments } = await send(ada, roomId, secret)
    const { url } = orThrow(await ben.ask<{ node: Attached }>(see, { id: attachments[0]!.id })).node
    expect(await statusOf(url!)).toBe(200)
    await ada.remove(roomId, ben)
    expect(orThrow(await ben.ask(see, { id: attachments[0]!.id }))).toEqual({ node: null })
    expect(orThrow(await ben.ask(see, { id }))).toEqual({ node: null })
    await write(ada, 'deleteMessage', { messageId: id })
    await until(async () => (await statusOf(url!)) === 404, { what: 'the bytes to go' })
  })

  it('of a deleted message are in no replay, and not in a room that it was forwarded from', async () => {
    const { ada, ben, roomId } = await people()
    const after = await ben.cursorOf(roomId)
    const { id, attachments } = await send(ada, roomId, secret)
    const elsewhere = await ben.make()
    const { message: forward } = await write<{ message: Sent }>(
      ben,
      'forwardMessage',
      { messageId: id, toRoomId: elsewhere },
      `message { ${parts} }`,
    )
    await write(ada, 'deleteMessage', { messageId: id })
    const replay = hear(ben, roomId, after)
    expect(await replay.first()).toMatchObject({ id, kind: 'TEXT', attachments: [] })
    await replay.stop()
    // What was forwarded before is a message of its own.
    expect(await (await fetch(forward.attachments[0]!.url!)).text()).toBe('The secret')
    expect(forward.attachments[0]!.id).not.toBe(attachments[0]!.id)
  })

  it('that are pictures of people and rooms may be seen by anybody who is told where', async () => {
    const { ada, ben, roomId } = await people()
    await write(ada, 'updateProfile', { avatarId: (await takeFile(ada, await aPictureFile())).id })
    await write(ada, 'updateRoom', { roomId, avatarId: (await takeFile(ada, await aPictureFile())).id })
    const { room } = orThrow(
      await ben.ask<{ room: { avatarUrl: string; createdBy: { avatarUrl: string } } }>(
        'query ($id: ID!) { room(id: $id) { avatarUrl(size: LARGE) createdBy { avatarUrl } } }',
        { id: roomId },
      ),
    )
    for (const url of [room.avatarUrl, room.createdBy.avatarUrl]) {
      const { status, headers } = await fetch(url)
      expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
        200,
        'image/webp',
        'public, max-age=31536000, immutable',
      ])
    }
  })
})

it('a replay from the ring brings links that are good, however old the first ones are', async () => {
  const parley = await startParley({ LINK_MS: '3000', LINGER_MS: '60000' })
  const [ada, ben] = [await aPerson(parley, 'Ada'), await aPerson(parley, 'Ben')]
  const roomId = await ada.make(ben)
  const after = await ben.cursorOf(roomId)
  const first = hear(ben, roomId, after)
  await send(ada, roomId, secret)
  const { url } = (await first.first()).attachments[0]!
  expect(await statusOf(url!)).toBe(200)
  await until(async () => (await statusOf(url!)) === 403, { what: 'the link to lapse' })
  const again = hear(ben, roomId, after)
  const fresh = (await again.first()).attachments[0]!
  expect(await statusOf(fresh.url!)).toBe(200)
  await first.stop()
  await again.stop()
  await parley.close()
})

describeWith(['postgres', 'redis'], 'a node that is killed while bytes come in', () => {
  it('leaves nothing to be seen, and another takes them by the same link', async () => {
    const folder = createFolder('files')
    const [postgres, redis] = await Promise.all([sharedPostgres(), sharedRedis()])
    const env = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url, STORAGE_URL: `file:${folder}` }
    const world = await startNodes({ count: 1, env })
    const dying = await startDyingNode(env)
    const ada = await world.aPerson('Ada')
    const bytes = Buffer.alloc(1_000_000, 'x')
    const { uploadUrl, headers, attachment } = await upload(ada, { filename: 'x.txt', mimeType: 'text/plain', bytes })
    const path = new URL(uploadUrl).pathname
    const request = httpRequest(`${dying.url}${path}`, { method: 'PUT', headers: { ...headers, 'content-length': bytes.length } })
    const closed = new Promise((resolve) => request.on('error', () => {}).once('close', resolve))
    await new Promise((resolve) => request.write(bytes.subarray(0, 500_000), resolve))
    await until(() => readdirSync(join(folder, 'partial')).length === 1, { what: 'half a file' })
    await dying.kill()
    await closed
    expect(readdirSync(join(folder, 'incoming'))).toEqual([])
    expect(await putFile.code(ada, attachment.id)).toBe('BAD_USER_INPUT')
    expect((await fetch(`${world.nodes[0]!.url}${path}`, { method: 'PUT', headers, body: bytes })).status).toBe(204)
    expect((await putFile.complete(ada, attachment.id)).state).toBe('READY')
    await world.close()
    await removeFolder(folder)
  }, 60_000)
})
