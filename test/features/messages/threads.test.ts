import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSends } from '../../../src/features/messages/sends.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aGroup } from '../../support/rooms.ts'
import { counted, sayIn } from './support.ts'

const message = `id content replyTo { id content } thread { id replyCount lastReplyAt root { id } participants { id } }`
const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { ${message} } } }`
const show = `query ($id: ID!) { message(id: $id) { ${message} } }`
const list = `query ($room: ID!, $all: Boolean, $around: ID) { room(id: $room) { lastMessage { content }
  messages(includeThreadReplies: $all, around: $around) { totalCount nodes { content } pageInfo { hasNextPage } } } }`
const replies = `query ($id: ID!, $first: Int, $after: String, $last: Int) { node(id: $id) { ... on Thread { replyCount
  replies(first: $first, after: $after, last: $last) { totalCount nodes { content } pageInfo { hasNextPage hasPreviousPage endCursor } } } } }`

interface Shown {
  id: string
  content: string
  replyTo: { id: string; content: string } | null
  thread: { id: string; replyCount: number; lastReplyAt: string | null; root: { id: string }; participants: { id: string }[] } | null
}
interface Page {
  room: { messages: { nodes: { sender: { name: string }; replyTo: object | null; reactions: object[] }[] } }
}
type Sent = { sendMessage: { message: Shown } }
interface List {
  room: { lastMessage: { content: string }; messages: { totalCount: number; nodes: { content: string }[]; pageInfo: object } }
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let stranger: APerson
let room: ARoom
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
})

interface Reply {
  replyToId?: string
  threadId?: string
  nonce?: string
}

const trying = (person: APerson, content: string, reply: Reply = {}, at = room) =>
  person.run<Sent>(send, { input: { roomId: at.globalId, content, ...reply } })
async function say(person: APerson, content: string, reply: Reply = {}): Promise<Shown> {
  const { data, errors } = await trying(person, content, reply)
  if (errors) throw errors[0]
  return data!.sendMessage.message
}
const seen = async (id: string, person = ann) => (await person.run<{ message: Shown }>(show, { id })).data!.message
const remove = async (person: APerson, id: string) =>
  expect(
    codeOf(await person.run('mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }', { id })),
  ).toBeUndefined()
async function listed(variables: object = {}) {
  const { data, errors } = await ann.run<List>(list, { room: room.globalId, ...variables })
  if (errors) throw errors[0]
  const { messages, lastMessage } = data!.room
  return { said: messages.nodes.map(({ content }) => content), totalCount: messages.totalCount, last: lastMessage.content }
}

describe('an answer to a message', () => {
  it('shows what it answers, stays in the room’s list, and begins no thread', async () => {
    const first = await say(ann, 'Tea?')
    const answer = await say(ben, 'Yes', { replyToId: first.id })
    expect(answer).toMatchObject({ replyTo: { id: first.id, content: 'Tea?' }, thread: null })
    expect(await seen(answer.id)).toEqual(answer)
    expect((await seen(first.id)).thread).toBeNull()
    expect((await listed()).said).toEqual(['Tea?', 'Yes'])
  })

  it('shows what is left of what was edited or deleted since', async () => {
    const first = await say(ann, 'a secret')
    const answer = await say(ben, 'Yes', { replyToId: first.id })
    await ann.run('mutation ($id: ID!) { editMessage(input: { messageId: $id, content: "Tea?" }) { message { id } } }', { id: first.id })
    expect((await seen(answer.id)).replyTo).toEqual({ id: first.id, content: 'Tea?' })
    await remove(ann, first.id)
    expect((await seen(answer.id)).replyTo).toEqual({ id: first.id, content: '' })
  })

  it('is refused by name to what was deleted, and like nothing to what is not in this room', async () => {
    const elsewhere = await aGroup(ann, ben)
    const there = await sayIn(ann, elsewhere, 'There')
    const gone = await say(ann, 'Gone')
    await remove(ann, gone.id)
    const refusal = async (replyToId: string) => (await trying(ben, 'x', { replyToId })).errors?.[0]?.extensions
    expect(await refusal(gone.id)).toEqual({ code: 'BAD_USER_INPUT', field: 'replyToId' })
    expect(await refusal(there.id)).toEqual({ code: 'NOT_FOUND' })
    expect(await refusal(encodeId('Message', uuid()))).toEqual({ code: 'NOT_FOUND' })
    expect(await refusal(room.globalId)).toEqual({ code: 'NOT_FOUND' })
    expect(await refusal('no id')).toEqual({ code: 'BAD_USER_INPUT', field: 'replyToId' })
    expect((await listed()).said).toEqual([''])
  })
})

describe('a thread', () => {
  it('begins under a message, counts its replies, and is left out of the room’s list unless asked for', async () => {
    const root = await say(ann, 'Plans?')
    expect(root.thread).toBeNull()
    const first = await say(ben, 'The sea', { threadId: root.id })
    expect(first.thread).toMatchObject({ replyCount: 1, root: { id: root.id }, participants: [{ id: ben.globalId }] })
    const second = await say(cid, 'The hills', { threadId: first.thread!.id })
    await say(ben, 'The sea, really', { threadId: first.thread!.id })
    await say(ann, 'Something else')
    const { thread } = await seen(root.id)
    expect(second.thread).toMatchObject({ id: thread!.id, replyCount: 2 })
    expect(thread).toMatchObject({ replyCount: 3, participants: [{ id: ben.globalId }, { id: cid.globalId }] })
    expect(await listed()).toEqual({ said: ['Plans?', 'Something else'], totalCount: 2, last: 'Something else' })
    const all = ['Plans?', 'The sea', 'The hills', 'The sea, really', 'Something else']
    expect(await listed({ all: true })).toMatchObject({ said: all, totalCount: 5 })
    await say(cid, 'Last word', { threadId: thread!.id })
    expect((await listed()).last).toBe('Something else')
  })

  it('takes in whatever answers one of its replies, or names one of them as its thread', async () => {
    const root = await say(ann, 'Plans?')
    const reply = await say(ben, 'The sea', { threadId: root.id })
    const answer = await say(cid, 'Which?', { replyToId: reply.id })
    expect(answer).toMatchObject({ replyTo: { id: reply.id }, thread: { id: reply.thread!.id, replyCount: 2 } })
    const deeper = await say(ann, 'The black one', { threadId: answer.id, replyToId: answer.id })
    expect(deeper.thread).toMatchObject({ id: reply.thread!.id, replyCount: 3, root: { id: root.id } })
    expect((await listed()).said).toEqual(['Plans?'])
    const quoting = await say(ben, 'In the list', { replyToId: root.id })
    expect(quoting.thread).toBeNull()
  })

  it('is read in pages, both ways', async () => {
    const root = await say(ann, 'Count')
    for (const number of ['1', '2', '3', '4', '5']) await say(number === '3' ? ben : cid, number, { threadId: root.id })
    const { thread } = await seen(root.id)
    const page = async (args: object) => {
      const { data } = await ann.run<{
        node: { replies: { nodes: { content: string }[]; totalCount: number; pageInfo: { endCursor: string } } }
      }>(replies, { id: thread!.id, ...args })
      const { nodes, pageInfo, totalCount } = data!.node.replies
      return { said: nodes.map(({ content }) => content).join(), pageInfo, totalCount }
    }
    const first = await page({ first: 2 })
    expect(first).toMatchObject({ said: '1,2', totalCount: 5, pageInfo: { hasNextPage: true } })
    expect(await page({ first: 9, after: first.pageInfo.endCursor })).toMatchObject({ said: '3,4,5', pageInfo: { hasNextPage: false } })
    expect(await page({ last: 2 })).toMatchObject({ said: '4,5', pageInfo: { hasPreviousPage: true } })
  })

  it('shows the page around a reply only where replies are asked for', async () => {
    const root = await say(ann, 'Plans?')
    const reply = await say(ben, 'The sea', { threadId: root.id })
    await expect(listed({ around: reply.id })).rejects.toMatchObject({ extensions: { code: 'NOT_FOUND' } })
    expect((await listed({ around: reply.id, all: true })).said).toEqual(['Plans?', 'The sea'])
    expect((await listed({ around: root.id })).said).toEqual(['Plans?'])
  })

  it('does not count deleted replies, and goes on under a deleted message', async () => {
    const root = await say(ann, 'Plans?')
    const first = await say(ben, 'The sea', { threadId: root.id })
    const second = await say(cid, 'The hills', { threadId: root.id })
    await remove(cid, second.id)
    await remove(cid, second.id)
    expect((await seen(root.id)).thread).toMatchObject({
      replyCount: 1,
      lastReplyAt: first.thread!.lastReplyAt,
      participants: [{ id: ben.globalId }],
    })
    await remove(ben, first.id)
    expect((await seen(root.id)).thread).toMatchObject({ replyCount: 0, lastReplyAt: null, participants: [] })
    await remove(ann, root.id)
    expect((await say(cid, 'Still here', { threadId: root.id })).thread).toMatchObject({ replyCount: 1 })
  })

  it('is refused by name under what was deleted, or beside what it does not hold, and like nothing where it is not', async () => {
    const elsewhere = await aGroup(ann, ben)
    const there = await sayIn(ann, elsewhere, 'There')
    const gone = await say(ann, 'Gone')
    await remove(ann, gone.id)
    const [root, other] = [await say(ann, 'Root'), await say(ann, 'Other')]
    const reply = await say(ben, 'Reply', { threadId: root.id })
    const refusal = async (threadId: string, replyToId?: string) =>
      (await trying(ben, 'x', { threadId, ...(replyToId && { replyToId }) })).errors?.[0]?.extensions
    expect(await refusal(gone.id)).toEqual({ code: 'BAD_USER_INPUT', field: 'threadId' })
    expect(await refusal(root.id, other.id)).toEqual({ code: 'BAD_USER_INPUT', field: 'replyToId' })
    expect(await refusal(other.id, reply.id)).toEqual({ code: 'BAD_USER_INPUT', field: 'replyToId' })
    expect(await refusal('no id')).toEqual({ code: 'BAD_USER_INPUT', field: 'threadId' })
    // Another room's, nobody's, another type's, and threads that a message has not begun or is only in.
    const notThreads = [there.id, encodeId('Message', uuid()), encodeId('Thread', uuid()), room.globalId]
    const rowOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]!
    for (const id of [...notThreads, encodeId('Thread', rowOf(other.id)), encodeId('Thread', rowOf(reply.id))])
      expect(await refusal(id)).toEqual({ code: 'NOT_FOUND' })
    expect((await seen(root.id)).thread).toMatchObject({ replyCount: 1 })
    expect((await seen(other.id)).thread).toBeNull()
  })

  it('is begun once however many begin it at once, in one batch or on several nodes, and counts them all', async () => {
    const root = await say(ann, 'Go')
    const nodes = [1, 2, 3].map(() => createSends(domain.database, () => {}, { waitingMost: 100 }))
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, number) => {
        const as = domain.as((number % 2 ? ben : cid).actor, { sends: nodes[number % 3]! })
        return as<Sent>(send, { input: { roomId: room.globalId, content: String(number), threadId: root.id } })
      }),
    )
    expect(answers.map(codeOf)).toEqual(Array(30).fill(undefined))
    const counts = answers.map(({ data }) => data!.sendMessage.message.thread!.replyCount)
    expect(counts.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
    expect((await seen(root.id)).thread).toMatchObject({ replyCount: 30 })
  })

  it('repeats a reply by its nonce, as it is now, and says nothing again', async () => {
    const root = await say(ann, 'Plans?')
    const reply = await say(ben, 'The sea', { threadId: root.id, nonce: 'n' })
    await say(cid, 'The hills', { threadId: root.id })
    const again = await say(ben, 'The sea', { threadId: root.id, nonce: 'n' })
    expect(again).toMatchObject({ id: reply.id, thread: { replyCount: 2 } })
    expect(codeOf(await trying(ben, 'The sea', { nonce: 'n' }))).toBe('CONFLICT')
    expect(codeOf(await trying(ben, 'The sea', { replyToId: root.id, nonce: 'n' }))).toBe('CONFLICT')
    await remove(ann, root.id)
    expect((await say(ben, 'The sea', { threadId: root.id, nonce: 'n' })).id).toBe(reply.id)
  })

  it('fails twins together that ask for what cannot be', async () => {
    const gone = await say(ann, 'Gone')
    await remove(ann, gone.id)
    const answers = await Promise.all([1, 2, 3].map(() => trying(ben, 'x', { replyToId: gone.id, nonce: 'twin' })))
    expect(answers.map(codeOf)).toEqual(Array(3).fill('BAD_USER_INPUT'))
    expect(codeOf(await trying(ben, 'x', { nonce: 'twin' }))).toBeUndefined()
  })

  it('is nothing to strangers, removed members and the anonymous', async () => {
    const root = await say(ann, 'Secret')
    const reply = await say(ben, 'Also secret', { threadId: root.id })
    const { id } = reply.thread!
    const read = 'query ($id: ID!) { node(id: $id) { ... on Thread { replyCount root { content } } } }'
    expect((await ben.run(read, { id })).data).toEqual({ node: { replyCount: 1, root: { content: 'Secret' } } })
    expect(await stranger.run(read, { id })).toEqual({ data: { node: null } })
    expect(codeOf(await domain.as(nobody)(read, { id }))).toBe('UNAUTHENTICATED')
    expect(codeOf(await trying(stranger, 'x', { threadId: id }))).toBe('NOT_FOUND')
    await ann.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${ben.globalId}" }) { memberId } }`)
    expect(await ben.run(read, { id })).toEqual({ data: { node: null } })
    expect(codeOf(await trying(ben, 'x', { threadId: id }))).toBe('NOT_FOUND')
    expect(codeOf(await trying(ben, 'x', { replyToId: reply.id }))).toBe('NOT_FOUND')
  })
})

describe('the statements', () => {
  it('of a reply are one, the answer with its thread included', async () => {
    const root = await say(ann, 'Plans?')
    const database = counted(domain.database)
    const as = domain.as(ben.actor, { database, sends: createSends(database, () => {}, { waitingMost: 10 }) })
    const one = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id content thread { id replyCount lastReplyAt } } room { id } } }`
    const input = { roomId: room.globalId, content: 'The sea', threadId: root.id }
    await as(one, { input })
    database.statements.length = 0
    expect((await as<Sent>(one, { input })).data!.sendMessage.message.thread).toMatchObject({ replyCount: 2 })
    expect(database.statements).toEqual([expect.stringContaining('send_messages')])
  })

  it('of a page with reply previews, reactions and threads are as few for fifty as for five', async () => {
    for (let number = 0; number < 25; number++) {
      const root = await say(ann, `Root ${number}`)
      await say(ben, 'Reply', { threadId: root.id })
      await say(cid, 'Quote', { replyToId: root.id })
      await ben.run('mutation ($id: ID!) { addReaction(input: { messageId: $id, emoji: "👍" }) { message { id } } }', { id: root.id })
    }
    const database = counted(domain.database)
    const as = domain.as(ben.actor, { database })
    const usual = 'content sender { name } replyTo { content sender { name } } reactions { emoji count viewerReacted }'
    const threads = 'thread { replyCount lastReplyAt participants(first: 3) { name } replies(last: 1) { nodes { content } } }'
    const statementsFor = async (last: number, parts: string) => {
      database.statements.length = 0
      const { data, errors } = await as<Page>(
        `query ($room: ID!, $last: Int) { room(id: $room) { messages(last: $last) { nodes { ${parts} } } } }`,
        { room: room.globalId, last },
      )
      expect(errors).toBeUndefined()
      const { nodes } = data!.room.messages
      expect(nodes).toHaveLength(last)
      expect(new Set(nodes.map(({ sender }) => sender.name)).size).toBe(Math.min(last, 2))
      expect(nodes.filter(({ replyTo }) => replyTo)).toHaveLength(Math.ceil(last / 2))
      expect(nodes.filter(({ reactions }) => reactions.length > 0)).toHaveLength(Math.floor(last / 2))
      return database.statements.length
    }
    await statementsFor(1, usual)
    // The room, the membership, the page, the people; the messages answered, the groups, and the viewer's own reactions.
    expect(await statementsFor(5, usual)).toBe(7)
    expect(await statementsFor(50, usual)).toBe(7)
    // And the threads, who is in them, and their last replies.
    const five = await statementsFor(5, `${usual} ${threads}`)
    expect(five).toBeLessThanOrEqual(11)
    expect(await statementsFor(50, `${usual} ${threads}`)).toBe(five)
  })
})
