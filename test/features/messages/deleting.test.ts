import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { sayIn } from './support.ts'

const remove = `mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) {
  message { id seq content nonce createdAt editedAt deletedAt edits { content } } } }`
const edit = `mutation ($id: ID!, $content: String!) { editMessage(input: { messageId: $id, content: $content }) { message { id } } }`
const show = 'query ($id: ID!) { message(id: $id) { content deletedAt edits { content } sender { id } } }'

interface Shown {
  content: string
  deletedAt: string | null
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

const deleting = (person: APerson, id: string) => person.run<{ deleteMessage: { message: Shown } }>(remove, { id })
const seenBy = async (person: APerson, id: string) => (await person.run<{ message: Shown | null }>(show, { id })).data!.message
const events = async (roomId = room.id) => (await domain.services.log.after(roomId, 0, 100)).map(({ type }) => type)

describe('deleting a message', () => {
  it('leaves that something was said, by whom and when, and nothing of what', async () => {
    const sent = await sayIn(ben, room, 'a secret', 'n')
    await ben.run(edit, { id: sent.id, content: 'another secret' })
    const { data, errors } = await deleting(ben, sent.id)
    expect(errors).toBeUndefined()
    const { message } = data!.deleteMessage
    expect(message).toMatchObject({ id: sent.id, seq: sent.seq, createdAt: sent.createdAt, content: '', edits: [] })
    expect(message.deletedAt! >= sent.createdAt).toBe(true)
    for (const person of [admin, ben, cid])
      expect(await seenBy(person, sent.id)).toEqual({ content: '', deletedAt: message.deletedAt, edits: [], sender: { id: ben.globalId } })
    expect(await events()).toEqual(['MessageAdded', 'MessageEdited', 'MessageDeleted'])
    const kept = await domain.database.sql(
      `select (select jsonb_agg(m) from message m where room_id = $1) as messages, (select jsonb_agg(e) from event e where stream_id = $1) as events,
         (select count(*)::int from message_edit e join message m on m.id = e.message_id where m.room_id = $1) as edits`,
      [room.id],
    )
    expect(JSON.stringify(kept)).not.toContain('secret')
    expect(kept).toMatchObject([{ edits: 0 }])
  })

  it('is for the sender and the admins', async () => {
    const { id } = await sayIn(ben, room, 'Here')
    expect(codeOf(await deleting(cid, id))).toBe('FORBIDDEN')
    expect(await seenBy(cid, id)).toMatchObject({ content: 'Here', deletedAt: null })
    expect(codeOf(await deleting(admin, id))).toBeUndefined()
    expect(await seenBy(cid, id)).toMatchObject({ content: '' })
  })

  it('is the sender’s alone in a direct room', async () => {
    const direct = await aDirectRoom(admin, ben)
    const { id } = await sayIn(ben, direct, 'Just us')
    expect(codeOf(await deleting(admin, id))).toBe('FORBIDDEN')
    expect(codeOf(await deleting(ben, id))).toBeUndefined()
    expect(await seenBy(admin, id)).toMatchObject({ content: '' })
  })

  it('twice, also at once, gives what is left of it, and is heard of once', async () => {
    const { id } = await sayIn(ben, room, 'Once')
    const answers = await Promise.all([deleting(ben, id), deleting(admin, id), deleting(ben, id)])
    const last = await deleting(ben, id)
    expect([...answers, last].map(codeOf)).toEqual([undefined, undefined, undefined, undefined])
    expect(new Set(answers.map(({ data }) => data!.deleteMessage.message.deletedAt))).toEqual(
      new Set([last.data!.deleteMessage.message.deletedAt]),
    )
    expect(await events()).toEqual(['MessageAdded', 'MessageDeleted'])
  })

  it('ends its editing: what is gone cannot be said otherwise', async () => {
    const { id } = await sayIn(ben, room, 'Here')
    await deleting(ben, id)
    expect(codeOf(await ben.run(edit, { id, content: 'Back' }))).toBe('FORBIDDEN')
    expect(await seenBy(ben, id)).toMatchObject({ content: '' })
  })

  it('while it is edited leaves nothing, whoever was first', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await sayIn(ben, room, 'a secret')
      await Promise.all([ben.run(edit, { id, content: 'a new secret' }), deleting(admin, id), ben.run(edit, { id, content: 'more' })])
      expect(await seenBy(ben, id)).toMatchObject({ content: '', edits: [] })
    }
    const left = await domain.database.sql('select 1 from message_edit e join message m on m.id = e.message_id where m.room_id = $1', [
      room.id,
    ])
    expect(left).toEqual([])
  })

  it('leaves its nonce what it was: repeated, it says nothing again and gives what is left', async () => {
    const { id } = await sayIn(ben, room, 'Once', 'n')
    await deleting(ben, id)
    expect(await sayIn(ben, room, 'Once', 'n')).toMatchObject({ id, content: '' })
    await expect(sayIn(ben, room, 'Twice', 'n')).rejects.toMatchObject({ extensions: { code: 'CONFLICT', field: 'nonce' } })
    expect(await events()).toEqual(['MessageAdded', 'MessageDeleted'])
  })

  it('cannot tell strangers, removed members and the anonymous that the message is there', async () => {
    const { id } = await sayIn(ben, room, 'Mine')
    const missing = await deleting(stranger, encodeId('Message', uuid()))
    expect(codeOf(missing)).toBe('NOT_FOUND')
    expect((await deleting(stranger, id)).errors![0]!.message).toBe(missing.errors![0]!.message)
    expect(codeOf(await domain.as(nobody)(remove, { id }))).toBe('UNAUTHENTICATED')
    await admin.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${ben.globalId}" }) { memberId } }`)
    expect((await deleting(ben, id)).errors![0]!.message).toBe(missing.errors![0]!.message)
    expect(await seenBy(cid, id)).toMatchObject({ content: 'Mine' })
  })

  it('refuses what is no id by its name, and ids of other kinds as if they named nothing', async () => {
    const refusal = async (id: string) => (await deleting(ben, id)).errors?.[0]?.extensions
    expect(await refusal('no id')).toEqual({ code: 'BAD_USER_INPUT', field: 'messageId' })
    expect(await refusal(room.globalId)).toEqual({ code: 'NOT_FOUND' })
  })
})
