import { Kind, parse } from 'graphql'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { schema } from '../../../src/features/schema.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { measureCost } from '../../../src/graphql/cost.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import type { Transaction } from '../../../src/store/transact.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, createDomain, type Domain, nobody } from '../../support/domain.ts'
import { during } from '../../support/during.ts'
import { sharedPostgres } from '../../support/postgres.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { describeWith } from '../../support/services.ts'
import { showEvent } from '../../support/show-event.ts'
import { aChannel, addToTeam, aTeam } from '../../support/teams.ts'
import { counted, sayIn } from './support.ts'

const change = (verb: string) => `mutation ($id: ID!) { ${verb}(input: { messageId: $id }) {
  message { id isPinned } room { id pinnedMessages { id content isPinned } } } }`
const documents = { pinMessage: change('pinMessage'), unpinMessage: change('unpinMessage') }
const edit = 'mutation ($id: ID!, $content: String!) { editMessage(input: { messageId: $id, content: $content }) { message { id } } }'
const remove = 'mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { isPinned } } }'

interface Changed {
  message: { id: string; isPinned: boolean }
  room: { id: string; pinnedMessages: { id: string; content: string; isPinned: boolean }[] }
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

const pin = (person: APerson, id: string) => person.run<{ pinMessage: Changed }>(documents.pinMessage, { id })
const unpin = (person: APerson, id: string) => person.run<{ unpinMessage: Changed }>(documents.unpinMessage, { id })
const pinsSeenBy = async (person: APerson, { globalId } = room) => {
  const document = 'query ($id: ID!) { room(id: $id) { pinnedMessages { content isPinned } } }'
  const { data } = await person.run<{ room: { pinnedMessages: { content: string; isPinned: boolean }[] } }>(document, { id: globalId })
  expect(data!.room.pinnedMessages.every(({ isPinned }) => isPinned)).toBe(true)
  return data!.room.pinnedMessages.map(({ content }) => content)
}
const typesIn = async ({ id }: ARoom, after = 0) => (await domain.services.log.after(id, after, 100)).map(({ type }) => type)

describe('pinned messages', () => {
  it('are kept at hand for everybody in the room, the newest pin first', async () => {
    const [one, two, three] = [await sayIn(ben, room, 'One'), await sayIn(ann, room, 'Two'), await sayIn(cid, room, 'Three')]
    expect(await pinsSeenBy(ben)).toEqual([])
    await pin(ann, two.id)
    await pin(ann, three.id)
    const { data, errors } = await pin(ann, one.id)
    expect(errors).toBeUndefined()
    expect(data!.pinMessage.message).toEqual({ id: one.id, isPinned: true })
    expect(data!.pinMessage.room).toMatchObject({ id: room.globalId, pinnedMessages: [one, three, two].map(({ id }) => ({ id })) })
    for (const person of [ann, ben]) expect(await pinsSeenBy(person)).toEqual(['One', 'Three', 'Two'])
    const events = await domain.services.log.after(room.id, 3, 100)
    expect(events.map(({ type }) => type)).toEqual(['MessagePinned', 'MessagePinned', 'MessagePinned'])
    expect(events[0]!.data).toMatchObject({ actorId: ann.id })
  })

  it('pinned twice are pinned once, also at once: they stay in their place, and nobody hears of the second', async () => {
    const [one, two] = [await sayIn(ben, room, 'One'), await sayIn(ben, room, 'Two')]
    const answers = await Promise.all([pin(ann, one.id), pin(ann, one.id), pin(ann, one.id)])
    expect(answers.map(({ data }) => data?.pinMessage.message.isPinned)).toEqual([true, true, true])
    await pin(ann, two.id)
    expect((await pin(ann, one.id)).data!.pinMessage.room.pinnedMessages.map(({ content }) => content)).toEqual(['Two', 'One'])
    expect(await typesIn(room, 2)).toEqual(['MessagePinned', 'MessagePinned'])
  })

  it('are unpinned by whoever may pin; unpinning what is not pinned changes nothing', async () => {
    const direct = await aDirectRoom(ann, ben)
    const { id } = await sayIn(ann, direct, 'Just us')
    await pin(ann, id)
    const answers = [await unpin(ben, id), await unpin(ann, id)]
    for (const { data } of answers) expect(data!.unpinMessage).toMatchObject({ message: { isPinned: false }, room: { pinnedMessages: [] } })
    expect(await typesIn(direct)).toEqual(['MessageAdded', 'MessagePinned', 'MessageUnpinned'])
    await pin(ben, id)
    expect(await pinsSeenBy(ann, direct)).toEqual(['Just us'])
  })

  it('may be replies in threads', async () => {
    const { id: threadId } = await sayIn(ann, room, 'Plans?')
    const document = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
    const { data } = await ben.run<{ sendMessage: { message: { id: string } } }>(document, {
      input: { roomId: room.globalId, content: 'The sea', threadId },
    })
    await pin(ann, data!.sendMessage.message.id)
    expect(await pinsSeenBy(cid)).toEqual(['The sea'])
  })

  it('stay pinned when they are edited, and say what they say now', async () => {
    const [one, two] = [await sayIn(ben, room, 'One'), await sayIn(ben, room, 'Two')]
    for (const { id } of [one, two]) await pin(ann, id)
    await ben.run(edit, { id: one.id, content: 'One, edited' })
    expect(await pinsSeenBy(cid)).toEqual(['Two', 'One, edited'])
  })

  it.each([
    ['open', ''],
    ['archived', 'archived_at = now()'],
  ])('deleted in an %s room are unpinned first, also by a sender who may not pin', async (_state, update) => {
    const { id } = await sayIn(ben, room, 'a secret')
    await pin(ann, id)
    if (update) await domain.database.sql(`update room set ${update} where id = $1`, [room.id])
    const { data } = await ben.run<{ deleteMessage: { message: { isPinned: boolean } } }>(remove, { id })
    expect(data!.deleteMessage.message).toEqual({ isPinned: false })
    expect(await pinsSeenBy(cid)).toEqual([])
    const events = await domain.services.log.after(room.id, 2, 100)
    expect(events.map(({ type, data: { actorId } }) => [type, actorId])).toEqual([
      ['MessageUnpinned', ben.id],
      ['MessageDeleted', ben.id],
    ])
    expect(events[0]!.at).toEqual(events[1]!.at)
  })

  it('cannot be what is left of a deleted message; to unpin that changes nothing', async () => {
    const { id } = await sayIn(ben, room, 'a secret')
    await ben.run(remove, { id })
    const { errors } = await pin(ann, id)
    expect(errors![0]!.extensions).toEqual({ code: 'FORBIDDEN' })
    expect(errors![0]!.message).toBe('This message was deleted.')
    expect((await unpin(ann, id)).data!.unpinMessage.message.isPinned).toBe(false)
    expect(await typesIn(room)).toEqual(['MessageAdded', 'MessageDeleted'])
  })

  it('are a bounded number a room; at the bound what is pinned may be pinned again, and one fewer makes space', async () => {
    const few = domain.as(ann.actor, { limits: { ...domain.services.limits, pinsMost: 2 } })
    const pinFew = (id: string) => few<{ pinMessage: Changed }>(documents.pinMessage, { id })
    const [one, two, three] = [await sayIn(ben, room, 'One'), await sayIn(ben, room, 'Two'), await sayIn(ben, room, 'Three')]
    for (const { id } of [one, two, one]) expect(codeOf(await pinFew(id))).toBeUndefined()
    const head = await domain.services.log.head(room.id)
    expect((await pinFew(three.id)).errors![0]!.extensions).toEqual({ code: 'CONFLICT' })
    expect(await domain.services.log.head(room.id)).toBe(head)
    const other = await aGroup(ann)
    expect(codeOf(await pinFew((await sayIn(ann, other, 'Elsewhere')).id))).toBeUndefined()
    await unpin(ann, one.id)
    expect(codeOf(await pinFew(three.id))).toBeUndefined()
    expect(await pinsSeenBy(ann)).toEqual(['Three', 'Two'])
  })

  it('are a hundred by default, which is what a query of them costs', () => {
    expect(domain.services.limits.pinsMost).toBe(100)
    const document = parse('query ($id: ID!) { room(id: $id) { pinnedMessages { id sender { id } } } }')
    const [operation] = document.definitions
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation')
    const { objects } = measureCost(operation, {}, { schema, limits: domain.services.limits, fragments: new Map() })
    expect(objects).toBe(1 + 100 * 2)
  })

  it('of many rooms take as many statements as those of one', async () => {
    const rooms = [room, await aGroup(ann, ben), await aDirectRoom(ann, stranger)]
    for (const one of rooms) for (const content of ['One', 'Two']) await pin(ann, (await sayIn(ann, one, content)).id)
    const database = counted(domain.database)
    const as = domain.as(ann.actor, { database })
    const statementsFor = async (ids: string[]) => {
      database.statements.length = 0
      const document = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Room { pinnedMessages { content sender { name } } } } }'
      const { data, errors } = await as<{ nodes: { pinnedMessages: { content: string }[] }[] }>(document, { ids })
      expect(errors).toBeUndefined()
      for (const { pinnedMessages } of data!.nodes) expect(pinnedMessages.map(({ content }) => content)).toEqual(['Two', 'One'])
      return database.statements.length
    }
    await statementsFor([room.globalId])
    const one = await statementsFor([room.globalId])
    // The room, the membership, the pins, the senders.
    expect(one).toBeLessThanOrEqual(4)
    expect(await statementsFor(rooms.map(({ globalId }) => globalId))).toBe(one)
  })
})

describe.each(['pinMessage', 'unpinMessage'] as const)('%s', (verb) => {
  const act = (person: APerson, id: string) => person.run(documents[verb], { id })
  const refusal = async (person: APerson, id: string) => {
    const { errors } = await act(person, id)
    return errors && [errors[0]!.extensions.code, errors[0]!.message]
  }
  const silence = (person: APerson) =>
    domain.database.sql(`update room_member set muted_until = now() + interval '1 hour' where room_id = $1 and user_id = $2`, [
      room.id,
      person.id,
    ])

  it('is for the admins of a group, muted or not', async () => {
    const { id } = await sayIn(ben, room, 'Here')
    expect(await refusal(ben, id)).toEqual(['FORBIDDEN', 'Only those who run this room may do that.'])
    await silence(ben)
    expect(await refusal(ben, id)).toEqual(['FORBIDDEN', 'You are muted in this room.'])
    await silence(ann)
    expect(await refusal(ann, id)).toBeUndefined()
  })

  it('is for both in a direct room, while they may talk to each other', async () => {
    const direct = await aDirectRoom(ann, ben)
    const { id } = await sayIn(ann, direct, 'Just us')
    for (const person of [ann, ben]) expect(await refusal(person, id)).toBeUndefined()
    await domain.database.sql('update room set is_severed = true where id = $1', [direct.id])
    for (const person of [ann, ben]) expect(await refusal(person, id)).toEqual(['FORBIDDEN', expect.stringContaining('cannot talk')])
    await domain.database.sql('update room set is_severed = false where id = $1', [direct.id])
  })

  it('is for the admins of a channel and the leads of its team who see it', async () => {
    const team = await aTeam(ann, ben, cid)
    const open = await aChannel(team, ben)
    const closed = await aChannel(team, ben, { isPrivate: true })
    const [inOpen, inClosed] = [await sayIn(ben, open, 'Open'), await sayIn(ben, closed, 'Closed')]
    expect(await refusal(ben, inOpen.id)).toBeUndefined()
    expect(await refusal(ben, inClosed.id)).toBeUndefined()
    expect(await refusal(ann, inOpen.id)).toBeUndefined()
    expect(await refusal(ann, inClosed.id)).toEqual(['NOT_FOUND', expect.any(String)])
    expect(await refusal(cid, inOpen.id)).toEqual(['FORBIDDEN', 'Only those who run this room may do that.'])
    expect(await refusal(stranger, inOpen.id)).toEqual(['NOT_FOUND', expect.any(String)])
    // A lead who pins does not come into the channel by it.
    expect(await domain.database.prisma.roomMember.count({ where: { roomId: open.id } })).toBe(1)
  })

  it('is nobody’s in an archived room', async () => {
    const { id } = await sayIn(ann, room, 'Here')
    await domain.database.sql('update room set archived_at = now() where id = $1', [room.id])
    expect(await refusal(ann, id)).toEqual(['FORBIDDEN', 'This room is archived.'])
  })

  it('cannot tell strangers, removed members and the anonymous that the message is there', async () => {
    const { id } = await sayIn(ben, room, 'Mine')
    const missing = await refusal(stranger, encodeId('Message', uuid()))
    expect(missing![0]).toBe('NOT_FOUND')
    expect(await refusal(stranger, id)).toEqual(missing)
    expect(codeOf(await domain.as(nobody)(documents[verb], { id }))).toBe('UNAUTHENTICATED')
    await ann.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${ben.globalId}" }) { memberId } }`)
    expect(await refusal(ben, id)).toEqual(missing)
    expect(await pinsSeenBy(ann)).toEqual([])
  })

  it('refuses what is no id by its name, and ids of other kinds as if they named nothing', async () => {
    const extensions = async (id: string) => (await act(ann, id)).errors?.[0]?.extensions
    expect(await extensions('no id')).toEqual({ code: 'BAD_USER_INPUT', field: 'messageId' })
    expect(await extensions(room.globalId)).toEqual({ code: 'NOT_FOUND' })
    expect(await typesIn(room)).toEqual([])
  })
})

describe('that a message is pinned or unpinned', () => {
  it('is shown to everybody who follows the room alike, with the pins as they are', async () => {
    const { id } = await sayIn(ben, room, 'Here')
    await pin(ann, id)
    await unpin(ann, id)
    await pin(ann, id)
    const document = `subscription ($id: ID!) { roomEvents(roomId: $id) { __typename seq actor { name }
      ... on MessagePinned { message { content isPinned } room { name pinnedMessages { content sender { name } } } }
      ... on MessageUnpinned { message { content isPinned } room { name pinnedMessages { content sender { name } } } } } }`
    const events = await domain.services.log.after(room.id, 1, 100)
    expect(events.map(({ type }) => type)).toEqual(['MessagePinned', 'MessageUnpinned', 'MessagePinned'])
    for (const event of events) {
      const audience = new Audience(room.id)
      const shared = await showEvent(domain, audience, document, event, { id: room.globalId })
      expect(audience.askedFor).toBeUndefined()
      expect(shared.data).toMatchObject({
        roomEvents: {
          actor: { name: 'Ann' },
          message: { content: 'Here', isPinned: true },
          room: { pinnedMessages: [{ content: 'Here', sender: { name: 'Ben' } }] },
        },
      })
      expect(shared).toEqual(await showEvent(domain, cid.actor, document, event, { id: room.globalId }))
    }
  })
})

describeWith(['postgres'], 'pins on two nodes at once', () => {
  let nodes: [Domain, Domain]
  let admin: APerson
  let member: APerson
  let place: ARoom
  beforeAll(async () => {
    const url = await (await sharedPostgres()).createDatabase()
    nodes = [await createDomain(url), await createDomain(url)]
    ;[admin, member] = [await nodes[0].aPerson('Admin'), await nodes[1].aPerson('Member')]
    place = await aGroup(admin, member)
  })
  afterAll(() => Promise.all((nodes ?? []).map(({ database }) => database.close())))

  const on = (turn: number, person: APerson, limits = nodes[0].services.limits) => nodes[turn % 2]!.as(person.actor, { limits })
  const times = <Result>(count: number, work: (turn: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, turn) => work(turn)))
  const eventsAbout = async (text: string) => {
    const messageId = Buffer.from(text, 'base64url').toString().split(':')[1]
    const events = await nodes[0].database.prisma.event.findMany({ where: { streamId: place.id }, orderBy: { seq: 'asc' } })
    return events.filter(({ data }) => (data as { messageId?: string }).messageId === messageId)
  }
  const pinnedSeqOf = async (text: string) => {
    const id = Buffer.from(text, 'base64url').toString().split(':')[1]!
    return (await nodes[0].database.prisma.message.findUniqueOrThrow({ where: { id } })).pinnedSeq
  }

  it('pinning and unpinning one message take turns, and the last one counts', async () => {
    const { id } = await sayIn(member, place, 'Here')
    const answers = await times(20, (turn) => on(turn >> 1, admin)(documents[turn % 2 ? 'unpinMessage' : 'pinMessage'], { id }))
    expect(answers.map(codeOf)).toEqual(Array(20).fill(undefined))
    const [, ...told] = await eventsAbout(id)
    expect(told.length).toBeGreaterThan(0)
    expect(told.map(({ type }) => type)).toEqual(told.map((_, index) => (index % 2 ? 'MessageUnpinned' : 'MessagePinned')))
    const last = told.at(-1)!
    expect(await pinnedSeqOf(id)).toBe(last.type === 'MessagePinned' ? last.seq : null)
  })

  it('more than may be pinned are not, however many come at once', async () => {
    place = await aGroup(admin, member)
    const limits = { ...nodes[0].services.limits, pinsMost: 3 }
    const said = await times(10, (turn) => sayIn(admin, place, `Number ${turn}`))
    const answers = await times(10, (turn) => on(turn, admin, limits)(documents.pinMessage, { id: said[turn]!.id }))
    expect(answers.map(codeOf).filter((code) => code === 'CONFLICT')).toHaveLength(7)
    expect(await nodes[0].database.prisma.message.count({ where: { roomId: place.id, pinnedSeq: { not: null } } })).toBe(3)
  })

  it('what is deleted is not pinned, whoever was first', async () => {
    for (let round = 0; round < 10; round++) {
      const { id } = await sayIn(member, place, 'a secret')
      const [deleted, pinned] = await Promise.all([on(round, member)(remove, { id }), on(round + 1, admin)(documents.pinMessage, { id })])
      expect(codeOf(deleted)).toBeUndefined()
      expect(await pinnedSeqOf(id)).toBeNull()
      const told = (await eventsAbout(id)).map(({ type }) => type)
      const wasFirst = codeOf(pinned) === undefined
      expect(told).toEqual(['MessageAdded', ...(wasFirst ? ['MessagePinned', 'MessageUnpinned'] : []), 'MessageDeleted'])
    }
  })

  it.each(['pinMessage', 'unpinMessage'] as const)('%s waits for what takes the right to it away, and is refused', async (verb) => {
    const act = (person: APerson, id: string) => on(1, person)(documents[verb], { id })
    place = await aGroup(admin, member)
    const { id } = await sayIn(member, place, 'Here')
    const close = ({ rows, at }: Transaction) => rows.room.update({ where: { id: place.id }, data: { archivedAt: at } })
    expect(codeOf(await during(nodes[0], [place.id], close, () => act(admin, id)))).toBe('FORBIDDEN')
    // A lead pins by their place in the team: what takes that holds their inbox, and no channel.
    const team = await aTeam(member)
    await addToTeam(member, team, admin, 'LEAD')
    const channel = await aChannel(team, member)
    const news = await sayIn(member, channel, 'News')
    const demote = ({ rows }: Transaction) =>
      rows.teamMember.update({ where: { teamId_userId: { teamId: team.id, userId: admin.id } }, data: { role: 'MEMBER' } })
    expect(codeOf(await act(admin, news.id))).toBe(undefined)
    expect(codeOf(await during(nodes[0], [admin.id], demote, () => act(admin, news.id)))).toBe('FORBIDDEN')
  })

  it('an admin who leaves meanwhile pins nothing after they have gone', async () => {
    const leave = 'mutation ($r: ID!, $u: ID!) { removeRoomMember(input: { roomId: $r, userId: $u }) { memberId } }'
    for (let round = 0; round < 5; round++) {
      place = await aGroup(admin, member)
      const said = await times(4, (turn) => sayIn(member, place, `Number ${turn}`))
      const pinning = times(4, (turn) => on(turn, admin)(documents.pinMessage, { id: said[turn]!.id }))
      await on(round, admin)(leave, { r: place.globalId, u: admin.globalId })
      const codes = (await pinning).map(codeOf)
      const events = await nodes[0].services.log.after(place.id, 0, 100)
      const left = events.find(({ type }) => type === 'MemberLeft')!.seq
      const pins = events.filter(({ type }) => type === 'MessagePinned')
      expect(pins.every(({ seq }) => seq < left)).toBe(true)
      expect(codes.filter((code) => code === 'NOT_FOUND')).toHaveLength(4 - pins.length)
    }
  })
})
