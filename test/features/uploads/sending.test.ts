import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { unusedOf } from '../../../src/features/uploads/sweeping.ts'
import type { FileName } from '../../../src/store/files.ts'
import { kept, pieces } from '../../contract/files.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aGroup, named } from '../../support/rooms.ts'
import { aFilm, announce, aPicture, aReadyFile, aSound, aText, attachmentParts, fileOf, putBytes, type Shown } from './support.ts'

interface Said {
  readonly id: string
  readonly kind: string
  readonly content: string
  readonly attachments: readonly Shown[]
}

const messageParts = `id kind content attachments { ${attachmentParts} }`
const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { ${messageParts} } } }`
const forward = `mutation ($input: ForwardMessageInput!) { forwardMessage(input: $input) { message { ${messageParts} } } }`
const remove = `mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { ${messageParts} } } }`
const edit = `mutation ($id: ID!, $content: String!) { editMessage(input: { messageId: $id, content: $content }) { message { ${messageParts} } } }`
const see = `query ($id: ID!) { node(id: $id) { ... on Attachment { ${attachmentParts} } } }`

let domain: Domain
let ann: APerson
let ben: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
})
beforeEach(async () => {
  ann = await domain.aPerson('Ann')
  ben = await domain.aPerson('Ben')
  room = await aGroup(ann, ben)
})

const files = () => domain.services.uploads.files
const refusal = (answer: { errors?: readonly { extensions: unknown }[] | undefined }) => answer.errors?.[0]?.extensions
const sending = (person: APerson, attachmentIds: readonly string[] | null, input: Record<string, unknown> = {}) =>
  person.run<{ sendMessage: { message: Said } }>(send, { input: { roomId: room.globalId, content: '', attachmentIds, ...input } })

async function sent(person: APerson, attachmentIds: readonly string[], input: Record<string, unknown> = {}): Promise<Said> {
  const { data, errors } = await sending(person, attachmentIds, input)
  if (errors) throw errors[0]
  return data!.sendMessage.message
}

/** What is going has gone. */
const gone = () => domain.services.uploads.close()
const sweep = () => unusedOf(domain.services).sweep(30, 5000)

describe('sending files', () => {
  it('shows them in their order to whoever sees the message, with a link for each', async () => {
    const one = await aReadyFile(domain, ann, await aPicture())
    const other = await aReadyFile(domain, ann, aText())
    const message = await sent(ann, [other.id, one.id], { content: 'Look' })
    expect(message.attachments.map(({ id }) => id)).toEqual([other.id, one.id])
    const page = `query ($id: ID!) { room(id: $id) { lastMessage { ${messageParts} } messages(last: 1) { nodes { ${messageParts} } } } }`
    const { data } = await ben.run<{ room: { lastMessage: Said; messages: { nodes: Said[] } } }>(page, { id: room.globalId })
    expect(data!.room.messages.nodes[0]).toEqual(message)
    expect(data!.room.lastMessage.attachments[0]!.url).toMatch(/^https:/)
    expect((await ben.run<{ node: Shown }>(see, { id: one.id })).data!.node).toEqual(message.attachments[1])
  })

  it('makes the kind of the message by what they are', async () => {
    const kindOf = async (...attachmentIds: string[]) => (await sent(ann, attachmentIds)).kind
    const picture = async () => (await aReadyFile(domain, ann, await aPicture())).id
    expect(await kindOf(await picture(), await picture())).toBe('IMAGE')
    expect(await kindOf((await aReadyFile(domain, ann, aFilm())).id)).toBe('VIDEO')
    expect(await kindOf((await aReadyFile(domain, ann, aSound())).id)).toBe('AUDIO')
    expect(await kindOf((await aReadyFile(domain, ann)).id)).toBe('FILE')
    expect(await kindOf(await picture(), (await aReadyFile(domain, ann, aSound())).id)).toBe('FILE')
    expect((await sent(ann, [], { content: 'Words' })).kind).toBe('TEXT')
  })

  it('wants no words, and without files it does', async () => {
    expect(refusal(await sending(ann, []))).toEqual({ code: 'BAD_USER_INPUT', field: 'content' })
    expect(refusal(await sending(ann, null))).toEqual({ code: 'BAD_USER_INPUT', field: 'content' })
    const { id } = await sent(ann, [(await aReadyFile(domain, ann)).id], { content: 'Words' })
    expect((await ann.run<{ editMessage: { message: Said } }>(edit, { id, content: '' })).data!.editMessage.message).toMatchObject({
      content: '',
      kind: 'FILE',
    })
    const words = await sent(ann, [], { content: 'Words' })
    expect(refusal(await ann.run(edit, { id: words.id, content: ' ' }))).toEqual({ code: 'BAD_USER_INPUT', field: 'content' })
  })

  it("takes one's own, once, that are ready, and at most ten; what it refuses changes nothing", async () => {
    const ready = await aReadyFile(domain, ann)
    const theirs = await aReadyFile(domain, ben)
    const pending = (await announce(ann, aText())).data!.createUpload.attachment
    const rejected = await aReadyFile(domain, ann, { ...aText(), mimeType: 'image/png' })
    const bad = { code: 'BAD_USER_INPUT', field: 'attachmentIds' }
    expect(refusal(await sending(ann, [ready.id, theirs.id]))).toEqual({ code: 'NOT_FOUND' })
    expect(refusal(await sending(ann, [ready.id, room.globalId]))).toEqual({ code: 'NOT_FOUND' })
    expect(refusal(await sending(ann, [ready.id, 'nonsense']))).toEqual(bad)
    expect(refusal(await sending(ann, [ready.id, pending.id]))).toEqual(bad)
    expect(refusal(await sending(ann, [ready.id, rejected.id]))).toEqual(bad)
    expect(refusal(await sending(ann, [ready.id, ready.id]))).toEqual(bad)
    expect(
      refusal(
        await sending(
          ann,
          Array.from({ length: 11 }, () => ready.id),
        ),
      ),
    ).toEqual(bad)
    const many = await Promise.all(Array.from({ length: 9 }, (_, number) => aReadyFile(domain, ann, aText(`${number}`))))
    expect((await sent(ann, [ready.id, ...many.map(({ id }) => id)])).attachments).toHaveLength(10)
    expect(refusal(await sending(ann, [ready.id]))).toEqual(bad)
  })

  it('gives of two messages that bring the same file at once only one', async () => {
    const { id } = await aReadyFile(domain, ann)
    const answers = await Promise.all([sending(ann, [id]), sending(ann, [id])])
    expect(answers.map(refusal).filter(Boolean)).toEqual([{ code: 'BAD_USER_INPUT', field: 'attachmentIds' }])
  })

  it('may be repeated with its nonce, and not with other files', async () => {
    const [one, other] = [await aReadyFile(domain, ann), await aReadyFile(domain, ann)]
    const first = await sent(ann, [one.id], { nonce: 'n' })
    expect(await sent(ann, [one.id], { nonce: 'n' })).toEqual(first)
    expect(refusal(await sending(ann, [other.id], { nonce: 'n' }))).toEqual({ code: 'CONFLICT', field: 'nonce' })
    expect(refusal(await sending(ann, [], { nonce: 'n', content: 'x' }))).toEqual({ code: 'CONFLICT', field: 'nonce' })
  })
})

describe('links', () => {
  it('are for whoever sees the message, and end with the room', async () => {
    const { attachments } = await sent(ann, [(await aReadyFile(domain, ann)).id])
    const id = attachments[0]!.id
    const cid = await domain.aPerson('Cid')
    expect((await cid.run(see, { id })).data).toEqual({ node: null })
    expect((await ben.run<{ node: Shown }>(see, { id })).data!.node.url).toMatch(/^https:/)
    const leave = 'mutation ($input: RemoveRoomMemberInput!) { removeRoomMember(input: $input) { memberId } }'
    await ann.run(leave, { input: { roomId: room.globalId, userId: ben.globalId } })
    expect((await ben.run(see, { id })).data).toEqual({ node: null })
    // Having put it is no right to it, once it is sent.
    await ann.run(leave, { input: { roomId: room.globalId, userId: ann.globalId } })
    expect((await ann.run(see, { id })).data).toEqual({ node: null })
  })
})

describe('deleting a message with files', () => {
  it('leaves none of them, neither rows nor bytes', async () => {
    const { id: attachmentId } = await aReadyFile(domain, ann, await aPicture())
    const name = await fileOf(domain, attachmentId)
    const { id } = await sent(ann, [attachmentId], { content: 'Look' })
    const { data } = await ann.run<{ deleteMessage: { message: Said } }>(remove, { id })
    expect(data!.deleteMessage.message).toMatchObject({ content: '', kind: 'TEXT', attachments: [] })
    await gone()
    for (const left of [name, `${name}.preview`] as FileName[]) expect(await files().sizeOf(left)).toBeUndefined()
    expect((await ann.run(see, { id: attachmentId })).data).toEqual({ node: null })
    expect(await domain.database.prisma.keptFile.count({ where: { id: name.slice(5) } })).toBe(0)
  })
})

describe('a forward', () => {
  it('has files of its own on the same bytes, which go with the last of them', async () => {
    const { id: attachmentId } = await aReadyFile(domain, ann, await aPicture())
    const name = await fileOf(domain, attachmentId)
    const first = await sent(ann, [attachmentId], { content: 'Look' })
    const elsewhere = await aGroup(ben, await domain.aPerson('Cid'))
    const input = { messageId: first.id, toRoomId: elsewhere.globalId }
    const forwarded = (await ben.run<{ forwardMessage: { message: Said } }>(forward, { input })).data!.forwardMessage.message
    expect(forwarded).toMatchObject({ kind: 'IMAGE', content: 'Look', attachments: [{ width: 60, height: 40, filename: 'flag.png' }] })
    expect(forwarded.attachments[0]!.id).not.toBe(attachmentId)
    expect(await fileOf(domain, forwarded.attachments[0]!.id)).toBe(name)
    await ann.run(remove, { id: first.id })
    await gone()
    expect(await files().sizeOf(name)).toBeGreaterThan(0)
    await ben.run(remove, { id: forwarded.id })
    await gone()
    expect(await files().sizeOf(name)).toBeUndefined()
  })

  it('of which both are deleted at once leaves no bytes', async () => {
    const { id: attachmentId } = await aReadyFile(domain, ann)
    const name = await fileOf(domain, attachmentId)
    const first = await sent(ann, [attachmentId])
    const elsewhere = await aGroup(ben, await domain.aPerson('Cid'))
    const input = { messageId: first.id, toRoomId: elsewhere.globalId }
    const other = (await ben.run<{ forwardMessage: { message: Said } }>(forward, { input })).data!.forwardMessage.message
    await Promise.all([ann.run(remove, { id: first.id }), ben.run(remove, { id: other.id })])
    await gone()
    expect(await files().sizeOf(name)).toBeUndefined()
  })
})

describe('the sweep', () => {
  const later = (attachmentId: string) =>
    domain.database.sql('update attachment set goes_at = now() where id = $1 and goes_at is not null', [named(attachmentId).id])

  it('lets go what was never put, never completed, never taken and never sent, after a day', async () => {
    const announced = (await announce(ann, aText())).data!.createUpload.attachment.id
    const put = (await announce(ann, aText())).data!.createUpload.attachment.id
    await putBytes(domain, put, aText().bytes)
    const rejected = (await aReadyFile(domain, ann, { ...aText(), mimeType: 'image/png' })).id
    const ready = (await aReadyFile(domain, ann, await aPicture())).id
    const used = (await aReadyFile(domain, ann)).id
    await sent(ann, [used])
    const [readyFile, usedFile] = [await fileOf(domain, ready), await fileOf(domain, used)]
    await sweep()
    for (const id of [announced, put, rejected, ready, used]) expect((await ann.run(see, { id })).data!.node).not.toBeNull()
    for (const id of [announced, put, rejected, ready, used]) await later(id)
    await sweep()
    await gone()
    for (const id of [announced, put, rejected, ready]) expect((await ann.run(see, { id })).data!.node).toBeNull()
    expect(await files().sizeOf(`incoming/${named(put).id}`)).toBeUndefined()
    expect(await files().sizeOf(readyFile)).toBeUndefined()
    expect((await ann.run(see, { id: used })).data!.node).not.toBeNull()
    expect(await files().sizeOf(usedFile)).toBe(5)
  })

  it('lets go what a process left that died between the rows and the bytes', async () => {
    const { id } = await aReadyFile(domain, ann)
    const name = await fileOf(domain, id)
    const message = await sent(ann, [id])
    const [held] = await domain.database.sql<{ id: string }>('select file_id as id from attachment where message_id = $1', [
      named(message.id).id,
    ])
    // As the commit leaves it, before a byte is gone.
    await domain.database.sql('delete from attachment where message_id = $1', [named(message.id).id])
    await domain.database.sql('update kept_file set goes_at = now() where id = $1', [held!.id])
    await sweep()
    expect(await files().sizeOf(name)).toBeUndefined()
    expect(await domain.database.prisma.keptFile.count({ where: { id: held!.id } })).toBe(0)
  })

  it('lets nothing go that is in use, whoever names it', async () => {
    const { id } = await aReadyFile(domain, ann)
    await sent(ann, [id])
    const name = await fileOf(domain, id)
    domain.services.uploads.discard([name.slice(5)])
    await gone()
    expect(await files().sizeOf(name)).toBe(5)
    expect(await domain.database.prisma.keptFile.count({ where: { id: name.slice(5) } })).toBe(1)
  })

  it('proves that rows and files agree: what no row tells of goes, once it is old, and nothing else', async () => {
    const used = (await aReadyFile(domain, ann, await aPicture())).id
    await sent(ann, [used])
    const stray = kept()
    await files().write(stray, pieces('x'), 1)
    // Put once more under a link that is still good, after it was completed.
    await putBytes(domain, used, Buffer.from('again'))
    await sweep()
    expect(await files().sizeOf(stray)).toBe(1)
    const inADay = unusedOf({ ...domain.services, uploads: { ...domain.services.uploads, unusedMs: -1000 } })
    await inADay.sweep(30, 5000)
    expect(await files().sizeOf(stray)).toBeUndefined()
    expect(await files().sizeOf(`incoming/${named(used).id}`)).toBeUndefined()
    const [inStore, inRows, ofAnn] = [await namesInStore(), await namesInRows(), await namesInRows(ann)]
    // A worker's database also tells of files that other tests keep elsewhere.
    expect(inRows).toEqual(expect.arrayContaining(inStore))
    expect(ofAnn.length).toBeGreaterThan(0)
    // What is awaited may not have come yet.
    expect(inStore).toEqual(expect.arrayContaining(ofAnn.filter((name) => name.startsWith('kept/'))))
  })

  async function namesInStore(): Promise<string[]> {
    const names: string[] = []
    for (const folder of ['incoming', 'kept'] as const) for await (const { name } of files().list(folder)) names.push(name)
    return names.sort()
  }

  async function namesInRows(owner?: APerson): Promise<string[]> {
    const rows = await domain.database.sql<{ fileId: string; hasPreview: boolean; isAvatar: boolean }>(
      `select distinct file_id as "fileId", has_preview as "hasPreview",
         exists (select from avatar where avatar.file_id = attachment.file_id) as "isAvatar"
       from attachment where file_id is not null and ($1::uuid is null or owner_id = $1)`,
      [owner?.id ?? null],
    )
    const variantsOf = ({ hasPreview, isAvatar }: (typeof rows)[number]) => [
      '',
      ...(hasPreview ? ['.preview'] : []),
      ...(isAvatar ? ['.small', '.large'] : []),
    ]
    const awaited = await domain.database.sql<{ id: string }>(
      `select id from attachment where state = 'PENDING' and ($1::uuid is null or owner_id = $1)`,
      [owner?.id ?? null],
    )
    const kept = rows.flatMap((row) => variantsOf(row).map((variant) => `kept/${row.fileId}${variant}`))
    return [...kept, ...awaited.map(({ id }) => `incoming/${id}`)].sort()
  }
})
