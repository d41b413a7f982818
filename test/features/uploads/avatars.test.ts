import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import type { FileName } from '../../../src/store/files.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { aDirectRoom, aGroup, named } from '../../support/rooms.ts'
import { aPicture, aReadyFile, aText, fileOf } from './support.ts'

const update = `mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { avatarUrl large: avatarUrl(size: LARGE) } } }`
const updateRoom = `mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { room { avatarUrl } } }`
type Updated = { updateProfile: { user: { avatarUrl: string | null; large: string | null } } }
type RoomUpdated = { updateRoom: { room: { avatarUrl: string | null } } }

let domain: Domain
let ann: APerson
let ben: APerson
beforeAll(async () => {
  domain = await aDomain()
  ann = await domain.aPerson('Ann')
  ben = await domain.aPerson('Ben')
})

const files = () => domain.services.uploads.files
const refusal = (answer: { errors?: readonly { extensions: unknown }[] | undefined }) => answer.errors?.[0]?.extensions
const withPicture = (person: APerson, avatarId: string | null) => person.run<Updated>(update, { input: { avatarId } })
const gone = () => domain.services.uploads.close()

describe('the picture of a person', () => {
  it('is a square of the middle in two sizes, at an address that others are told', async () => {
    const { id } = await aReadyFile(domain, ann, await aPicture({ width: 1200, height: 600 }))
    const { avatarUrl, large } = (await withPicture(ann, id)).data!.updateProfile.user
    const name = await fileOf(domain, id)
    expect(avatarUrl).toBe(`https://chat.example.org/avatars/${name.slice(5)}-small.webp`)
    expect(large).toBe(`https://chat.example.org/avatars/${name.slice(5)}-large.webp`)
    for (const [variant, pixels] of [
      ['small', 128],
      ['large', 512],
    ] as const) {
      const bytes = await buffer(await files().read(`${name}.${variant}` as FileName))
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
      expect(info).toMatchObject({ width: pixels, height: pixels })
      const at = (x: number) => [...data.subarray((pixels * (pixels / 2) + x) * info.channels).subarray(0, 3)]
      // Half blue, half red, as the middle of it is.
      expect(at(pixels / 4)[2]).toBeGreaterThan(230)
      expect(at((3 * pixels) / 4)[0]).toBeGreaterThan(230)
    }
    const seen = await ben.run('query ($handle: String!) { user(handle: $handle) { avatarUrl } }', { handle: ann.handle })
    expect(seen.data).toEqual({ user: { avatarUrl } })
  })

  it('may be set again, is replaced by another, and taken away: then its bytes go', async () => {
    const cid = await domain.aPerson('Cid')
    const one = await aReadyFile(domain, cid, await aPicture())
    const other = await aReadyFile(domain, cid, await aPicture({ width: 80, height: 80 }))
    const first = (await withPicture(cid, one.id)).data!.updateProfile.user.avatarUrl
    expect((await withPicture(cid, one.id)).data!.updateProfile.user.avatarUrl).toBe(first)
    const names = [await fileOf(domain, one.id), await fileOf(domain, other.id)] as const
    expect((await withPicture(cid, other.id)).data!.updateProfile.user.avatarUrl).not.toBe(first)
    await gone()
    for (const variant of ['', '.preview', '.small', '.large'])
      expect(await files().sizeOf(`${names[0]}${variant}` as FileName), variant).toBeUndefined()
    expect(await files().sizeOf(`${names[1]}.small`)).toBeGreaterThan(0)
    expect((await withPicture(cid, null)).data!.updateProfile.user).toEqual({ avatarUrl: null, large: null })
    await gone()
    expect(await files().sizeOf(names[1])).toBeUndefined()
    expect(await domain.database.prisma.attachment.count({ where: { ownerId: cid.id } })).toBe(0)
  })

  it("is a picture, READY, one's own, and in no other use; what is refused changes nothing", async () => {
    const bad = { code: 'BAD_USER_INPUT', field: 'avatarId' }
    const { id: picture } = await aReadyFile(domain, ann, await aPicture())
    const { id: words } = await aReadyFile(domain, ann, aText())
    expect(refusal(await withPicture(ann, words))).toEqual(bad)
    expect(refusal(await withPicture(ben, picture))).toEqual({ code: 'NOT_FOUND' })
    expect(refusal(await withPicture(ben, 'nonsense'))).toEqual(bad)
    const room = await aGroup(ann)
    const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
    const sending = (attachmentIds: string[]) => ann.run(send, { input: { roomId: room.globalId, content: '', attachmentIds } })
    expect((await sending([picture])).errors).toBeUndefined()
    expect(refusal(await withPicture(ann, picture))).toEqual(bad)
    const { id: mine } = await aReadyFile(domain, ann, await aPicture())
    expect((await withPicture(ann, mine)).errors).toBeUndefined()
    expect(refusal(await sending([mine]))).toEqual({ code: 'BAD_USER_INPUT', field: 'attachmentIds' })
    expect(refusal(await ann.run(updateRoom, { input: { roomId: room.globalId, avatarId: mine } }))).toEqual(bad)
  })

  it('says what is the matter with one that cannot be cut: too large, broken or gone', async () => {
    const bytes = await sharp({ create: { width: 11_000, height: 11_000, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer()
    const large = await aReadyFile(domain, ann, { filename: 'large.png', mimeType: 'image/png', bytes })
    const answered = async (id: string) => (await withPicture(ann, id)).errors![0]!
    const bad = { code: 'BAD_USER_INPUT', field: 'avatarId' }
    expect(await answered(large.id)).toMatchObject({ message: 'This picture is too large to be cut.', extensions: bad })
    const broken = await aReadyFile(domain, ann, await aPicture())
    await files().write(await fileOf(domain, broken.id), [Buffer.from('no picture')], 10)
    expect(await answered(broken.id)).toMatchObject({ message: 'This picture cannot be opened.', extensions: bad })
    const lost = await aReadyFile(domain, ann, await aPicture())
    await files().remove([await fileOf(domain, lost.id)])
    expect(await answered(lost.id)).toMatchObject({ extensions: { code: 'NOT_FOUND' } })
  })

  it('goes with the account', async () => {
    const dan = await domain.aPerson('Dan')
    const passwordHash = await domain.services.passwords.hash('correct horse battery')
    await domain.database.prisma.account.update({ where: { userId: dan.id }, data: { passwordHash } })
    const { id } = await aReadyFile(domain, dan, await aPicture())
    await withPicture(dan, id)
    const name = await fileOf(domain, id)
    const { errors } = await dan.run('mutation { deleteAccount(input: { password: "correct horse battery" }) { deletedUserId } }')
    expect(errors).toBeUndefined()
    await gone()
    expect(await files().sizeOf(`${name}.small`)).toBeUndefined()
    expect((await ann.run('query ($id: ID!) { node(id: $id) { ... on User { avatarUrl } } }', { id: dan.globalId })).data).toEqual({
      node: { avatarUrl: null },
    })
  })
})

describe('the picture of a room', () => {
  const change = (person: APerson, roomId: string, avatarId: string | null) =>
    person.run<RoomUpdated>(updateRoom, { input: { roomId, avatarId } })

  it('is set by those who run it, and the room hears of it once', async () => {
    const room = await aGroup(ann, ben)
    const { id } = await aReadyFile(domain, ann, await aPicture())
    const { id: bens } = await aReadyFile(domain, ben, await aPicture())
    expect(refusal(await change(ben, room.globalId, bens))).toEqual({ code: 'FORBIDDEN' })
    const { avatarUrl } = (await change(ann, room.globalId, id)).data!.updateRoom.room
    expect(avatarUrl).toMatch(/-small\.webp$/)
    await change(ann, room.globalId, id)
    const heard = domain.rung.filter(({ streamId, type }) => streamId === room.id && type === 'RoomUpdated')
    expect(heard).toHaveLength(1)
    expect((await ben.run('query ($id: ID!) { room(id: $id) { avatarUrl } }', { id: room.globalId })).data).toEqual({ room: { avatarUrl } })
    expect((await change(ann, room.globalId, null)).data!.updateRoom.room.avatarUrl).toBeNull()
    await gone()
    expect(await domain.database.prisma.attachment.count({ where: { id: named(id).id } })).toBe(0)
  })

  it('is none where the room is two people', async () => {
    const room = await aDirectRoom(ann, ben)
    const { id } = await aReadyFile(domain, ann, await aPicture())
    expect(refusal(await change(ann, room.globalId, id))).toEqual({ code: 'FORBIDDEN' })
  })
})
