import { afterAll, beforeAll, expect, it } from 'vitest'
import { type APerson, createDomain, type Domain } from '../../support/domain.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { aGroup, named } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { announce, aPicture, aReadyFile, aText, attachmentParts, completing, fileOf, putBytes } from './support.ts'

const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
const forward = 'mutation ($input: ForwardMessageInput!) { forwardMessage(input: $input) { message { id } } }'
const remove = 'mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }'
const profile = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { avatarUrl } } }'
const rounds = 10

describeWith(['postgres'], 'files on two nodes at once', () => {
  let nodes: readonly [Domain, Domain]
  let ann: APerson
  /** The same person on the other node. */
  let annThere: APerson['run']
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
    ann = await nodes[0].aPerson('Ann')
    annThere = nodes[1].as(ann.actor)
  })
  afterAll(async () => {
    for (const node of nodes) await node.database.close()
  })

  const gone = () => Promise.all(nodes.map(({ services }) => services.uploads.close()))
  const sentId = async (answer: ReturnType<APerson['run']>, mutation: 'sendMessage' | 'forwardMessage') => {
    const { data, errors } = (await answer) as { data?: Record<string, { message: { id: string } }>; errors?: readonly Error[] }
    if (errors) throw errors[0]
    return data![mutation]!.message.id
  }

  it('are no more together than somebody may have, however many are announced at once', async () => {
    const cid = await nodes[0].aPerson('Cid')
    const limits = { ...nodes[0].services.limits, ownedBytesMost: 1000, unusedUploadsMost: 1000 }
    const ways = nodes.map((node) => ({ ...cid, run: node.as(cid.actor, { limits }) }))
    const answers = await Promise.all(Array.from({ length: 40 }, (_, number) => announce(ways[number % 2]!, { size: 150 })))
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(6)
    expect(new Set(answers.flatMap(({ errors }) => errors?.[0]?.extensions.code ?? []))).toEqual(new Set(['CONFLICT']))
  })

  it('the last two uses of a file, let go at once, leave neither row nor bytes', async () => {
    const room = await aGroup(ann)
    for (let round = 0; round < rounds; round++) {
      const { id } = await aReadyFile(nodes[0], ann)
      const name = await fileOf(nodes[0], id)
      const first = await sentId(ann.run(send, { input: { roomId: room.globalId, content: '', attachmentIds: [id] } }), 'sendMessage')
      const elsewhere = await aGroup(ann)
      const other = await sentId(ann.run(forward, { input: { messageId: first, toRoomId: elsewhere.globalId } }), 'forwardMessage')
      await Promise.all([ann.run(remove, { id: first }), annThere(remove, { id: other })])
      await gone()
      expect(await nodes[0].services.uploads.files.sizeOf(name)).toBeUndefined()
      expect(await nodes[0].database.prisma.keptFile.count({ where: { id: name.slice(5) } })).toBe(0)
    }
  })

  it('a forward and the end of what it forwards: either it is refused, or its bytes are there', async () => {
    const room = await aGroup(ann)
    for (let round = 0; round < rounds; round++) {
      const { id } = await aReadyFile(nodes[0], ann)
      const name = await fileOf(nodes[0], id)
      const first = await sentId(ann.run(send, { input: { roomId: room.globalId, content: '', attachmentIds: [id] } }), 'sendMessage')
      const elsewhere = await aGroup(ann)
      const [, { errors }] = await Promise.all([
        ann.run(remove, { id: first }),
        annThere(forward, { input: { messageId: first, toRoomId: elsewhere.globalId } }),
      ])
      await gone()
      expect((await nodes[0].services.uploads.files.sizeOf(name)) === undefined).toBe(errors !== undefined)
    }
  })

  it('one file sent on both, or sent and made a picture of, is used once', async () => {
    const room = await aGroup(ann)
    const sending = (id: string) => ({ input: { roomId: room.globalId, content: '', attachmentIds: [id] } })
    for (let round = 0; round < rounds; round++) {
      const { id } = await aReadyFile(nodes[0], ann, await aPicture())
      const other = round % 2 === 0 ? annThere(send, sending(id)) : annThere(profile, { input: { avatarId: id } })
      const answers = await Promise.all([ann.run(send, sending(id)), other])
      expect(answers.filter(({ errors }) => errors).map(({ errors }) => errors![0]!.extensions.code)).toEqual(['BAD_USER_INPUT'])
      const { messageId } = await nodes[0].database.prisma.attachment.findUniqueOrThrow({ where: { id: named(id).id } })
      expect(messageId !== null).toBe(round % 2 === 0 || answers[0].errors === undefined)
    }
  })

  it('completed on both, it is decided once', async () => {
    const complete = `mutation ($id: ID!) { completeUpload(input: { attachmentId: $id }) { attachment { ${attachmentParts} } } }`
    for (let round = 0; round < rounds; round++) {
      const { id } = (await announce(ann, aText())).data!.createUpload.attachment
      await putBytes(nodes[0], id, aText().bytes)
      const answers = await Promise.all([
        completing(ann, id),
        annThere<{ completeUpload: { attachment: { state: string } } }>(complete, { id }),
      ])
      for (const { data, errors } of answers) expect([errors, data?.completeUpload.attachment.state]).toEqual([undefined, 'READY'])
      await gone()
      expect(await nodes[0].database.prisma.keptFile.count({ where: { goesAt: { not: null } } })).toBe(0)
      expect((await nodes[0].services.uploads.files.sizeOf(await fileOf(nodes[0], id)))!).toBe(5)
    }
  })
})
