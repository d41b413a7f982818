import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSends } from '../../../src/features/messages/sends.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { counted, sayIn } from '../messages/support.ts'

const groups = 'reactions { emoji count viewerReacted users { id } }'
const change = (verb: string) => `mutation ($id: ID!, $emoji: String!) { ${verb}(input: { messageId: $id, emoji: $emoji }) {
  message { id ${groups} } } }`
const documents = { addReaction: change('addReaction'), removeReaction: change('removeReaction') }

interface Group {
  emoji: string
  count: number
  viewerReacted: boolean
  users: { id: string }[]
}
type Answer = Record<string, { message: { reactions: Group[] } }>

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let stranger: APerson
let room: ARoom
let id: string
beforeAll(async () => {
  domain = await aDomain()
  ;[ann, ben, cid, stranger] = await Promise.all([
    domain.aPerson('Ann'),
    domain.aPerson('Ben'),
    domain.aPerson('Cid'),
    domain.aPerson('Somebody else'),
  ])
})
beforeEach(async () => {
  room = await aGroup(ann, ben, cid)
  id = (await sayIn(ann, room, 'Shall we?')).id
})

const add = (person: APerson, emoji: string, to = id) => person.run<Answer>(documents.addReaction, { id: to, emoji })
const remove = (person: APerson, emoji: string, from = id) => person.run<Answer>(documents.removeReaction, { id: from, emoji })
const seenBy = async (person: APerson) =>
  (await person.run<{ message: { reactions: Group[] } }>(`query ($id: ID!) { message(id: $id) { ${groups} } }`, { id })).data!.message
    .reactions
const events = async () => (await domain.services.log.after(room.id, 0, 100)).map(({ type }) => type)

describe('reactions', () => {
  it('are grouped by emoji, what was there first first, and each sees whether they are among them', async () => {
    await add(ben, '👍')
    await add(ann, '🎉')
    const { data } = await add(cid, '👍')
    expect(data!.addReaction!.message.reactions).toEqual([
      { emoji: '👍', count: 2, viewerReacted: true, users: [{ id: ben.globalId }, { id: cid.globalId }] },
      { emoji: '🎉', count: 1, viewerReacted: false, users: [{ id: ann.globalId }] },
    ])
    expect((await seenBy(ann)).map(({ emoji, viewerReacted }) => [emoji, viewerReacted])).toEqual([
      ['👍', false],
      ['🎉', true],
    ])
    expect(await events()).toEqual(['MessageAdded', 'ReactionAdded', 'ReactionAdded', 'ReactionAdded'])
  })

  it('added twice are added once, also when both come at once, and nobody hears of the second', async () => {
    const answers = await Promise.all([add(ben, '👍'), add(ben, '👍'), add(ben, '👍')])
    expect(answers.map(codeOf)).toEqual([undefined, undefined, undefined])
    for (const { data } of answers) expect(data!.addReaction!.message.reactions).toMatchObject([{ emoji: '👍', count: 1 }])
    expect(await events()).toEqual(['MessageAdded', 'ReactionAdded'])
  })

  it('are the same one however a keyboard wrote it', async () => {
    await add(ben, '❤')
    await add(ben, '❤️')
    expect(await seenBy(ben)).toMatchObject([{ emoji: '❤️', count: 1 }])
    await remove(ben, '❤')
    expect(await seenBy(ben)).toEqual([])
  })

  it('are taken back by whoever added them; taking back what is not there changes nothing', async () => {
    await add(ben, '👍')
    expect((await remove(cid, '👍')).data!.removeReaction!.message.reactions).toMatchObject([{ emoji: '👍', count: 1 }])
    await Promise.all([remove(ben, '👍'), remove(ben, '👍')])
    expect(await seenBy(ben)).toEqual([])
    expect(await events()).toEqual(['MessageAdded', 'ReactionAdded', 'ReactionRemoved'])
  })

  it('show the first of many people', async () => {
    for (const person of [cid, ben, ann]) await add(person, '👍')
    const some = async (first: number) =>
      ann.run<{ message: { reactions: Group[] } }>(
        'query ($id: ID!, $first: Int) { message(id: $id) { reactions { count users(first: $first) { id } } } }',
        { id, first },
      )
    expect((await some(2)).data!.message.reactions).toEqual([{ count: 3, users: [{ id: cid.globalId }, { id: ben.globalId }] }])
    for (const first of [0, -1, 101]) expect((await some(first)).errors![0]!.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'first' })
  })

  it('work in direct rooms too', async () => {
    const direct = await aDirectRoom(ann, ben)
    const message = await sayIn(ann, direct, 'Just us')
    expect((await add(ben, '😀', message.id)).data!.addReaction!.message.reactions).toMatchObject([{ emoji: '😀', count: 1 }])
  })

  it('are at most fifty different ones a message, of which each may be added to', async () => {
    const few = domain.as(ben.actor, { limits: { ...domain.services.limits, emojiMost: 3 } })
    for (const emoji of ['1️⃣', '2️⃣', '3️⃣']) await few(documents.addReaction, { id, emoji })
    const refused = await few(documents.addReaction, { id, emoji: '4️⃣' })
    expect(refused.errors![0]!.extensions).toEqual({ code: 'CONFLICT', field: 'emoji' })
    const another = domain.as(cid.actor, { limits: { ...domain.services.limits, emojiMost: 3 } })
    expect(codeOf(await another(documents.addReaction, { id, emoji: '3️⃣' }))).toBeUndefined()
    expect((await seenBy(ben)).map(({ emoji, count }) => [emoji, count])).toEqual([
      ['1️⃣', 1],
      ['2️⃣', 1],
      ['3️⃣', 2],
    ])
  })

  it('go with the message when it is deleted, and none can be added to what is left', async () => {
    await add(ben, '👍')
    await ann.run('mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }', { id })
    expect(await seenBy(ben)).toEqual([])
    expect(codeOf(await add(ben, '👍'))).toBe('FORBIDDEN')
    expect(codeOf(await remove(ben, '👍'))).toBe('FORBIDDEN')
  })
})

describe.each(['addReaction', 'removeReaction'] as const)('%s', (verb) => {
  const act = (person: APerson, messageId: string, emoji = '👍') => person.run(documents[verb], { id: messageId, emoji })

  it('cannot tell strangers, removed members and the anonymous that the message is there', async () => {
    const missing = await act(stranger, encodeId('Message', uuid()))
    expect(codeOf(missing)).toBe('NOT_FOUND')
    expect((await act(stranger, id)).errors![0]!.message).toBe(missing.errors![0]!.message)
    expect(codeOf(await domain.as(nobody)(documents[verb], { id, emoji: '👍' }))).toBe('UNAUTHENTICATED')
    await ann.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${ben.globalId}" }) { memberId } }`)
    expect((await act(ben, id)).errors![0]!.message).toBe(missing.errors![0]!.message)
    expect(await seenBy(ann)).toEqual([])
  })

  it('refuses what is no id and what is no emoji by name, and ids of other kinds as if they named nothing', async () => {
    const refusal = async (...given: [string, string?]) => (await act(ben, ...given)).errors?.[0]?.extensions
    expect(await refusal('no id')).toEqual({ code: 'BAD_USER_INPUT', field: 'messageId' })
    expect(await refusal(room.globalId)).toEqual({ code: 'NOT_FOUND' })
    for (const emoji of ['', 'x', '👍👍', 'a\0', ' 👍'])
      expect(await refusal(id, emoji)).toEqual({ code: 'BAD_USER_INPUT', field: 'emoji' })
    expect(await events()).toEqual(['MessageAdded'])
  })
})

describe('a page of messages with their reactions', () => {
  it('takes as many statements for fifty as for five', async () => {
    const ids = [id]
    for (let number = 2; number <= 50; number++) ids.push((await sayIn(ann, room, String(number))).id)
    for (const [index, messageId] of ids.entries()) {
      await add(ben, '👍', messageId)
      if (index % 2) await add(cid, '🎉', messageId)
    }
    const database = counted(domain.database)
    const as = domain.as(ben.actor, { database })
    const statementsFor = async (last: number) => {
      database.statements.length = 0
      const { data, errors } = await as<{ room: { messages: { nodes: { reactions: Group[] }[] } } }>(
        `query ($room: ID!, $last: Int!) { room(id: $room) { messages(last: $last) { nodes { content sender { name } ${groups.replace('{ id }', '{ id name }')} } } } }`,
        { room: room.globalId, last },
      )
      expect(errors).toBeUndefined()
      expect(data!.room.messages.nodes.flatMap(({ reactions }) => reactions).length).toBeGreaterThan(last)
      return database.statements.length
    }
    await statementsFor(1)
    const five = await statementsFor(5)
    // The room, the membership, the page, the senders; the groups, who reacted, the people, and whether the viewer did.
    expect(five).toBeLessThanOrEqual(8)
    expect(await statementsFor(50)).toBe(five)
  })

  it('takes one statement for a message just sent, which has none', async () => {
    const database = counted(domain.database)
    const as = domain.as(ann.actor, { database, sends: createSends(database, () => {}, { waitingMost: 10 }) })
    const send = `mutation ($room: ID!) { sendMessage(input: { roomId: $room, content: "Hello" }) { message { ${groups} } } }`
    await as(send, { room: room.globalId })
    database.statements.length = 0
    expect((await as<Answer>(send, { room: room.globalId })).data!.sendMessage!.message.reactions).toEqual([])
    expect(database.statements).toHaveLength(1)
  })
})
