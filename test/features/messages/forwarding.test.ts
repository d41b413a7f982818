import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Audience } from '../../../src/graphql/actor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { rateLimited } from '../../../src/lib/refusal.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { Database } from '../../../src/store/database.ts'
import { createTransact, type Transaction } from '../../../src/store/transact.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, createDomain, type Domain, nobody } from '../../support/domain.ts'
import { during } from '../../support/during.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { showEvent } from '../../support/show-event.ts'
import { aChannel, aTeam } from '../../support/teams.ts'
import { counted, sayIn } from './support.ts'

const parts = `fragment Parts on Message { id seq content nonce isForwarded editedAt deletedAt sender { id } room { id } mentions { id }
  replyTo { id } thread { id } forwardedFrom { id content deletedAt sender { name } room { id } } }`
const forward = `mutation ($id: ID!, $to: ID!, $nonce: String) { forwardMessage(input: { messageId: $id, toRoomId: $to, nonce: $nonce }) {
  message { ...Parts } edge { cursor node { id } } room { id lastMessage { id } } } } ${parts}`
const show = `query ($id: ID!) { message(id: $id) { ...Parts } } ${parts}`
const edit = 'mutation ($id: ID!, $content: String!) { editMessage(input: { messageId: $id, content: $content }) { message { id } } }'
const remove = 'mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }'

interface Shown {
  id: string
  seq: number
  content: string
  nonce: string | null
  isForwarded: boolean
  forwardedFrom: { id: string; content: string; deletedAt: string | null } | null
}
interface Forwarded {
  forwardMessage: { message: Shown; edge: { cursor: string; node: { id: string } }; room: { id: string; lastMessage: { id: string } } }
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let stranger: APerson
/** Of Ann and Ben: where things are said. */
let here: ARoom
/** Of Ben and Cid: where they are forwarded to. */
let there: ARoom
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
  ;[here, there] = [await aGroup(ann, ben), await aGroup(ben, cid)]
})

const forwarding = (person: APerson, id: string, to: ARoom, nonce?: string) =>
  person.run<Forwarded>(forward, { id, to: to.globalId, nonce })
/** What was forwarded; what was refused is thrown. */
const forwarded = async (...args: Parameters<typeof forwarding>): Promise<Shown> => {
  const { data, errors } = await forwarding(...args)
  if (errors) throw errors[0]
  return data!.forwardMessage.message
}
const refusal = async (...args: Parameters<typeof forwarding>) => {
  const { errors } = await forwarding(...args)
  return errors && { ...errors[0]!.extensions, message: errors[0]!.message }
}
const seenBy = async (person: APerson, id: string) => (await person.run<{ message: Shown | null }>(show, { id })).data!.message
const typesIn = async ({ id }: ARoom) => (await domain.services.log.after(id, 0, 100)).map(({ type }) => type)
const leave = (person: APerson, room: ARoom) =>
  person.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${person.globalId}" }) { memberId } }`)

describe('forwarding a message', () => {
  it('says in another room what it says, and shows its source to those who may see that', async () => {
    const said = await sayIn(ann, here, 'Hello')
    const { data, errors } = await forwarding(ben, said.id, there)
    expect(errors).toBeUndefined()
    const { message, edge, room } = data!.forwardMessage
    expect(message).toEqual({
      id: message.id,
      seq: 1,
      content: 'Hello',
      nonce: null,
      isForwarded: true,
      editedAt: null,
      deletedAt: null,
      sender: { id: ben.globalId },
      room: { id: there.globalId },
      mentions: [],
      replyTo: null,
      thread: null,
      forwardedFrom: { id: said.id, content: 'Hello', deletedAt: null, sender: { name: 'Ann' }, room: { id: here.globalId } },
    })
    expect([edge.node.id, room]).toEqual([message.id, { id: there.globalId, lastMessage: { id: message.id } }])
    expect(await seenBy(ben, message.id)).toEqual(message)
    expect(await seenBy(cid, message.id)).toEqual({ ...message, forwardedFrom: null })
    expect(await seenBy(ann, said.id)).toMatchObject({ isForwarded: false, forwardedFrom: null })
    expect([await typesIn(here), await typesIn(there)]).toEqual([['MessageAdded'], ['MessageAdded']])
  })

  it('takes it as it is: what becomes of it later does not change the forward, which goes on showing its source as it is', async () => {
    const { id } = await sayIn(ann, here, 'One')
    await ann.run(edit, { id, content: 'Two' })
    const copy = await forwarded(ben, id, there)
    expect(copy).toMatchObject({ content: 'Two', editedAt: null })
    await ann.run(edit, { id, content: 'Three' })
    expect(await seenBy(ben, copy.id)).toMatchObject({ content: 'Two', forwardedFrom: { content: 'Three' } })
    await ann.run(remove, { id })
    expect(await seenBy(ben, copy.id)).toMatchObject({ content: 'Two', forwardedFrom: { content: '', deletedAt: expect.any(String) } })
    expect(await seenBy(cid, copy.id)).toMatchObject({ content: 'Two', forwardedFrom: null })
    expect(await typesIn(there)).toEqual(['MessageAdded'])
  })

  it('of a forward keeps the first source, which whoever forwards it need not see', async () => {
    const said = await sayIn(ann, here, 'Hello')
    const first = await forwarded(ben, said.id, there)
    const further = await aGroup(cid, ann)
    const second = await forwarded(cid, first.id, further)
    expect(second).toMatchObject({ content: 'Hello', isForwarded: true, forwardedFrom: null })
    expect(await seenBy(ann, second.id)).toMatchObject({ forwardedFrom: { id: said.id, content: 'Hello' } })
  })

  it('works within one room, and from threads: a forward is in none, answers nothing and mentions nobody', async () => {
    const { id: threadId } = await sayIn(ann, here, 'Plans?')
    const { data } = await ann.run<{ sendMessage: { message: { id: string } } }>(
      'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id mentions { id } } } }',
      { input: { roomId: here.globalId, content: `What says @${ben.handle}?`, threadId, replyToId: threadId } },
    )
    expect(data!.sendMessage.message).toMatchObject({ mentions: [{ id: ben.globalId }] })
    const inbox = await domain.services.log.head(ben.id)
    const copy = await forwarded(ann, data!.sendMessage.message.id, here)
    expect(copy).toMatchObject({ content: `What says @${ben.handle}?`, mentions: [], replyTo: null, thread: null })
    expect(await domain.services.log.head(ben.id)).toBe(inbox)
    const { data: page } = await ben.run<{ room: { messages: { nodes: { id: string }[] } } }>(
      'query ($id: ID!) { room(id: $id) { messages(last: 5) { nodes { id } } } }',
      { id: here.globalId },
    )
    expect(page!.room.messages.nodes.map(({ id }) => id)).toEqual([threadId, copy.id])
  })

  it('makes a message of one’s own, which can be deleted and not edited', async () => {
    const said = await sayIn(ann, here, 'Hello')
    const copy = await forwarded(ben, said.id, there)
    expect(codeOf(await ben.run(edit, { id: copy.id, content: 'Something else' }))).toBe('FORBIDDEN')
    expect(codeOf(await ben.run(remove, { id: copy.id }))).toBeUndefined()
    expect(await seenBy(cid, copy.id)).toMatchObject({ content: '', isForwarded: true })
    expect(await seenBy(ann, said.id)).toMatchObject({ content: 'Hello' })
  })

  it('cannot be done with what was deleted, nor with what a room tells of itself', async () => {
    const { id } = await sayIn(ann, here, 'a secret')
    await ann.run(remove, { id })
    expect(await refusal(ben, id, there)).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'messageId',
      message: 'This message was deleted: it cannot be forwarded.',
    })
    await ann.run(`mutation { addRoomMember(input: { roomId: "${here.globalId}", userId: "${stranger.globalId}" }) { room { id } } }`)
    const { data } = await ben.run<{ room: { lastMessage: { id: string; kind: string } } }>(
      'query ($id: ID!) { room(id: $id) { lastMessage { id kind } } }',
      { id: here.globalId },
    )
    expect(data!.room.lastMessage.kind).toBe('SYSTEM')
    expect(await refusal(ben, data!.room.lastMessage.id, there)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'messageId' })
    expect(await typesIn(there)).toEqual([])
  })

  it('counts as a send', async () => {
    const spent: unknown[] = []
    const rates = {
      spend: async (...spending: unknown[]) => {
        spent.push(spending)
        throw rateLimited(200)
      },
    }
    const { id } = await sayIn(ann, here, 'Hello')
    const { errors } = await domain.as(ben.actor, { rates })(forward, { id, to: there.globalId })
    expect(errors![0]!.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterMs: 200 })
    expect(spent).toEqual([['send', ben.id]])
    expect(await typesIn(there)).toEqual([])
  })

  it('takes the same few statements however much the rooms hold', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    const database = counted(domain.database)
    const as = domain.as(ben.actor, { database, transact: createTransact(database, () => {}) })
    const document = `mutation ($id: ID!, $to: ID!) { forwardMessage(input: { messageId: $id, toRoomId: $to }) {
      message { content sender { name } } room { name } } }`
    const statements = async () => {
      database.statements.length = 0
      expect(codeOf(await as(document, { id, to: there.globalId }))).toBeUndefined()
      return database.statements.length
    }
    await statements()
    const few = await statements()
    // Where the source lies; lock, nonce, target and standing there, source and standing there, message, words, append. Then the payload: the room,
    // the membership before and after its position was read, the sender.
    expect(few).toBeLessThanOrEqual(10 + 4)
    for (let number = 0; number < 10; number++) await sayIn(ben, there, String(number))
    expect(await statements()).toBe(few)
  })
})

describe('a nonce of a forward', () => {
  it('gives the first forward again, whatever became of its source and of the sight of it; of another message it is a conflict', async () => {
    const [one, two] = [await sayIn(ann, here, 'One'), await sayIn(ann, here, 'Two')]
    const first = await forwarded(ben, one.id, there, 'n')
    expect(first.nonce).toBe('n')
    const answers = await Promise.all([forwarded(ben, one.id, there, 'n'), forwarded(ben, one.id, there, 'n')])
    expect(answers.map(({ id }) => id)).toEqual([first.id, first.id])
    expect(await refusal(ben, two.id, there, 'n')).toMatchObject({ code: 'CONFLICT', field: 'nonce' })
    // The forward is another message than its source, though both say the same.
    expect(await refusal(ben, first.id, there, 'n')).toMatchObject({ code: 'CONFLICT', field: 'nonce' })
    await ann.run(remove, { id: one.id })
    await leave(ben, here)
    expect(await forwarded(ben, one.id, there, 'n')).toMatchObject({ id: first.id, content: 'One', forwardedFrom: null })
    await domain.database.sql('update room set archived_at = now() where id = $1', [there.id])
    expect(await forwarded(ben, one.id, there, 'n')).toMatchObject({ id: first.id })
    expect(await typesIn(there)).toEqual(['MessageAdded'])
    await leave(ben, there)
    expect(await refusal(ben, one.id, there, 'n')).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is not a send’s, another room’s or another person’s', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    const sent = await sayIn(ben, there, 'Hello', 'n')
    const copy = await forwarded(ben, id, there, 'n')
    expect(await sayIn(ben, there, 'Hello', 'n')).toMatchObject({ id: sent.id })
    const another = await aGroup(ben, ann)
    const elsewhere = await forwarded(ben, id, another, 'n')
    const annsOwn = await forwarded(ann, id, another, 'n')
    expect(new Set([sent.id, copy.id, elsewhere.id, annsOwn.id]).size).toBe(4)
    // And the other way about: first a forward, then a send.
    await forwarded(ben, id, there, 'm')
    expect(await sayIn(ben, there, 'Something', 'm')).toMatchObject({ content: 'Something' })
    expect(await typesIn(there)).toEqual(['MessageAdded', 'MessageAdded', 'MessageAdded', 'MessageAdded'])
  })

  it('not given, each forward is a message of its own', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    const [one, two] = [await forwarded(ben, id, there), await forwarded(ben, id, there)]
    expect(one.id).not.toBe(two.id)
  })

  it('needs not be given for an answer that was lost within: it is forwarded once', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    let lost = 0
    const $transaction = async (work: never) => {
      const result = await domain.database.prisma.$transaction(work)
      if (lost++ === 0) throw Object.assign(new Error('The connection broke.'), { code: 'ECONNRESET' })
      return result
    }
    const losing = { ...domain.database, prisma: { $transaction } as unknown as Database['prisma'] }
    const transact = createTransact(losing, () => {})
    const { data, errors } = await domain.as(ben.actor, { transact })<Forwarded>(forward, { id, to: there.globalId })
    expect(errors).toBeUndefined()
    expect([lost, data!.forwardMessage.message.seq, await typesIn(there)]).toEqual([2, 1, ['MessageAdded']])
  })

  it('is refused by its name when it is none', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    for (const nonce of ['', ' ', 'x'.repeat(65), 'a\0'])
      expect(await refusal(ben, id, there, nonce)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'nonce' })
    expect(await typesIn(there)).toEqual([])
  })
})

describe('who may forward, and where to', () => {
  it('whoever sees the source, though they may say nothing there', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    const silence = `update room_member set muted_until = now() + interval '1 hour' where room_id = $1 and user_id = $2`
    await domain.database.sql(silence, [here.id, ben.id])
    await domain.database.sql('update room set archived_at = now() where id = $1', [here.id])
    expect(await refusal(ben, id, there)).toBeUndefined()
  })

  it('where they may post: not while they are muted, nor into an archived room, nor between people who are apart', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    const silence = `update room_member set muted_until = now() + interval '1 hour' where room_id = $1 and user_id = $2`
    await domain.database.sql(silence, [there.id, cid.id])
    const elsewhere = await sayIn(cid, await aGroup(cid), 'Mine')
    expect(await refusal(cid, elsewhere.id, there)).toMatchObject({ code: 'FORBIDDEN', message: 'You are muted in this room.' })
    await domain.database.sql('update room set archived_at = now() where id = $1', [there.id])
    expect(await refusal(ben, id, there)).toMatchObject({ code: 'FORBIDDEN', message: 'This room is archived.' })
    const direct = await aDirectRoom(ben, stranger)
    await domain.database.sql('update room set is_severed = true where id = $1', [direct.id])
    expect(await refusal(ben, id, direct)).toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('cannot talk') })
    expect([await typesIn(there), await typesIn(direct)]).toEqual([[], []])
  })

  it('into a public channel of their team, which they join by it; a private one they cannot see', async () => {
    const team = await aTeam(cid, ben)
    const open = await aChannel(team, cid)
    const closed = await aChannel(team, cid, { isPrivate: true })
    const { id } = await sayIn(ann, here, 'Hello')
    expect(await refusal(ben, id, closed)).toMatchObject({ code: 'NOT_FOUND' })
    const copy = await forwarded(ben, id, open, 'n')
    expect(await typesIn(open)).toEqual(['MemberJoined', 'MessageAdded', 'MessageAdded'])
    expect(await forwarded(ben, id, open, 'n')).toMatchObject({ id: copy.id, seq: 3 })
    expect(await domain.database.prisma.roomMember.count({ where: { roomId: open.id, userId: ben.id, leftAt: null } })).toBe(1)
    // A team's public channel is seen by its people, so what is said there can be forwarded by who is not in it.
    const lead = await sayIn(cid, await aChannel(team, cid), 'News')
    expect(await forwarded(ben, lead.id, there)).toMatchObject({ content: 'News', forwardedFrom: { id: lead.id } })
  })

  it('strangers to the source are not told that it is there, nor strangers to the target that this is', async () => {
    const { id } = await sayIn(ann, here, 'Mine')
    const missing = encodeId('Message', uuid())
    const ownRoom = await aGroup(stranger, cid)
    const noMessage = await refusal(stranger, missing, ownRoom)
    expect(noMessage).toMatchObject({ code: 'NOT_FOUND' })
    expect(await refusal(stranger, id, ownRoom)).toEqual(noMessage)
    const nowhere = { globalId: encodeId('GroupRoom', uuid()), id: '' }
    const noRoom = await refusal(ann, id, nowhere)
    expect(noRoom).toMatchObject({ code: 'NOT_FOUND' })
    expect(await refusal(ann, id, there)).toEqual(noRoom)
    // Strangers to both hear the same of a message that is there and of one that is not.
    expect(await refusal(stranger, id, there)).toEqual(await refusal(stranger, missing, there))
    expect(codeOf(await domain.as(nobody)(forward, { id, to: there.globalId }))).toBe('UNAUTHENTICATED')
    await leave(ben, here)
    expect(await refusal(ben, id, there)).toEqual(noMessage)
    const own = await sayIn(ann, await aGroup(ann, ben), 'Ours')
    await leave(ben, there)
    expect(await refusal(ben, own.id, there)).toEqual(noRoom)
    expect((await typesIn(there)).filter((type) => type === 'MessageAdded')).toHaveLength(1)
  })

  it('by ids of their kinds: what is no id is refused by name, another kind names nothing', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    expect(await refusal(ben, 'no id', there)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'messageId' })
    expect(await refusal(ben, id, { id: '', globalId: 'no id' })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'toRoomId' })
    expect(await refusal(ben, there.globalId, there)).toMatchObject({ code: 'NOT_FOUND' })
    for (const globalId of [id, encodeId('DirectRoom', there.id)])
      expect(await refusal(ben, id, { id: '', globalId })).toMatchObject({ code: 'NOT_FOUND' })
    expect(await typesIn(there)).toEqual([])
  })
})

describe('what is shown of where a message came from', () => {
  const document = `subscription ($id: ID!) { roomEvents(roomId: $id) { ... on MessageAdded {
    message { content isForwarded forwardedFrom { content sender { name } } } } } }`
  const shownTo = async (person: APerson, room: ARoom, seq: number) => {
    const [event] = await domain.services.log.after(room.id, seq - 1, 1)
    const audience = new Audience(room.id)
    const shared = await showEvent(domain, audience, document, event!, { id: room.globalId })
    const own = await showEvent(domain, person.actor.hearing(room.id), document, event!, { id: room.globalId })
    return { asked: audience.askedFor !== undefined, shared: shared.data, own: own.data }
  }

  it('is for everybody alike what was not forwarded, and what came from the same room', async () => {
    const said = await sayIn(ben, there, 'Hello')
    const copy = await forwarded(ben, said.id, there)
    const plain = await shownTo(cid, there, said.seq)
    expect(plain).toMatchObject({ asked: false, shared: plain.own, own: { roomEvents: { message: { forwardedFrom: null } } } })
    const within = await shownTo(cid, there, copy.seq)
    expect(within).toMatchObject({
      asked: false,
      shared: within.own,
      own: { roomEvents: { message: { forwardedFrom: { content: 'Hello' } } } },
    })
  })

  it('is for each by their own right what came from elsewhere, read when it is shown', async () => {
    const { id } = await sayIn(ann, here, 'Hello')
    const { seq } = await forwarded(ben, id, there)
    const message = { content: 'Hello', isForwarded: true }
    const toBen = { roomEvents: { message: { ...message, forwardedFrom: { content: 'Hello', sender: { name: 'Ann' } } } } }
    const toCid = { roomEvents: { message: { ...message, forwardedFrom: null } } }
    expect(await shownTo(ben, there, seq)).toMatchObject({ asked: true, own: toBen })
    expect(await shownTo(cid, there, seq)).toMatchObject({ asked: true, own: toCid })
    await ann.run(remove, { id })
    expect((await shownTo(ben, there, seq)).own).toMatchObject({ roomEvents: { message: { ...message, forwardedFrom: { content: '' } } } })
    await leave(ben, here)
    expect((await shownTo(ben, there, seq)).own).toEqual(toCid)
  })

  it('on a page takes as many statements for sources in many rooms as for one', async () => {
    const page = await aGroup(ben, cid)
    for (let number = 0; number < 12; number++) {
      const room = await aGroup(ann, ...(number % 2 ? [ben] : [cid]))
      const { id } = await sayIn(ann, room, String(number))
      await forwarded(number % 2 ? ben : cid, id, page)
    }
    const database = counted(domain.database)
    const as = domain.as(ben.actor, { database })
    const statementsFor = async (last: number) => {
      database.statements.length = 0
      const { data, errors } = await as<{ room: { messages: { nodes: Shown[] } } }>(
        `query ($id: ID!, $last: Int!) { room(id: $id) { messages(last: $last) { nodes { content forwardedFrom { content sender { name } } } } } }`,
        { id: page.globalId, last },
      )
      expect(errors).toBeUndefined()
      for (const { content, forwardedFrom } of data!.room.messages.nodes)
        expect(forwardedFrom?.content).toBe(Number(content) % 2 ? content : undefined)
      expect(data!.room.messages.nodes).toHaveLength(last)
      return database.statements.length
    }
    await statementsFor(12)
    const two = await statementsFor(2)
    // The room, the membership, the page; the sources, the memberships there, the senders.
    expect(two).toBeLessThanOrEqual(6)
    expect(await statementsFor(12)).toBe(two)
  })
})

describeWith(['postgres'], 'forwards on two nodes at once', () => {
  let nodes: [Domain, Domain]
  let ada: APerson
  let bob: APerson
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
    ;[ada, bob] = [await nodes[0].aPerson('Ada'), await nodes[1].aPerson('Bob')]
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))

  const times = <Result>(count: number, work: (turn: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, turn) => work(turn)))
  const copying = (turn: number, person: APerson, id: string, to: ARoom, nonce?: string) =>
    nodes[turn % 2]!.as(person.actor)<Forwarded>(forward, { id, to: to.globalId, nonce })
  const leaving = (turn: number, person: APerson, room: ARoom) =>
    nodes[turn % 2]!.as(person.actor)('mutation ($r: ID!, $u: ID!) { removeRoomMember(input: { roomId: $r, userId: $u }) { memberId } }', {
      r: room.globalId,
      u: person.globalId,
    })
  const eventsOf = ({ id }: ARoom) => nodes[0].services.log.after(id, 0, 200)

  it('one nonce makes one forward, and of another message a conflict', async () => {
    const [from, to] = [await aGroup(ada, bob), await aGroup(bob)]
    const said = [await sayIn(ada, from, 'One'), await sayIn(ada, from, 'Two')]
    const answers = await times(12, (turn) => copying(turn >> 1, bob, said[turn % 2]!.id, to, 'n'))
    const made = answers.flatMap(({ data }) => (data ? [data.forwardMessage.message.id] : []))
    expect([made.length, new Set(made).size]).toEqual([6, 1])
    expect(answers.map(codeOf).filter((code) => code !== undefined)).toEqual(Array(6).fill('CONFLICT'))
    expect((await eventsOf(to)).map(({ type }) => type)).toEqual(['MessageAdded'])
  })

  it('what is deleted or edited meanwhile is forwarded as it was before or after, and never without what it said', async () => {
    const [from, to] = [await aGroup(ada, bob), await aGroup(bob)]
    for (let round = 0; round < 10; round++) {
      const { id } = await sayIn(ada, from, 'One')
      const [copied] = await Promise.all([
        copying(round, bob, id, to),
        nodes[round % 2]!.as(ada.actor)(edit, { id, content: 'Two' }),
        nodes[(round + 1) % 2]!.as(ada.actor)(remove, { id }),
      ])
      if (copied.data) expect(['One', 'Two']).toContain(copied.data.forwardMessage.message.content)
      else expect(codeOf(copied)).toBe('BAD_USER_INPUT')
    }
  })

  describe('begun while something is taken away, it waits for that, and is refused', () => {
    const rowOf = (text: string) => Buffer.from(text, 'base64url').toString().split(':')[1]!

    it('the source, which is deleted', async () => {
      const [from, to] = [await aGroup(ada, bob), await aGroup(bob)]
      const { id } = await sayIn(ada, from, 'a secret')
      const gone = ({ rows, at }: Transaction) => rows.message.update({ where: { id: rowOf(id) }, data: { content: '', deletedAt: at } })
      expect(codeOf(await during(nodes[0], [from.id], gone, () => copying(1, bob, id, to)))).toBe('BAD_USER_INPUT')
    })

    it('the sight of the source, by who is removed from its room', async () => {
      const [from, to] = [await aGroup(ada, bob), await aGroup(bob)]
      const { id } = await sayIn(ada, from, 'Hello')
      const gone = ({ rows, at }: Transaction) =>
        rows.roomMember.update({ where: { roomId_userId: { roomId: from.id, userId: bob.id } }, data: { leftAt: at } })
      expect(codeOf(await during(nodes[0], [from.id], gone, () => copying(1, bob, id, to)))).toBe('NOT_FOUND')
    })

    it('the right to say anything in the target, which is archived', async () => {
      const [from, to] = [await aGroup(ada, bob), await aGroup(bob)]
      const { id } = await sayIn(ada, from, 'Hello')
      const close = ({ rows, at }: Transaction) => rows.room.update({ where: { id: to.id }, data: { archivedAt: at } })
      expect(codeOf(await during(nodes[0], [to.id], close, () => copying(1, bob, id, to)))).toBe('FORBIDDEN')
    })

    it('what comes of being in a team: the sight of a channel, as source and as target', async () => {
      const team = await aTeam(ada, bob)
      const channel = await aChannel(team, ada)
      const [there, own] = [await sayIn(ada, channel, 'News'), await sayIn(bob, await aGroup(bob), 'Mine')]
      const membership = { teamId_userId: { teamId: team.id, userId: bob.id } }
      const setLeft = (leftAt: Date | null) => (tx: Transaction) => tx.rows.teamMember.update({ where: membership, data: { leftAt } })
      const leave = (tx: Transaction) => setLeft(tx.at)(tx)
      const home = await aGroup(bob)
      expect(codeOf(await during(nodes[0], [bob.id], leave, () => copying(1, bob, there.id, home)))).toBe('NOT_FOUND')
      await nodes[0].services.transact([bob.id], setLeft(null))
      expect(codeOf(await during(nodes[0], [bob.id], leave, () => copying(1, bob, own.id, channel)))).toBe('NOT_FOUND')
      expect(await eventsOf(channel)).toHaveLength(1)
    })
  })

  it('whoever leaves the target meanwhile says nothing there after they have gone', async () => {
    for (let round = 0; round < 5; round++) {
      const [from, to] = [await aGroup(ada, bob), await aGroup(ada, bob)]
      const { id } = await sayIn(ada, from, 'Hello')
      const copies = times(4, (turn) => copying(turn, bob, id, to))
      await leaving(round, bob, to)
      const answers = await copies
      const events = await eventsOf(to)
      const left = events.find(({ type }) => type === 'MemberLeft')!.seq
      const prisma = nodes[0].database.prisma
      const said = await prisma.message.findMany({ where: { roomId: to.id, forwardedFromId: { not: null } } })
      expect(said.every(({ seq }) => seq < left)).toBe(true)
      // What the answer shows of it may be out of sight again.
      expect(said.length).toBeGreaterThanOrEqual(answers.filter(({ data }) => data != null).length)
      expect(answers.map(codeOf).filter((code) => code !== undefined && code !== 'NOT_FOUND')).toEqual([])
    }
  })

  it('whoever leaves the source meanwhile forwards nothing from there after they have gone', async () => {
    for (let round = 0; round < 5; round++) {
      const [from, to] = [await aGroup(ada, bob), await aGroup(bob)]
      const { id } = await sayIn(ada, from, 'Hello')
      const copies = times(4, (turn) => copying(turn, bob, id, to))
      await leaving(round, bob, from)
      expect(codeOf(await copying(round, bob, id, to))).toBe('NOT_FOUND')
      const answers = await copies
      const left = (await eventsOf(from)).find(({ type }) => type === 'MemberLeft')!
      const said = await eventsOf(to)
      expect(said.every(({ at }) => at <= left.at)).toBe(true)
      expect(said).toHaveLength(answers.filter(({ data }) => data != null).length)
      for (const answer of answers) if (answer.data == null) expect(codeOf(answer)).toBe('NOT_FOUND')
    }
  })

  it('both ways between two rooms, nobody waits for ever', async () => {
    const rooms = [await aGroup(ada, bob), await aGroup(bob, ada)] as const
    const said = [await sayIn(ada, rooms[0], 'One'), await sayIn(bob, rooms[1], 'Two')] as const
    const answers = await times(20, (turn) => copying(turn >> 1, turn % 3 ? ada : bob, said[turn % 2]!.id, rooms[(turn + 1) % 2]!))
    expect(answers.map(codeOf)).toEqual(Array(20).fill(undefined))
    for (const room of rooms)
      expect((await eventsOf(room)).map(({ seq }) => seq)).toEqual(Array.from({ length: 11 }, (_, index) => index + 1))
  })
})
