import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { sayIn } from './support.ts'

const edit = `mutation ($id: ID!, $content: String!) { editMessage(input: { messageId: $id, content: $content }) {
  message { id seq content nonce createdAt editedAt edits { content replacedAt } } } }`
const show = 'query ($id: ID!) { message(id: $id) { content editedAt edits { content replacedAt } } }'

interface Shown {
  content: string
  editedAt: string | null
  edits: { content: string; replacedAt: string }[]
}

let domain: Domain
let admin: APerson
let ben: APerson
let cid: APerson
let stranger: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
  ;[admin, ben, cid, stranger] = await Promise.all([
    domain.aPerson('Ann'),
    domain.aPerson('Ben'),
    domain.aPerson('Cid'),
    domain.aPerson('Somebody else'),
  ])
})
beforeEach(async () => {
  room = await aGroup(admin, ben, cid)
})

const editing = (person: APerson, id: string, content: string) => person.run<{ editMessage: { message: Shown } }>(edit, { id, content })
const seenBy = async (person: APerson, id: string) => (await person.run<{ message: Shown | null }>(show, { id })).data!.message
const events = async (roomId = room.id) => (await domain.services.log.after(roomId, 0, 100)).map(({ type }) => type)

describe('editing a message', () => {
  it('has it say something else, in its place, and answers with it as it is', async () => {
    const sent = await sayIn(ben, room, 'Helo', 'a nonce')
    const { data, errors } = await editing(ben, sent.id, 'Hello')
    expect(errors).toBeUndefined()
    const { message } = data!.editMessage
    expect(message).toMatchObject({
      ...sent,
      content: 'Hello',
      editedAt: expect.any(String),
      edits: [{ content: 'Helo', replacedAt: message.editedAt }],
    })
    expect(message.editedAt! >= sent.createdAt).toBe(true)
    expect(await seenBy(cid, sent.id)).toEqual({ content: 'Hello', editedAt: message.editedAt, edits: [] })
    expect(await events()).toEqual(['MessageAdded', 'MessageEdited'])
  })

  it('is for its sender: others who may see it may not, the admin neither', async () => {
    const { id } = await sayIn(ben, room, 'Mine')
    expect(codeOf(await editing(cid, id, 'Yours'))).toBe('FORBIDDEN')
    expect(codeOf(await editing(admin, id, 'Yours'))).toBe('FORBIDDEN')
    expect(await seenBy(ben, id)).toEqual({ content: 'Mine', editedAt: null, edits: [] })
    expect(await events()).toEqual(['MessageAdded'])
  })

  it('cannot tell strangers, removed members and the anonymous that the message is there', async () => {
    const { id } = await sayIn(ben, room, 'Secret')
    const missing = await editing(stranger, encodeId('Message', uuid()), 'Anything')
    expect(codeOf(missing)).toBe('NOT_FOUND')
    expect((await editing(stranger, id, 'Anything')).errors![0]!.message).toBe(missing.errors![0]!.message)
    expect(codeOf(await domain.as(nobody)(edit, { id, content: 'Anything' }))).toBe('UNAUTHENTICATED')
    await admin.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${ben.globalId}" }) { memberId } }`)
    const removed = await editing(ben, id, 'My last word')
    expect(removed.errors![0]!).toMatchObject({ message: missing.errors![0]!.message, extensions: { code: 'NOT_FOUND' } })
    expect(await seenBy(cid, id)).toMatchObject({ content: 'Secret', editedAt: null })
  })

  it('refuses what is no id by its name, and ids of other kinds as if they named nothing', async () => {
    const refusal = async (id: string) => (await editing(ben, id, 'x')).errors?.[0]?.extensions
    expect(await refusal('no id')).toEqual({ code: 'BAD_USER_INPUT', field: 'messageId' })
    expect(await refusal(room.globalId)).toEqual({ code: 'NOT_FOUND' })
    expect(await refusal(ben.globalId)).toEqual({ code: 'NOT_FOUND' })
  })

  it.each([
    ['nothing', ''],
    ['only blanks', ' \n'],
    ['too much', 'x'.repeat(8001)],
    ['a NUL', 'a\0b'],
    ['half a character', 'a\ud800b'],
  ])('refuses %s by the name of the field, and writes nothing', async (_what, content) => {
    const { id } = await sayIn(ben, room, 'As it was')
    expect((await editing(ben, id, content)).errors![0]!.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'content' })
    expect(await seenBy(ben, id)).toEqual({ content: 'As it was', editedAt: null, edits: [] })
  })

  it('to the same words changes nothing, and nobody hears of it', async () => {
    const { id } = await sayIn(ben, room, 'Same')
    const { data } = await editing(ben, id, 'Same')
    expect(data!.editMessage.message).toMatchObject({ content: 'Same', editedAt: null, edits: [] })
    expect(await events()).toEqual(['MessageAdded'])
  })

  it('twice at once keeps both contents in an order, and loses none', async () => {
    const { id } = await sayIn(ben, room, 'zero')
    const answers = await Promise.all(['one', 'two', 'three', 'four'].map((content) => editing(ben, id, content)))
    expect(answers.map(codeOf)).toEqual([undefined, undefined, undefined, undefined])
    const { content, edits } = (await seenBy(ben, id))!
    expect([content, ...edits.map((one) => one.content)].sort()).toEqual(['four', 'one', 'three', 'two', 'zero'])
    expect(edits.at(-1)!.content).toBe('zero')
    expect(await events()).toEqual(['MessageAdded', ...Array(4).fill('MessageEdited')])
  })

  it('leaves its nonce what it was: it goes on naming the message, and is a conflict with other words', async () => {
    const { id } = await sayIn(ben, room, 'First', 'n')
    await editing(ben, id, 'Second')
    expect(await sayIn(ben, room, 'First', 'n')).toMatchObject({ id, content: 'Second', editedAt: expect.any(String) })
    await expect(sayIn(ben, room, 'Second', 'n')).rejects.toMatchObject({ extensions: { code: 'CONFLICT', field: 'nonce' } })
    expect(await events()).toEqual(['MessageAdded', 'MessageEdited'])
  })
})

describe('what a message said before', () => {
  it("is shown to its sender and the room's admins, newest first, and to nobody else", async () => {
    const { id } = await sayIn(ben, room, 'one')
    await editing(ben, id, 'two')
    await editing(ben, id, 'three')
    const contents = async (person: APerson) => (await seenBy(person, id))!.edits.map(({ content }) => content)
    expect(await contents(ben)).toEqual(['two', 'one'])
    expect(await contents(admin)).toEqual(['two', 'one'])
    expect(await contents(cid)).toEqual([])
  })

  it('is the sender’s alone in a direct room', async () => {
    const direct = await aDirectRoom(admin, ben)
    const { id } = await sayIn(ben, direct, 'one')
    await editing(ben, id, 'two')
    expect((await seenBy(ben, id))!.edits).toHaveLength(1)
    expect((await seenBy(admin, id))!.edits).toEqual([])
  })

  it('is kept up to a bound', async () => {
    const { id } = await sayIn(ben, room, '0')
    const few = domain.as(ben.actor, { limits: { ...domain.services.limits, editsMost: 3 } })
    for (const content of ['1', '2', '3', '4', '5']) await few(edit, { id, content })
    expect((await seenBy(ben, id))!.edits.map(({ content }) => content)).toEqual(['4', '3', '2'])
  })

  it('stands in no event: they hold ids', async () => {
    const { id } = await sayIn(ben, room, 'a word that is regretted')
    await editing(ben, id, 'something harmless')
    expect(JSON.stringify(await domain.services.log.after(room.id, 0, 10))).not.toMatch(/regretted|harmless/)
  })
})
