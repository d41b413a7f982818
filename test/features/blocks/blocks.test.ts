import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Audience } from '../../../src/graphql/actor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { uuid } from '../../../src/lib/uuid.ts'
import { codeOf } from '../../support/codes.ts'
import { type APerson, aDomain, type Domain, nobody } from '../../support/domain.ts'
import { type ARoom, aDirectRoom, aGroup } from '../../support/rooms.ts'
import { showEvent } from '../../support/show-event.ts'
import { sayIn } from '../messages/support.ts'

const documents = {
  blockUser: 'mutation ($userId: ID!) { done: blockUser(input: { userId: $userId }) { user { id } viewer { blockedUsers { id name } } } }',
  unblockUser:
    'mutation ($userId: ID!) { done: unblockUser(input: { userId: $userId }) { user { id } viewer { blockedUsers { id name } } } }',
}
type Verb = keyof typeof documents

interface Done {
  done: { user: { id: string }; viewer: { blockedUsers: { id: string; name: string }[] } }
}

let domain: Domain
let ann: APerson
let ben: APerson
let cid: APerson
beforeAll(async () => {
  domain = await aDomain()
})
beforeEach(async () => {
  ;[ann, ben, cid] = await Promise.all([domain.aPerson('Ann'), domain.aPerson('Ben'), domain.aPerson('Cid')])
})

const act = (verb: Verb, person: APerson, target: APerson) => person.run<Done>(documents[verb], { userId: target.globalId })
const blocked = (...people: APerson[]) => people.map(({ globalId }) => expect.objectContaining({ id: globalId }))
const say = async (person: APerson, room: ARoom, content = 'Hello') =>
  codeOf(
    await person.run('mutation ($r: ID!, $c: String!) { sendMessage(input: { roomId: $r, content: $c }) { message { id } } }', {
      r: room.globalId,
      c: content,
    }),
  )
const open = (person: APerson, target: APerson) =>
  person.run<{ openDirectRoom: { room: { id: string } } }>('mutation ($u: ID!) { openDirectRoom(input: { userId: $u }) { room { id } } }', {
    u: target.globalId,
  })
const create = (person: APerson, ...targets: APerson[]) =>
  person.run('mutation ($m: [ID!]!) { createGroupRoom(input: { name: "Group", memberIds: $m }) { room { id } } }', {
    m: targets.map(({ globalId }) => globalId),
  })
const add = (person: APerson, room: ARoom, target: APerson) =>
  person.run('mutation ($r: ID!, $u: ID!) { addRoomMember(input: { roomId: $r, userId: $u }) { room { memberCount } } }', {
    r: room.globalId,
    u: target.globalId,
  })
const permissions = async (person: APerson, room: ARoom) =>
  (
    await person.run<{ room: { viewerPermissions: string[] } }>('query ($id: ID!) { room(id: $id) { viewerPermissions } }', {
      id: room.globalId,
    })
  ).data!.room.viewerPermissions
const heads = (...streams: { id: string }[]) => Promise.all(streams.map(({ id }) => domain.services.log.head(id)))

describe('blocking somebody', () => {
  it('puts them into the viewer’s list, the last one first, and takes them out again', async () => {
    const { data, errors } = await act('blockUser', ann, ben)
    expect(errors).toBeUndefined()
    expect(data!.done).toEqual({ user: { id: ben.globalId }, viewer: { blockedUsers: [{ id: ben.globalId, name: 'Ben' }] } })
    expect((await act('blockUser', ann, cid)).data!.done.viewer.blockedUsers).toEqual(blocked(cid, ben))
    expect((await ben.run('{ viewer { blockedUsers { id } } }')).data).toEqual({ viewer: { blockedUsers: [] } })
    expect((await act('unblockUser', ann, cid)).data!.done).toEqual({
      user: { id: cid.globalId },
      viewer: { blockedUsers: [{ id: ben.globalId, name: 'Ben' }] },
    })
  })

  it('is heard of on one’s own devices, with the room of the two, and by nobody else', async () => {
    const room = await aDirectRoom(ann, ben)
    const before = await heads(ben, room)
    const [annBefore] = await heads(ann)
    await act('blockUser', ann, ben)
    await act('unblockUser', ann, ben)
    await act('blockUser', ann, cid)
    const events = await domain.services.log.after(ann.id, annBefore!, 10)
    expect(events.map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'ViewerUpdated', data: { roomId: room.id } },
      { type: 'ViewerUpdated', data: { roomId: room.id } },
      { type: 'ViewerUpdated', data: {} },
    ])
    expect(await heads(ben, room)).toEqual(before)
    const inbox = 'subscription { inbox { ... on ViewerUpdated { viewer { blockedUsers { id } } } } }'
    const audience = new Audience(ann.id)
    const shown = { data: { inbox: { viewer: { blockedUsers: [{ id: cid.globalId }] } } } }
    expect(await showEvent(domain, audience, inbox, events[2]!)).toEqual(shown)
    expect(audience.askedFor).toBeUndefined()
  })

  it('twice is once, also when both come at once, and unheard of', async () => {
    const [before] = await heads(ann)
    const answers = await Promise.all(Array.from({ length: 5 }, () => act('blockUser', ann, ben)))
    expect(answers.map(({ data }) => data?.done.viewer.blockedUsers)).toEqual(Array(5).fill(blocked(ben)))
    expect(await heads(ann)).toEqual([before! + 1])
    await Promise.all(Array.from({ length: 5 }, () => act('unblockUser', ann, ben)))
    expect(await heads(ann)).toEqual([before! + 2])
    expect((await act('unblockUser', ann, cid)).data!.done).toEqual({ user: { id: cid.globalId }, viewer: { blockedUsers: [] } })
    expect(await heads(ann)).toEqual([before! + 2])
  })

  it('takes a thousand people, and not one more', async () => {
    await domain.database.sql(
      `with people as (
         insert into app_user (id, handle, name, created_at)
         select gen_random_uuid(), 'b' || substr(md5($1 || n), 1, 20), 'Somebody', now() from generate_series(1, 999) n returning id
       ) insert into block (blocker_id, blocked_id, created_at) select $1::uuid, id, now() from people`,
      [ann.id],
    )
    expect((await act('blockUser', ann, ben)).data!.done.viewer.blockedUsers).toHaveLength(1000)
    const [before] = await heads(ann)
    expect((await act('blockUser', ann, cid)).errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'CONFLICT', field: 'userId' }])
    expect(await heads(ann)).toEqual([before])
    expect(codeOf(await act('blockUser', ann, ben))).toBeUndefined()
    await act('unblockUser', ann, ben)
    expect(codeOf(await act('blockUser', ann, cid))).toBeUndefined()
  })

  it('names people who are there, other than oneself; who has closed their account can only be let go', async () => {
    for (const verb of ['blockUser', 'unblockUser'] as const) {
      const refusal = async (userId: string) => (await ann.run(documents[verb], { userId })).errors?.map(({ extensions }) => extensions)
      expect(await refusal(ann.globalId)).toEqual([{ code: 'BAD_USER_INPUT', field: 'userId' }])
      expect(await refusal('ben')).toEqual([{ code: 'BAD_USER_INPUT', field: 'userId' }])
      for (const id of [encodeId('User', uuid()), encodeId('Viewer', ben.id), (await aGroup(ann, ben)).globalId])
        expect(await refusal(id), id).toEqual([{ code: 'NOT_FOUND' }])
      expect(codeOf(await domain.as(nobody)(documents[verb], { userId: ben.globalId }))).toBe('UNAUTHENTICATED')
    }
    await act('blockUser', ann, ben)
    for (const { id } of [ben, cid]) await domain.database.sql('update app_user set deleted_at = now() where id = $1', [id])
    expect(codeOf(await act('blockUser', ann, cid))).toBe('NOT_FOUND')
    expect(codeOf(await act('blockUser', cid, ann))).toBe('NOT_FOUND')
    expect((await act('blockUser', ann, ben)).data!.done.viewer.blockedUsers).toEqual(blocked(ben))
    expect((await act('unblockUser', ann, ben)).data!.done.viewer.blockedUsers).toEqual([])
  })
})

// Whoever of the two did it, it holds for both.
describe.each([
  ['who has blocked', (one: APerson, other: APerson) => [one, other] as const],
  ['who is blocked', (one: APerson, other: APerson) => [other, one] as const],
])('%s', (_who, inTurn) => {
  /** Who tries something, and with whom. */
  let actor: APerson
  let target: APerson
  beforeEach(() => {
    ;[actor, target] = inTurn(ann, ben)
  })

  it('opens no direct room with the other, but is given the one they have', async () => {
    await act('blockUser', ann, ben)
    const before = await heads(actor, target)
    expect(codeOf(await open(actor, target))).toBe('FORBIDDEN')
    expect(await heads(actor, target)).toEqual(before)
    await act('unblockUser', ann, ben)
    const room = await aDirectRoom(target, actor)
    await act('blockUser', ann, ben)
    expect((await open(actor, target)).data).toEqual({ openDirectRoom: { room: { id: room.globalId } } })
  })

  it('makes no group with the other in it, and adds them to none', async () => {
    await act('blockUser', ann, ben)
    const room = await aGroup(actor)
    const before = await heads(actor, target, cid, room)
    expect(codeOf(await create(actor, cid, target))).toBe('FORBIDDEN')
    expect(codeOf(await add(actor, room, target))).toBe('FORBIDDEN')
    expect(await heads(actor, target, cid, room)).toEqual(before)
    expect(codeOf(await create(cid, actor, target))).toBeUndefined()
  })

  it('says nothing in their direct room, edits nothing and reacts to nothing; reads it, and deletes their own', async () => {
    const room = await aDirectRoom(ann, ben)
    const { id: messageId } = await sayIn(actor, room, 'Before')
    await act('blockUser', ann, ben)
    const before = await heads(room, actor, target)
    const done = (mutation: string) => actor.run(`mutation ($m: ID!) { done: ${mutation} { message { id } } }`, { m: messageId })
    expect(await permissions(actor, room)).toEqual([])
    expect(await say(actor, room)).toBe('FORBIDDEN')
    expect(await say(actor, room, `Please, @${target.handle}`)).toBe('FORBIDDEN')
    expect(codeOf(await done('editMessage(input: { messageId: $m, content: "After" })'))).toBe('FORBIDDEN')
    expect(codeOf(await done('addReaction(input: { messageId: $m, emoji: "👍" })'))).toBe('FORBIDDEN')
    expect(await heads(room, actor, target)).toEqual(before)
    const read = 'query ($id: ID!) { room(id: $id) { messages(last: 5) { nodes { content } } } }'
    expect((await actor.run(read, { id: room.globalId })).data).toEqual({ room: { messages: { nodes: [{ content: 'Before' }] } } })
    expect(codeOf(await done('deleteMessage(input: { messageId: $m })'))).toBeUndefined()
    await act('unblockUser', ann, ben)
    expect(await permissions(actor, room)).toEqual(['POST', 'PIN', 'START_CALL', 'SCHEDULE_MEETING'])
    for (const content of ['Hello', `Hello @${target.handle}`]) expect(await say(actor, room, content)).toBeUndefined()
  })

  it('goes on in rooms that both are in, where neither mentions the other', async () => {
    const room = await aGroup(cid, ann, ben)
    await act('blockUser', ann, ben)
    const content = `Hello @${target.handle} and @${cid.handle}`
    expect(await say(actor, room, content)).toBeUndefined()
    const [message] = await domain.database.prisma.message.findMany({ where: { roomId: room.id }, include: { mentions: true } })
    expect(message!.mentions.map(({ userId }) => userId)).toEqual([cid.id])
    expect(codeOf(await add(cid, room, target))).toBeUndefined()
    await act('unblockUser', ann, ben)
    expect(await say(actor, room, content)).toBeUndefined()
    const last = await domain.database.prisma.message.findFirst({
      where: { roomId: room.id },
      orderBy: { seq: 'desc' },
      include: { mentions: true },
    })
    expect(last!.mentions.map(({ userId }) => userId).sort()).toEqual([target.id, cid.id].sort())
  })

  it('may add the other where they are already, which changes nothing', async () => {
    const room = await aGroup(actor, target)
    await act('blockUser', ann, ben)
    const before = await heads(room)
    expect((await add(actor, room, target)).data).toEqual({ addRoomMember: { room: { memberCount: 2 } } })
    expect(await heads(room)).toEqual(before)
  })
})

describe('the room of two', () => {
  it('opens again only when neither has blocked the other', async () => {
    const room = await aDirectRoom(ann, ben)
    for (const person of [ann, ben]) await act('blockUser', person, person === ann ? ben : ann)
    await act('unblockUser', ann, ben)
    for (const person of [ann, ben]) expect(await say(person, room)).toBe('FORBIDDEN')
    await act('unblockUser', ben, ann)
    for (const person of [ann, ben]) expect(await say(person, room)).toBeUndefined()
  })

  it('stays closed for who unblocks somebody whose account is closed', async () => {
    const room = await aDirectRoom(ann, ben)
    await act('blockUser', ann, ben)
    await domain.database.sql('update app_user set deleted_at = now() where id = $1', [ben.id])
    await act('unblockUser', ann, ben)
    expect(await permissions(ann, room)).toEqual([])
    expect(await say(ann, room)).toBe('FORBIDDEN')
  })

  it('is no other’s: what people say to third ones is not touched', async () => {
    const [withCid, bensWithCid] = [await aDirectRoom(ann, cid), await aDirectRoom(ben, cid)]
    await act('blockUser', ann, ben)
    expect(await say(ann, withCid)).toBeUndefined()
    expect(await say(ben, bensWithCid)).toBeUndefined()
    expect(codeOf(await create(cid, ann, ben))).toBeUndefined()
  })
})
