import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Audience } from '../../../src/graphql/actor.ts'
import type { Services } from '../../../src/graphql/context.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { aChannel, aTeam } from '../../support/teams.ts'

const parts = 'id content mentions { id handle name deletedAt } thread { replyCount }'
const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { ${parts} } } }`
const edit = `mutation ($id: ID!, $content: String!) { editMessage(input: { messageId: $id, content: $content }) { message { ${parts} } } }`
const remove = `mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { ${parts} } } }`
const show = `query ($id: ID!) { message(id: $id) { ${parts} } }`
const inbox = `subscription { inbox { __typename ... on Mentioned { roomId messageId message { content deletedAt } } } }`

interface Shown {
  id: string
  content: string
  mentions: { id: string; handle: string; name: string; deletedAt: string | null }[]
  thread: { replyCount: number } | null
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
let stranger: APerson
let room: ARoom
beforeAll(async () => {
  domain = await aDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid, stranger] = [
    await domain.aPerson('Ann'),
    await domain.aPerson('Ben'),
    await domain.aPerson('Cid'),
    await domain.aPerson('Somebody else'),
  ]
  room = await aGroup(ann, ben, cid)
})

const at = (...people: APerson[]) => people.map(({ handle }) => `@${handle}`).join(' ')
const names = ({ mentions }: Shown) => mentions.map(({ name }) => name)
const handles = ({ mentions }: Shown) => mentions.map(({ handle }) => handle)

type Input = { threadId?: string; nonce?: string; roomId?: string }
const trying = (person: APerson, content: string, input: Input = {}, instead: Partial<Services> = {}) =>
  domain.as(person.actor, instead)<{ sendMessage: { message: Shown } }>(send, { input: { roomId: room.globalId, content, ...input } })
async function say(person: APerson, content: string, input: Input = {}): Promise<Shown> {
  const { data, errors } = await trying(person, content, input)
  if (errors) throw errors[0]
  return data!.sendMessage.message
}
const editing = (person: APerson, { id }: Shown, content: string, instead: Partial<Services> = {}) =>
  domain.as(person.actor, instead)<{ editMessage: { message: Shown } }>(edit, { id, content })
async function change(message: Shown, content: string, person = ann): Promise<Shown> {
  const { data, errors } = await editing(person, message, content)
  if (errors) throw errors[0]
  return data!.editMessage.message
}
const seen = async ({ id }: Shown, person = ann) => (await person.run<{ message: Shown }>(show, { id })).data!.message
const leave = (person: APerson) =>
  person.run(`mutation { removeRoomMember(input: { roomId: "${room.globalId}", userId: "${person.globalId}" }) { memberId } }`)
const mentionsOf = async (person: APerson) =>
  (await domain.services.log.after(person.id, 0, 100)).filter(({ type }) => type === 'Mentioned')
/** How often each has heard that they were mentioned. */
const told = async (...people: APerson[]) => (await Promise.all(people.map(mentionsOf))).map(({ length }) => length)
const rowsOf = (message: Shown) =>
  domain.database.prisma.mention.count({ where: { messageId: Buffer.from(message.id, 'base64url').toString().split(':')[1]! } })
const block = (blocker: APerson, blocked: APerson) =>
  domain.database.sql('insert into block (blocker_id, blocked_id, created_at) values ($1, $2, now())', [blocker.id, blocked.id])
const atMost = (mentionsMost: number) => ({ limits: { ...domain.services.limits, mentionsMost } })

describe('mentioning', () => {
  it('names people of the room by their handles, in the order in which they appear, and each of them hears of it once', async () => {
    const message = await say(ann, `Hello @${cid.handle.toUpperCase()}, ${at(ben, cid)}!`)
    expect(message.mentions).toEqual([
      { id: cid.globalId, handle: cid.handle, name: 'Cid', deletedAt: null },
      { id: ben.globalId, handle: ben.handle, name: 'Ben', deletedAt: null },
    ])
    for (const person of [ann, ben, cid]) expect((await seen(message, person)).mentions).toEqual(message.mentions)
    expect(await told(ann, ben, cid)).toEqual([0, 1, 1])
    const [event] = await mentionsOf(ben)
    const [messageId] = [Buffer.from(message.id, 'base64url').toString().split(':')[1]]
    expect(event!.data).toEqual({ roomId: room.id, messageId })
  })

  it('tells room and inboxes by one commit', async () => {
    const rung = domain.rung.length
    await say(ann, at(ben))
    const events = domain.rung.slice(rung)
    expect(events.map(({ type, streamId }) => [type, streamId])).toEqual([
      ['MessageAdded', room.id],
      ['Mentioned', ben.id],
    ])
    expect(events[1]!.at).toEqual(events[0]!.at)
  })

  it('names nobody who does not see the room, who has left it or closed their account, nobody who is not there, and not oneself', async () => {
    await leave(cid)
    const gone = await domain.aPerson('Gone')
    await ann.run('mutation ($input: AddRoomMemberInput!) { addRoomMember(input: $input) { room { id } } }', {
      input: { roomId: room.globalId, userId: gone.globalId },
    })
    await domain.database.sql('update app_user set deleted_at = now() where id = $1', [gone.id])
    const message = await say(ann, `${at(ann, cid, stranger, gone)} @nobody_at_all ${at(ben)}`)
    expect(names(message)).toEqual(['Ben'])
    expect(names(await say(ann, `${at(ann, cid, stranger, gone)} @nobody_at_all`))).toEqual([])
    expect(await told(ann, ben, cid, stranger, gone)).toEqual([0, 1, 0, 0, 0])
  })

  it('does not reach between people of whom one has blocked the other', async () => {
    await block(ann, ben)
    await block(cid, ann)
    expect(names(await say(ann, at(ben, cid)))).toEqual([])
    expect(names(await say(ben, at(ann, cid)))).toEqual(['Cid'])
    expect(await told(ann, ben, cid)).toEqual([0, 0, 1])
  })

  it('reaches the team’s people in a public channel, and only members in a private one', async () => {
    const team = await aTeam(ann, ben, cid)
    const channels = [await aChannel(team, ann), await aChannel(team, ann, { isPrivate: true, members: [ben] })]
    const said = await Promise.all(channels.map(({ globalId }) => say(ann, at(ben, cid, stranger), { roomId: globalId })))
    expect(said.map(names)).toEqual([['Ben', 'Cid'], ['Ben']])
    expect(await told(ben, cid, stranger)).toEqual([2, 1, 0])
  })

  it('joins a public channel first, like everything that is said in one', async () => {
    const channel = await aChannel(await aTeam(ann, ben), ann)
    expect(names(await say(ben, at(ann), { roomId: channel.globalId }))).toEqual(['Ann'])
    const events = await domain.services.log.after(channel.id, 0, 10)
    expect(events.map(({ type, data }) => [type, data.hasMentions])).toEqual([
      ['MemberJoined', undefined],
      ['MessageAdded', undefined],
      ['MessageAdded', true],
    ])
  })

  it('reaches the other one of a direct room, and nobody else', async () => {
    const direct = await aDirectRoom(ann, ben)
    expect(names(await say(ann, at(ben, cid), { roomId: direct.globalId }))).toEqual(['Ben'])
  })

  it('goes into threads like any message', async () => {
    const root = await say(ann, 'Root')
    const reply = await say(ben, at(cid), { threadId: root.id })
    expect([names(reply), reply.thread]).toEqual([['Cid'], { replyCount: 1 }])
  })

  it('happens once for a nonce, and also tells nobody again who came back since', async () => {
    const first = await say(ann, at(ben, cid), { nonce: 'n' })
    await leave(ben)
    expect(await say(ann, at(ben, cid), { nonce: 'n' })).toEqual(first)
    expect(await told(ben, cid)).toEqual([1, 1])
  })

  it('is bounded: by whom it would reach, and by nobody else', async () => {
    const { data } = await trying(ann, at(ben, cid, stranger), {}, atMost(2))
    expect(names(data!.sendMessage.message)).toEqual(['Ben', 'Cid'])
    const head = await domain.services.log.head(room.id)
    const tooMany = await trying(ann, at(ben, cid), { nonce: 'n' }, atMost(1))
    expect(tooMany.errors![0]).toMatchObject({
      message: 'At most 1 people can be mentioned at once.',
      extensions: { code: 'BAD_USER_INPUT', field: 'content' },
    })
    expect(await domain.services.log.head(room.id)).toBe(head)
    expect(await told(ben, cid)).toEqual([1, 1])
    expect((await say(ann, 'Then not', { nonce: 'n' })).content).toBe('Then not')
  })

  it('locks the inboxes of those whom it would reach, and of nobody when they are too many', async () => {
    const locked: number[] = []
    const transact: Services['transact'] = (streams, work, options) => {
      locked.push(streams.length)
      return domain.services.transact(streams, work, options)
    }
    await trying(ann, at(ben, cid, stranger), {}, { transact })
    await trying(ann, at(ben, cid, stranger), {}, { ...atMost(1), transact })
    // The room, and the sender's own.
    expect(locked).toEqual([4, 2])
  })

  it('tells strangers nothing of who is in the room, also not by the bound', async () => {
    for (const content of [at(ben, cid), at(ben), 'Hello']) expect(codeOf(await trying(stranger, content, {}, atMost(1)))).toBe('NOT_FOUND')
  })
})

describe('those whom a message mentions', () => {
  it('are shown as they are called now, and as what is left of them once they have closed their account', async () => {
    const message = await say(ann, at(ben, cid))
    await ben.run('mutation { updateProfile(input: { name: "Benjamin" }) { viewer { id } } }')
    await domain.database.sql(`update app_user set deleted_at = now(), name = 'Gone', handle = 'gone_' || left(handle, 20) where id = $1`, [
      cid.id,
    ])
    expect((await seen(message)).mentions).toMatchObject([
      { id: ben.globalId, name: 'Benjamin', deletedAt: null },
      { id: cid.globalId, name: 'Gone', deletedAt: expect.any(String) },
    ])
  })

  it('stay it when they leave the room', async () => {
    const message = await say(ann, at(ben, cid))
    await leave(ben)
    expect(names(await seen(message))).toEqual(['Ben', 'Cid'])
  })

  it('are nobody once it is deleted', async () => {
    const message = await say(ann, at(ben, cid))
    const { data } = await ann.run<{ deleteMessage: { message: Shown } }>(remove, { id: message.id })
    expect(data!.deleteMessage.message.mentions).toEqual([])
    expect((await seen(message)).mentions).toEqual([])
    expect(await rowsOf(message)).toBe(0)
  })
})

describe('an edit', () => {
  it('mentions whom it names, in its order: who is new hears of it, nobody again, and who is no longer named is gone', async () => {
    const dan = await domain.aPerson('Dan')
    room = await aGroup(ann, ben, cid, dan)
    const message = await say(ann, at(ben, cid))
    expect(handles(await change(message, at(dan, cid)))).toEqual([dan.handle, cid.handle])
    expect(handles(await seen(message, dan))).toEqual([dan.handle, cid.handle])
    expect(await told(ben, cid, dan)).toEqual([1, 1, 1])
    expect(await rowsOf(message)).toBe(2)
  })

  it('may name the first, the last, and the same ones in another order', async () => {
    const message = await say(ann, 'Nobody')
    expect(names(await change(message, at(ben, cid)))).toEqual(['Ben', 'Cid'])
    expect(names(await change(message, at(cid, ben)))).toEqual(['Cid', 'Ben'])
    expect(await told(ben, cid)).toEqual([1, 1])
    expect(names(await change(message, 'Nobody'))).toEqual([])
    expect(await rowsOf(message)).toBe(0)
    // Who was taken out and is named again is newly named.
    await change(message, at(ben))
    expect(await told(ben, cid)).toEqual([2, 1])
  })

  it('is told before those whom it names', async () => {
    const message = await say(ann, 'Nobody')
    const rung = domain.rung.length
    await change(message, at(ben))
    expect(domain.rung.slice(rung).map(({ type, streamId }) => [type, streamId])).toEqual([
      ['MessageEdited', room.id],
      ['Mentioned', ben.id],
    ])
  })

  it('leaves those in who are named still, whatever happened since; and names nobody new by that', async () => {
    const message = await say(ann, at(ben, cid))
    await leave(ben)
    await block(cid, ann)
    expect(names(await change(message, `Well, ${at(cid, ben, stranger)}`))).toEqual(['Cid', 'Ben'])
    expect(await told(ben, cid, stranger)).toEqual([1, 1, 0])
    expect(names(await change(message, 'Nobody'))).toEqual([])
    expect(names(await change(message, at(cid, ben)))).toEqual([])
  })

  it('to the same words mentions as before, also whom it would name now', async () => {
    const message = await say(ann, at(ben, stranger))
    await ann.run('mutation ($input: AddRoomMemberInput!) { addRoomMember(input: $input) { room { id } } }', {
      input: { roomId: room.globalId, userId: stranger.globalId },
    })
    expect(names(await change(message, message.content))).toEqual(['Ben'])
    expect(await told(ben, stranger)).toEqual([1, 0])
    expect(names(await change(message, `${message.content}!`))).toEqual(['Ben', 'Somebody else'])
  })

  it('is bounded, those mentioned before counted, and writes nothing beyond', async () => {
    const message = await say(ann, at(ben))
    await leave(ben)
    const refused = await Promise.all([editing(ann, message, at(ben, cid), atMost(1)), editing(ann, message, at(cid), atMost(0))])
    for (const { errors } of refused) expect(errors![0]!.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'content' })
    expect(await seen(message)).toEqual(message)
    expect(await told(ben, cid)).toEqual([1, 0])
  })

  it('that is refused mentions nobody', async () => {
    const message = await say(ben, 'Mine')
    expect(codeOf(await editing(ann, message, at(cid)))).toBe('FORBIDDEN')
    expect(codeOf(await editing(stranger, message, at(cid)))).toBe('NOT_FOUND')
    expect(await told(cid)).toEqual([0])
    expect(names(await seen(message))).toEqual([])
  })

  it('costs as much of the rate of sending as a message, where it mentions somebody', async () => {
    const message = await say(ann, 'Nobody')
    const spent: string[] = []
    const rates = { ...domain.services.rates, spend: async (what: string) => void spent.push(what) }
    await editing(ann, message, 'Still nobody', { rates })
    expect(spent).toEqual([])
    await editing(ann, message, at(ben), { rates })
    expect(spent).toEqual(['send'])
  })
})

describe('Mentioned', () => {
  const shownTo = async (person: APerson) => {
    const [event] = await mentionsOf(person)
    const { data, errors } = await showEvent<{ inbox: Record<string, unknown> }>(domain, person.actor, inbox, event!)
    expect(errors).toBeUndefined()
    return data!.inbox
  }

  it('shows the message as it is: edited, so that it mentions them no more, and deleted', async () => {
    const message = await say(ann, at(ben))
    const ids = { __typename: 'Mentioned', roomId: room.globalId, messageId: message.id }
    expect(await shownTo(ben)).toEqual({ ...ids, message: { content: at(ben), deletedAt: null } })
    await change(message, 'Nobody')
    expect(await shownTo(ben)).toEqual({ ...ids, message: { content: 'Nobody', deletedAt: null } })
    await ann.run(remove, { id: message.id })
    expect(await shownTo(ben)).toEqual({ ...ids, message: { content: '', deletedAt: expect.any(String) } })
  })

  it('keeps its ids, and shows nothing more, for who no longer sees the room', async () => {
    const { id } = await say(ann, at(ben))
    await leave(ben)
    expect(await shownTo(ben)).toEqual({ __typename: 'Mentioned', roomId: room.globalId, messageId: id, message: null })
  })

  it('is shown to everybody at once only as far as it needs nobody’s right to see', async () => {
    await say(ann, at(ben))
    const [event] = await mentionsOf(ben)
    const whole = new Audience(ben.id)
    await showEvent(domain, whole, inbox, event!)
    expect(whole.askedFor).toBeDefined()
    const ids = new Audience(ben.id)
    const { data } = await showEvent(domain, ids, 'subscription { inbox { ... on Mentioned { roomId messageId } } }', event!)
    expect(data).toEqual({ inbox: { roomId: room.globalId, messageId: encodeId('Message', event!.data.messageId as string) } })
    expect(ids.askedFor).toBeUndefined()
  })
})
